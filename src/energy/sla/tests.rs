use super::*;
use proptest::prelude::*;

fn interval(span_s: f64, agreed: f64, delivered: f64, cause: ViolationCause) -> SlaInterval {
    SlaInterval { span_s, agreed, delivered, cause: Some(cause) }
}

/// An hour: 10 minutes of overload at 80 %, then at 50 %, a minute of migration at 90 %, good for 30 minutes, 9
/// minutes of crash, and the rest good.
fn hour() -> [SlaInterval; 6] {
    use ViolationCause::{Crash, Migration, Overload};
    let good = |span_s| SlaInterval { span_s, agreed: 1000.0, delivered: 1000.0, cause: None };
    [
        interval(600.0, 1000.0, 800.0, Overload),
        interval(60.0, 1000.0, 500.0, Overload),
        interval(60.0, 1000.0, 900.0, Migration),
        good(1800.0),
        interval(540.0, 1000.0, 0.0, Crash),
        good(540.0),
    ]
}

#[track_caller]
fn near(found: f64, expected: f64) {
    assert!((found - expected).abs() < 1e-12 * expected.abs().max(1.0), "{found} against {expected}");
}

#[test]
fn each_kind_of_penalty_by_hand() {
    let price_per_s = 0.36 / 3600.0;
    let owed = |penalty: Penalty| Contract::new(price_per_s, penalty).penalties(hour());
    // Two intervals of overload in a row are one violation.
    assert_eq!(owed(Penalty::Fixed { amount: 2.0 }).by_cause, [2.0, 2.0, 2.0]);
    let full = owed(Penalty::Full { factor: 3.0 });
    for (found, span_s) in full.by_cause.iter().zip([660.0, 60.0, 540.0]) {
        near(*found, 3.0 * price_per_s * span_s);
    }
    // Delays of 0.2 * 600 + 0.5 * 60, 0.1 * 60 and 540 s.
    let proportional = owed(Penalty::Proportional { factor: 1.0 });
    for (found, delay_s) in proportional.by_cause.iter().zip([150.0, 6.0, 540.0]) {
        near(*found, price_per_s * delay_s);
    }
    let delay = owed(Penalty::DelayDependent { rate_per_s: 0.01, grace_s: 10.0 });
    for (found, expected) in delay.by_cause.iter().zip([1.4, 0.0, 5.3]) {
        near(*found, expected);
    }
    let quadratic = owed(Penalty::Quadratic { rate: 1e-6 });
    for (found, expected) in quadratic.by_cause.iter().zip([24.0 + 15.0, 0.6, 540.0]) {
        near(*found, expected);
    }
    assert_eq!(owed(Penalty::None).total, 0.0);
    near(owed(Penalty::None).bill, 0.36);
}

#[test]
fn a_cap_holds_for_all_together() {
    let mut contract = Contract::new(0.36 / 3600.0, Penalty::Fixed { amount: 0.1 });
    near(contract.penalties(hour()).total, 0.3);
    contract.cap_share = Some(0.5);
    near(contract.penalties(hour()).total, 0.18);
    // 85 % of the hour in service is below 95 %: all of the bill, before the cap.
    contract.uptime = uptime_promise("gcp_compute_instance").cloned();
    let owed = contract.penalties(hour());
    near(owed.for_uptime, 0.36);
    near(owed.total, 0.18);
    contract.cap_share = None;
    near(contract.penalties(hour()).total, 0.66);
    assert_eq!(contract.penalties([]).total, 0.0);
}

#[test]
fn the_contract_of_the_extension_of_cloudsim() {
    // A VM of 2 GB and one core, priority 2, a slot of 10 s at 60 % of what it asked for.
    let price_per_s = vm_price_usd_per_h(1, 2.0 * 1024.0 * 1024.0 * 1024.0) / 3600.0;
    near(price_per_s, 0.0496 / 3600.0);
    let slot = [interval(10.0, 1500.0, 900.0, ViolationCause::Overload)];
    near(Contract::ext_cloud_sim(price_per_s, 2.0, false).penalties(slot).total, 20.0 * price_per_s);
    near(Contract::ext_cloud_sim(price_per_s, 2.0, true).penalties(slot).total, 8.0 * price_per_s);
    // A migration of 870 MB takes 7 slots, each of which counts in full.
    let migration = [interval(70.0, 1500.0, 1350.0, ViolationCause::Migration)];
    near(
        Contract::ext_cloud_sim(price_per_s, 2.0, true).penalties(migration).total,
        140.0 * price_per_s,
    );
}

