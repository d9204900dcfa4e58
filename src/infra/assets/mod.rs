//! Assets: named quantities that nodes offer and services need.
//!
//! What a node offers now is its base until something changes it. What applications have booked of it is kept with
//! their placements ([`applications`](super::applications)); what else is held of cores, memory, storage and
//! accelerators - by jobs, instances and virtual machines - is asked of the systems that hold it, so that all mix.

mod view;

pub use view::AssetView;

use std::fmt;
use std::sync::Arc;

/// An asset by its number in the [`Catalogue`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssetId(pub u16);

impl AssetId {
    /// Cores, or parts of them.
    pub const CORES: AssetId = AssetId(0);
    /// Memory in bytes.
    pub const MEMORY_BYTES: AssetId = AssetId(1);
    /// Storage in bytes.
    pub const STORAGE_BYTES: AssetId = AssetId(2);
    /// Accelerators of any kind, or parts of them.
    pub const ACCELERATORS: AssetId = AssetId(3);
    /// Share of the time in which a node works.
    pub const AVAILABILITY: AssetId = AssetId(4);
    /// Time that a node adds to each request in seconds. Nothing is held to it.
    pub const PROCESSING_TIME_S: AssetId = AssetId(5);
    /// Architecture of the processors: a node has one, and a service takes any of those that it names.
    pub const ARCHITECTURE: AssetId = AssetId(6);

    /// Position in the catalogue.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// How the values of an asset add up on a node, and compare with what is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algebra {
    /// Consumed: the needs on a node sum up, and the sum must not exceed the offer.
    Additive,
    /// Multiplied along what is used together; each need must be met by the node it is placed on.
    Multiplicative,
    /// The greatest value counts: each need is the most that the node's value may be.
    Concave,
    /// The least value counts: each need is the least that the node's value may be.
    Convex,
    /// Labels: the node must have all that are needed.
    Symbolic,
}

impl Algebra {
    /// The value of several together; of labels there is none, which counts as 0.
    ///
    /// ```
    /// use stratosim::infra::assets::Algebra;
    /// let of = |algebra: Algebra| algebra.aggregate([0.5, 2.0, 4.0]);
    /// assert_eq!((of(Algebra::Additive), of(Algebra::Multiplicative)), (6.5, 4.0));
    /// assert_eq!((of(Algebra::Concave), of(Algebra::Convex)), (4.0, 0.5));
    /// ```
    #[must_use]
    pub fn aggregate(self, values: impl IntoIterator<Item = f64>) -> f64 {
        let values = values.into_iter();
        match self {
            Algebra::Additive => values.sum(),
            Algebra::Multiplicative => values.product(),
            Algebra::Concave => values.fold(f64::NEG_INFINITY, f64::max),
            Algebra::Convex => values.fold(f64::INFINITY, f64::min),
            Algebra::Symbolic => 0.0,
        }
    }

    /// What a node offers of which nothing is said: nothing, which is the worst value there is, even where less is
    /// better.
    #[must_use]
    pub const fn of_nothing(self) -> f64 {
        if matches!(self, Algebra::Concave) { f64::INFINITY } else { 0.0 }
    }

    /// Whether an offer meets a need. Offers that miss it by a rounding error meet it.
    #[must_use]
    pub fn meets(self, offered: f64, needed: f64) -> bool {
        match self {
            Algebra::Additive | Algebra::Multiplicative | Algebra::Convex => {
                needed <= offered + offered.abs() * HAIR
            }
            Algebra::Concave => offered <= needed + needed.abs() * HAIR,
            Algebra::Symbolic => true,
        }
    }
}

/// What rounding may make of an amount, as a share of it.
pub(super) const HAIR: f64 = 1e-9;

/// What an asset is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AssetSpec {
    /// Its name.
    pub name: String,
    /// Its unit; empty of labels.
    pub unit: String,
    /// How its values add up and compare.
    pub algebra: Algebra,
    /// Whether placements are held to it.
    pub checked: bool,
}

/// A label of a symbolic asset.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Label(Arc<str>);

