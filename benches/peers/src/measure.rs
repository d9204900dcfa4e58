//! The method: variants interleaved over several sittings, CPU time of the thread.

use crate::allocations;
use rustix::time::{ClockId, clock_gettime};

/// One way of doing the work of a case.
pub struct Variant {
    name: &'static str,
    /// Continues the work for so many events and gives the simulated time in seconds.
    run: Box<dyn FnMut(u64) -> f64>,
}

impl Variant {
    pub fn new(name: &'static str, run: impl FnMut(u64) -> f64 + 'static) -> Self {
        Variant { name, run: Box::new(run) }
    }

    /// Allocations in `count` events after `warm_up` others.
    #[cfg(test)]
    pub fn allocations(&mut self, warm_up: u64, count: u64) -> u64 {
        (self.run)(warm_up);
        let before = allocations::count();
        (self.run)(count);
        allocations::count() - before
    }
}

const SITTINGS: usize = 9;

/// CPU time a sitting of one variant takes, about.
const SITTING_S: f64 = 0.1;

/// CPU time of this thread, in seconds: what others do on the machine counts only through the caches.
fn cpu_s() -> f64 {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 * 1e-9
}

/// What was measured of one variant.
struct Figures {
    /// CPU time of an event, of each sitting.
    ns: Vec<f64>,
    allocations: u64,
    events: u64,
}

/// Prints the head of a table of cases.
pub fn head(title: &str) {
    println!("\n### {title}\n");
    println!("| case | variant | ns, minimum | ns, median | ours / it | allocations |");
    println!("| --- | --- | ---: | ---: | ---: | ---: |");
}

/// Runs the variants in turn, [`SITTINGS`] times, and prints a row of a Markdown table for each. The first
/// variant is ours; ratios are ours over theirs, of the minima.
///
/// All variants are brought to the steady state by the same number of events, `warm_up`, after which
/// they must agree on the simulated time: they do the same work. Nearly, because where engines count
/// steps, NeXosim takes the events of one nanosecond in one step.
pub fn case(title: &str, warm_up: u64, mut variants: Vec<Variant>) {
    let mut reference_s = None;
    let mut counts = Vec::new();
    for variant in &mut variants {
        let before_s = cpu_s();
        let time_s = (variant.run)(warm_up);
        let each_s = (cpu_s() - before_s) / warm_up as f64;
        counts.push((SITTING_S / each_s) as u64 + 1);
        let expected_s = *reference_s.get_or_insert(time_s);
        assert!(
            (time_s - expected_s).abs() <= 1e-4 * expected_s,
            "{title}: {} is at {time_s} s, the first variant at {expected_s} s",
            variant.name
        );
    }
    let mut figures: Vec<_> =
        variants.iter().map(|_| Figures { ns: Vec::new(), allocations: 0, events: 0 }).collect();
    for _ in 0..SITTINGS {
        for ((variant, figures), &count) in variants.iter_mut().zip(&mut figures).zip(&counts) {
            // The caches hold another variant's data.
            (variant.run)(count / 10 + 1);
            let (before_s, before) = (cpu_s(), allocations::count());
            (variant.run)(count);
            figures.ns.push((cpu_s() - before_s) * 1e9 / count as f64);
            figures.allocations += allocations::count() - before;
            figures.events += count;
        }
    }
    let mut ours = None;
    for (variant, mut figures) in variants.iter().zip(figures) {
        figures.ns.sort_by(f64::total_cmp);
        let (minimum, median) = (figures.ns[0], figures.ns[figures.ns.len() / 2]);
        let ratio = *ours.get_or_insert(minimum) / minimum;
        let allocations = figures.allocations as f64 / figures.events as f64;
        println!(
            "| {title} | {} | {minimum:.0} | {median:.0} | {ratio:.2} | {allocations:.2} |",
            variant.name
        );
    }
}
