//! Assets that change.

use super::ground::{Ground, NODE, at, spec};
use super::secs;
use crate::engine::{Kernel, RandomStreams};
use crate::infra::assets::{Algebra, AssetId, AssetSpec, Label, Offered};
use crate::infra::dynamics::{Attribute, Change, Contribution, Tick, Trend, TrendKind};
use crate::infra::{InfraBuilder, NodeClass, NodeId, Position, Static, Tier};

/// Halves what is offered at its first instant, and gives it back at the second one.
#[derive(Debug, Default)]
struct HalfOnce {
    acts: u32,
}

impl Change for HalfOnce {
    fn act(&mut self, tick: &mut Tick<'_>) {
        self.acts += 1;
        tick.set(0, Contribution::factor(if self.acts == 1 { 0.5 } else { 1.0 }));
    }
}

fn asset(name: &str, algebra: Algebra) -> AssetSpec {
    AssetSpec { name: name.into(), unit: "1".into(), algebra, checked: true }
}

#[test]
fn assets_of_ones_own_and_figures_change_around_their_base() {
    let mut builder = InfraBuilder::new(RandomStreams::new(3));
    let licence = builder.asset(asset("licence", Algebra::Additive));
    let mut class = NodeClass::new("server", Tier::Edge, 2).with_cores(2, 1000.0);
    class.assets = vec![(licence, Offered::Amount(8.0))];
    class.availability = 0.9;
    builder.class(class, Box::new(Static::at(vec![Position::default(); 2]).unwrap()));
    let seats = Attribute::Asset(licence);
    builder.perturb(spec("seats", seats, NODE, at(&[1.0, 3.0]), HalfOnce::default()));
    // Above 1 is no availability.
    let figure = Attribute::Asset(AssetId::AVAILABILITY);
    builder.perturb(spec("figure", figure, NODE, at(&[2.0]), Trend::new(TrendKind::Scale(2.0))));
    let mut infrastructure = builder.build().unwrap();
    infrastructure.watch_offers();
    let (ended, changes) = (Vec::new(), Vec::new());
    let mut kernel = Kernel::new(Ground { infrastructure, ended, changes, told: 0 });
    kernel.model.infrastructure.start(&mut kernel.schedule);
    let offers = |kernel: &Kernel<Ground>, node: u32| {
        let assets = kernel.model.infrastructure.assets();
        [licence, AssetId::AVAILABILITY].map(|asset| assets.offer(NodeId(node), asset))
    };
    for (now, expected) in [(0.5, [8.0, 0.9]), (1.0, [4.0, 0.9]), (2.0, [4.0, 1.0]), (3.0, [8.0, 1.0])] {
        kernel.run_until(secs(now));
        assert_eq!(offers(&kernel, 0), expected, "at {now}");
        assert_eq!(offers(&kernel, 1), [8.0, 0.9], "the other node stays as it is");
    }
    // The figure takes no node away, and each instant is told once.
    assert!(kernel.model.infrastructure.node(NodeId(0)).is_available());
    assert_eq!(kernel.model.told, 3);
    let values: Vec<f64> = kernel.model.changes.iter().map(|(_, change)| change.value).collect();
    assert_eq!(values, [4.0, 1.0, 8.0]);
}

#[test]
fn labels_and_what_has_a_way_of_its_own_are_no_assets_that_change() {
    for changed in [AssetId::CORES, AssetId::MEMORY_BYTES, AssetId::ARCHITECTURE, AssetId(7), AssetId(8)]
    {
        let mut builder = InfraBuilder::new(RandomStreams::new(3));
        let zone = builder.asset(asset("zone", Algebra::Symbolic));
        let mut class = NodeClass::new("server", Tier::Edge, 1);
        class.assets = vec![(zone, Offered::Labels(vec![Label::from("north")]))];
        builder.class(class, Box::new(Static::at(vec![Position::default()]).unwrap()));
        let attribute = Attribute::Asset(changed);
        builder.perturb(spec("p", attribute, NODE, at(&[1.0]), HalfOnce::default()));
        let told = builder.build().unwrap_err().to_string();
        assert_eq!(told, "perturbation p: server has no asset that could change", "{changed:?}");
    }
}
