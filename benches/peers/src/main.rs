//! Stratosim's event queue and kernel against their peers, as Markdown tables.
//!
//! Method, figures and what follows from them: `benches/README.md`. Arguments select tables by name;
//! none means all.

mod allocations;
mod hold;
mod measure;
mod nexosim_peer;
mod phold;
mod queues;
mod request;
mod simcore_peer;
mod without_prefetch;
mod workload;

use measure::{case, head};
use workload::Increment;

fn hold_on_queues() {
    head("HOLD, bare queues (per pop and push)");
    for pending in [10, 1_000, 100_000, 1_000_000] {
        let variants = hold::queues(pending, Increment::Exponential);
        case(&format!("exponential, {pending}"), 3 * pending + 100_000, variants);
    }
    // Thirty times the number of pending events: the long increments take that to settle.
    case("bimodal, 100000", 3_000_000, hold::queues(100_000, Increment::Bimodal));
    case("constant, 100000", 300_000, hold::queues(100_000, Increment::Constant));
}

fn hold_in_engines() {
    head("HOLD, whole engines (per timer)");
    for pending in [1_000, 100_000, 1_000_000] {
        let mut variants = vec![hold::kernel(pending), simcore_peer::hold(pending)];
        if pending <= 100_000 {
            variants.push(nexosim_peer::hold(pending));
        }
        case(&format!("exponential, {pending}"), 3 * pending + 100_000, variants);
    }
}

fn phold() {
    head("PHOLD, whole engines (per message)");
    for entities in [1_000, 100_000, 1_000_000] {
        let mut variants = vec![phold::ours(entities), simcore_peer::phold(entities)];
        if entities <= 100_000 {
            variants.push(nexosim_peer::phold(entities));
        }
        case(&format!("{entities} entities"), 3 * u64::from(entities) + 100_000, variants);
    }
}

fn requests() {
    head("Requests with timeouts (per request)");
    for in_flight in [1_000, 100_000] {
        // Ten times the number in flight: the dead timeouts of lazy deletion stay for five seconds.
        let warm_up = 10 * u64::from(in_flight) + 100_000;
        case(&format!("{in_flight} in flight"), warm_up, request::variants(in_flight));
    }
}

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let tables: [(&str, fn()); 4] = [
        ("hold", hold_on_queues),
        ("engines", hold_in_engines),
        ("phold", phold),
        ("requests", requests),
    ];
    for (name, table) in tables {
        if wanted.is_empty() || wanted.iter().any(|wanted| wanted == name) {
            table();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Once the queue has reached its largest size.
    #[test]
    fn the_engine_allocates_nothing_per_event() {
        let variants = [
            hold::queues(1_000, Increment::Exponential).swap_remove(0),
            hold::kernel(1_000),
            phold::ours(1_000),
            request::variants(1_000).swap_remove(0),
        ];
        for mut variant in variants {
            assert_eq!(variant.allocations(10_000, 100_000), 0);
        }
    }
}