#[test]
fn prices_of_all_sizes() {
    let gib = 1024.0 * 1024.0 * 1024.0;
    let found = [0.25, 0.75, 1.5, 3.0, 6.0].map(|memory| vm_price_usd_per_h(2, memory * gib));
    assert_eq!(found, [0.0062, 0.0124, 0.0248, 0.0496, 0.0992]);
    assert_eq!([3, 4].map(|cores| vm_price_usd_per_h(cores, gib)), [0.1984, 0.1984]);
    assert_eq!([vm_price_usd_per_h(8, gib), vm_price_usd_per_h(4, 16.0 * gib)], [0.3968, 0.3968]);
    assert_eq!(vm_price_usd_per_h(9, gib), 0.896);
}

#[test]
fn metrics_by_hand() {
    let mut one = ServiceRecord::default();
    hour().iter().for_each(|interval| one.add(interval));
    // Never violated, half as large.
    let mut two = ServiceRecord::default();
    two.add(&SlaInterval { span_s: 3600.0, agreed: 500.0, delivered: 700.0, cause: None });
    assert_eq!(one.violated_s, [660.0, 60.0, 540.0]);
    assert_eq!(one.missing, [150e3, 6e3, 540e3]);
    near(one.availability(), 0.85);
    let hosts = [
        HostRecord { active_s: 3600.0, full_s: 660.0 },
        HostRecord { active_s: 1800.0, full_s: 0.0 },
        HostRecord::default(),
    ];
    let metrics = SlaMetrics::new([&one, &two], &hosts, 0.5);
    near(metrics.slatah, 660.0 / 3600.0 / 2.0);
    near(metrics.pdm, 6e3 / 3.6e6 / 2.0);
    near(metrics.slav, metrics.slatah * metrics.pdm);
    near(metrics.esv, 0.5 * metrics.slav);
    near(metrics.overall_violation, 696e3 / 5.4e6);
    near(metrics.average_violation, (0.2 + 0.5 + 0.1 + 1.0) / 4.0);
    near(metrics.availability, 0.925);
    let none = SlaMetrics::new([], [], 1.0);
    assert_eq!((none.slav, none.overall_violation, none.availability), (0.0, 0.0, 1.0));
}

#[test]
fn a_host_is_full_at_all_of_its_capacity() {
    let mut host = HostRecord::default();
    host.add(10.0, 1.0);
    host.add(20.0, 0.999);
    host.add(5.0, 1.2);
    assert_eq!(host, HostRecord { active_s: 35.0, full_s: 15.0 });
}

#[test]
fn minutes_of_downtime_in_thirty_days() {
    let minutes = |commitment: f64| {
        let promise = uptime_promises().iter().find(|promise| promise.commitment == commitment);
        promise.map(|promise| promise.downtime_s(30.0 * 86_400.0) / 60.0)
    };
    for (commitment, published) in
        [(0.9999, 4.3), (0.9995, 21.6), (0.999, 43.2), (0.995, 216.0), (0.95, 2160.0)]
    {
        let found = minutes(commitment).unwrap();
        assert!((found - published).abs() <= 0.05, "{commitment}: {found}");
    }
}

#[test]
fn credits_of_all_promises() {
    let credits = |name: &str, uptimes: [f64; 4]| {
        let promise = uptime_promise(name).unwrap();
        assert_eq!(promise.credit(promise.commitment), 0.0);
        uptimes.map(|uptime| promise.credit(uptime))
    };
    assert_eq!(credits("aws_ec2_region", [0.99995, 0.9998, 0.98, 0.9]), [0.0, 0.1, 0.3, 1.0]);
    assert_eq!(credits("aws_ec2_instance", [0.996, 0.994, 0.98, 0.9]), [0.0, 0.1, 0.3, 1.0]);
    assert_eq!(credits("azure_vm_set", [0.9996, 0.9994, 0.98, 0.9]), [0.0, 0.1, 0.25, 1.0]);
    assert_eq!(credits("azure_vm_hdd", [0.96, 0.94, 0.91, 0.89]), [0.0, 0.1, 0.25, 1.0]);
    for promise in uptime_promises() {
        let rising = promise.tiers.windows(2).all(|pair| pair[0].0 > pair[1].0 && pair[0].1 < pair[1].1);
        assert!(rising && promise.tiers[0].0 == promise.commitment, "{promise:?}");
        assert_eq!(uptime_promise(&promise.name), Some(promise));
    }
}

