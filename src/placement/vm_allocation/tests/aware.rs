//! Policies that are aware of frequency and reliability, by hand.

use super::*;
use crate::energy::sla::{Contract, Penalty, ServiceLevel, uptime_promise};
use crate::energy::{FrequencySteps, JobClass, OperatingPoint, Performance};
use crate::engine::Distribution;
use crate::infra::{FaultTarget, FaultTimes, Reliability};
use crate::units::{Duration, Ratio};
use std::sync::Arc;

/// Two running hosts of 4 x 1000 MIPS. The steep one draws 100 to 300 W, and at half its clock 0.32 of what is above
/// idle; the flat one draws 100 to 200 W and has one clock.
fn steep_and_flat() -> Infrastructure {
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    let point = |ghz: f64, volt| OperatingPoint::new(ghz * 1e9, volt).unwrap();
    let steps =
        FrequencySteps::new(vec![point(1.0, 0.8), point(2.0, 1.0)], Performance::default()).unwrap();
    for (name, busy_w, frequency) in [("steep", 300.0, Some(steps)), ("flat", 200.0, None)] {
        let mut class = NodeClass::new(name, Tier::Cloud, 1).with_cores(4, 1000.0);
        class.power = LinearPower { idle_w: 100.0, busy_w }.into();
        class.frequency = frequency;
        builder.class(class, Box::new(Static::at(vec![Position::default()]).unwrap()));
    }
    let mut infrastructure = builder.build().unwrap();
    for node in 0..2 {
        infrastructure.add_host(NodeId(node), HostSpec::default(), SimTime::ZERO);
    }
    infrastructure
}

const STEEP: Option<HostId> = Some(HostId(0));
const FLAT: Option<HostId> = Some(HostId(1));

fn of_class(job_class: JobClass) -> VmSpec {
    VmSpec { job_class, ..VmSpec::new(1, 1000.0, Resources::default()) }
}

/// 800 MIPS on a core that gives 500 at the slow step, or 833 to work that is bound by memory. The first needs the
/// fast step: 40 W for it on the steep host, 20 W on the flat one. The other makes a load of 0.24 of the slow steep
/// one, for 200 * 0.24 * 0.32 = 15.4 W, and 20 W on the flat one.
#[test]
fn each_class_goes_where_its_step_is_cheap() {
    let infrastructure = steep_and_flat();
    let mut fleet = infrastructure.virtual_machines().fleet().clone();
    // Something that asks for nothing, so that idle power is charged to none.
    for host in fleet.hosts() {
        fleet.book(host, &of_class(JobClass::Compute), 0.0);
    }
    let choose = |policy: &mut FrequencyAware, fleet: &Fleet, class: JobClass| {
        ask(policy, &infrastructure, fleet, &of_class(class), 800.0)
    };
    let mut policy = FrequencyAware::default();
    assert_eq!(choose(&mut policy, &fleet, JobClass::Compute), FLAT);
    assert_eq!(choose(&mut policy, &fleet, JobClass::Memory), STEEP);
    // If half of what it asks for is enough, the slow step makes a load of 0.4 of compute-bound work and gives it 500
    // MIPS for 25.6 W: still more than 20 W for 800.
    let mut lax = FrequencyAware { min_share: Ratio::from_fraction(0.5), ..FrequencyAware::default() };
    assert_eq!(choose(&mut lax, &fleet, JobClass::Compute), FLAT);
    // A governor that always takes the fastest step makes them alike.
    let mut fast = FrequencyAware { governor: ExpectedStep::Performance, ..FrequencyAware::default() };
    assert_eq!(choose(&mut fast, &fleet, JobClass::Memory), FLAT);
    // One that always takes the slowest gives compute-bound work as little, wherever it is asked.
    let mut slow = FrequencyAware { governor: ExpectedStep::Powersave, ..FrequencyAware::default() };
    assert_eq!(choose(&mut slow, &fleet, JobClass::Memory), STEEP);
    assert_eq!(choose(&mut slow, &fleet, JobClass::Compute), FLAT);
    // With 1600 MIPS of compute-bound work there the steep host runs fast anyway: 40 W for what is 20 W elsewhere.
    fleet.book(HostId(0), &of_class(JobClass::Compute), 1600.0);
    assert_eq!(choose(&mut policy, &fleet, JobClass::Memory), FLAT);
    // With 2200 on the flat one it would be at 0.75 there and is left out, as long as the other is at 0.6.
    fleet.book(HostId(1), &of_class(JobClass::Compute), 2200.0);
    assert_eq!(choose(&mut policy, &fleet, JobClass::Memory), STEEP);
    // At 0.8 and 0.75 the less loaded takes it.
    fleet.book(HostId(0), &of_class(JobClass::Compute), 800.0);
    assert_eq!(choose(&mut policy, &fleet, JobClass::Memory), FLAT);
    // Neither has room for 800 more of 4000.
    fleet.book(HostId(0), &of_class(JobClass::Compute), 801.0);
    fleet.book(HostId(1), &of_class(JobClass::Compute), 1001.0);
    assert_eq!(choose(&mut policy, &fleet, JobClass::Memory), None);
}