impl From<&str> for Label {
    fn from(text: &str) -> Self {
        Label(text.into())
    }
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What the nodes of a class offer of an asset.
#[derive(Clone, Debug, PartialEq)]
pub enum Offered {
    /// So much of it, in its unit.
    Amount(f64),
    /// These labels.
    Labels(Vec<Label>),
}

/// All assets: the built-in ones, then the user's.
///
/// ```
/// use stratosim::infra::assets::{Algebra, AssetId, AssetSpec, Catalogue};
/// let mut catalogue = Catalogue::default();
/// let seats = AssetSpec {
///     name: "licence".into(), unit: "seats".into(), algebra: Algebra::Additive, checked: true,
/// };
/// assert_eq!(catalogue.add(seats), AssetId(7));
/// assert_eq!(catalogue.id("licence"), Some(AssetId(7)));
/// assert_eq!(catalogue.id("memory_bytes"), Some(AssetId::MEMORY_BYTES));
/// ```
#[derive(Clone, Debug)]
pub struct Catalogue {
    specs: Vec<AssetSpec>,
}

impl Default for Catalogue {
    fn default() -> Self {
        let built_in = [
            ("cores", "cores", Algebra::Additive, true),
            ("memory_bytes", "B", Algebra::Additive, true),
            ("storage_bytes", "B", Algebra::Additive, true),
            ("accelerators", "accelerators", Algebra::Additive, true),
            ("availability", "1", Algebra::Multiplicative, true),
            ("processing_time_s", "s", Algebra::Concave, false),
            ("architecture", "", Algebra::Symbolic, true),
        ];
        let spec = |(name, unit, algebra, checked): (&str, &str, Algebra, bool)| AssetSpec {
            name: name.into(),
            unit: unit.into(),
            algebra,
            checked,
        };
        Catalogue { specs: built_in.map(spec).into() }
    }
}

impl Catalogue {
    /// Adds an asset and returns its id; one of the name that is there already is replaced.
    pub fn add(&mut self, spec: AssetSpec) -> AssetId {
        match self.id(&spec.name) {
            Some(id) => {
                self.specs[id.index()] = spec;
                id
            }
            None => {
                self.specs.push(spec);
                AssetId(self.specs.len() as u16 - 1)
            }
        }
    }

    /// The asset of this name.
    #[must_use]
    pub fn id(&self, name: &str) -> Option<AssetId> {
        self.specs.iter().position(|spec| spec.name == name).map(|index| AssetId(index as u16))
    }

    /// What an asset is; `None` if there is none of this id.
    #[must_use]
    pub fn get(&self, asset: AssetId) -> Option<&AssetSpec> {
        self.specs.get(asset.index())
    }

    /// All assets, in order.
    pub fn iter(&self) -> impl Iterator<Item = (AssetId, &AssetSpec)> {
        (0..).map(AssetId).zip(&self.specs)
    }

    /// Number of assets.
    #[must_use]
    pub fn len(&self) -> usize {
        self.specs.len()
    }

    /// Whether there are none, which is never so.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.specs.is_empty()
    }
}

/// What nodes offer of assets that no other system keeps.
#[derive(Debug, Default)]
pub(super) struct AssetOffers {
    pub(super) catalogue: Catalogue,
    /// Base offers by class and asset.
    by_class: Vec<f64>,
    /// Offers by node and asset, once one has been set.
    by_node: Vec<f64>,
}

impl AssetOffers {
    /// The offers of classes of nodes.
    pub(super) fn new(catalogue: Catalogue, classes: &[super::NodeClass]) -> Self {
        let nothing: Vec<f64> = catalogue.specs.iter().map(|spec| spec.algebra.of_nothing()).collect();
        let mut by_class = nothing.repeat(classes.len());
        for (row, class) in by_class.chunks_exact_mut(catalogue.len()).zip(classes) {
            let counted: u32 = class.resources.accelerators.iter().map(|own| own.count).sum();
            let timed: u32 = class.accelerators.iter().map(|own| own.count).sum();
            row[AssetId::ACCELERATORS.index()] = f64::from(counted) + f64::from(timed);
            row[AssetId::AVAILABILITY.index()] = class.availability;
            row[AssetId::PROCESSING_TIME_S.index()] = class.processing_time_s;
            for (asset, offered) in &class.assets {
                if let (Some(own), Offered::Amount(amount)) = (row.get_mut(asset.index()), offered) {
                    *own = *amount;
                }
            }
        }
        AssetOffers { catalogue, by_class, by_node: Vec::new() }
    }
}