proptest! {
    /// Cutting intervals in two changes nothing but the number of what is averaged; no capped contract owes more
    /// than its bill; nothing is lost between agreed and delivered.
    #[test]
    fn penalties_do_not_depend_on_how_time_is_cut(
        spans in prop::collection::vec((0.1..100.0f64, 0.0..10.0f64, 0.0..12.0f64, 0..4usize, 0.0..1.0f64), 1..20),
        penalty in prop::sample::select(vec![
            Penalty::Fixed { amount: 1.0 },
            Penalty::DelayDependent { rate_per_s: 0.3, grace_s: 5.0 },
            Penalty::Full { factor: 2.0 },
            Penalty::Proportional { factor: 3.0 },
            Penalty::Quadratic { rate: 0.1 },
        ]),
    ) {
        let whole: Vec<SlaInterval> = spans
            .iter()
            .map(|&(span_s, agreed, delivered, cause, _)| {
                SlaInterval { span_s, agreed, delivered, cause: ViolationCause::ALL.get(cause).copied() }
            })
            .collect();
        let cut: Vec<SlaInterval> = whole
            .iter()
            .zip(&spans)
            .flat_map(|(interval, &(.., at))| {
                let first = interval.span_s * at;
                [first, interval.span_s - first].map(|span_s| SlaInterval { span_s, ..*interval })
            })
            .collect();
        let mut contract = Contract::new(0.5, penalty);
        let (one, other) = (contract.penalties(whole.clone()), contract.penalties(cut));
        for (one, other) in one.by_cause.iter().zip(other.by_cause) {
            prop_assert!((one - other).abs() < 1e-9 * one.abs().max(1.0), "{} {}", one, other);
        }
        contract.cap_share = Some(1.0);
        let capped = contract.penalties(whole.clone());
        prop_assert!(capped.total <= capped.bill * (1.0 + 1e-12));
        let mut record = ServiceRecord::default();
        whole.iter().for_each(|interval| record.add(interval));
        let missing: f64 = record.missing.iter().sum();
        prop_assert!((record.agreed - record.delivered - missing).abs() < 1e-9 * record.agreed.max(1.0));
    }
}

#[test]
fn an_hour_of_downtime_costs_what_the_contract_says() {
    let level = |penalty| ServiceLevel::new(Contract::new(0.36 / 3600.0, penalty));
    let cost = |penalty| level(penalty).hourly_downtime_cost(2000.0);
    assert_eq!(cost(Penalty::None), 0.0);
    assert_eq!(cost(Penalty::Fixed { amount: 7.0 }), 7.0);
    // 0.01 a second, the ten minutes that are free being used up.
    let late = Penalty::DelayDependent { rate_per_s: 0.01, grace_s: 600.0 };
    assert!((cost(late) - 36.0).abs() < 1e-12);
    // Nothing is delivered, so that the share is all of it.
    assert!((cost(Penalty::Full { factor: 2.0 }) - 0.72).abs() < 1e-12);
    assert!((cost(Penalty::Proportional { factor: 2.0 }) - 0.72).abs() < 1e-12);
    assert!((cost(Penalty::Quadratic { rate: 1e-9 }) - 1e-9 * 4e6 * 3600.0).abs() < 1e-12);
    // Half of it at an overload.
    let half = level(Penalty::Proportional { factor: 2.0 });
    assert!((half.hourly_cost(ViolationCause::Overload, 100.0, 50.0) - 0.36).abs() < 1e-12);
    assert_eq!(half.availability, None);
    let mut promised = half.contract;
    promised.uptime = uptime_promise("aws_ec2_instance").cloned();
    assert_eq!(ServiceLevel::new(promised).availability, Some(0.995));
}