/// The cheap host draws 120 W more with 1000 of its 2000 MIPS than asleep and works nine hours of ten; the other one
/// draws 195 W more and never fails. At 0.20 for a kWh they cost 0.024 and 0.039 an hour.
#[test]
fn tight_contracts_go_to_reliable_hosts() {
    let mut builder = InfraBuilder::new(RandomStreams::new(1));
    for (name, busy_w) in [("cheap", 150.0), ("reliable", 300.0)] {
        let mut class = NodeClass::new(name, Tier::Cloud, 1).with_cores(2, 1000.0);
        class.power = LinearPower { idle_w: 100.0, busy_w }.into();
        class.power.sleep_w = 5.0;
        builder.class(class, Box::new(Static::at(vec![Position::default()]).unwrap()));
    }
    let hours = |hours: f64| Distribution::exponential(hours * 3600.0).unwrap();
    let times = FaultTimes::Drawn { time_to_failure_s: hours(90.0), time_to_repair_s: hours(10.0) };
    builder.fault(FaultTarget::Node(NodeId(0)), times);
    // What is foreseen by no one.
    builder.fault(FaultTarget::Node(NodeId(1)), FaultTimes::Given(vec![SimTime::from_secs(1.0)]));
    let mut infrastructure = builder.build().unwrap();
    for node in 0..2 {
        infrastructure.add_host(NodeId(node), HostSpec::default(), SimTime::ZERO);
    }
    let fleet = infrastructure.virtual_machines().fleet();
    assert!((fleet.reliability()[0].availability - 0.9).abs() < 1e-12);
    assert_eq!(fleet.reliability()[1], Reliability::default());
    let priced =
        |price_per_hour: f64| Contract::new(price_per_hour / 3600.0, Penalty::Full { factor: 1.0 });
    let choose = |policy: &mut ReliabilityAware, contract: Option<Contract>| {
        let sla = contract.map(|contract| Arc::new(ServiceLevel::new(contract)));
        let spec = VmSpec { sla, ..VmSpec::new(2, 500.0, Resources::default()) };
        ask(policy, &infrastructure, fleet, &spec, 1000.0)
    };
    let (cheap, reliable) = (Some(HostId(0)), Some(HostId(1)));
    let mut policy = ReliabilityAware { energy_price_per_kwh: 0.20, restart: None };
    assert_eq!(choose(&mut policy, None), cheap);
    // A tenth of the time costs 0.014 or 0.016 an hour, of the 0.015 that the other one costs more.
    assert_eq!(choose(&mut policy, Some(priced(0.14))), cheap);
    assert_eq!(choose(&mut policy, Some(priced(0.16))), reliable);
    // Started again within an hour, it is out of service for one hour of a hundred.
    let mut soon = ReliabilityAware { restart: Some(Duration::from_secs(3600.0)), ..policy.clone() };
    assert_eq!(choose(&mut soon, Some(priced(0.16))), cheap);
    assert_eq!(choose(&mut soon, Some(priced(1.6))), reliable);
    // At 90 % of uptime all of the price is given back, here 0.02; at most a half of it if that is the cap.
    let mut promised = Contract::new(0.02 / 3600.0, Penalty::None);
    promised.uptime = uptime_promise("aws_ec2_instance").cloned();
    assert_eq!(choose(&mut policy, Some(promised.clone())), reliable);
    promised.cap_share = Some(0.5);
    assert_eq!(choose(&mut policy, Some(promised)), cheap);
}
