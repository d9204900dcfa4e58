//! Perturbations: from the format to the infrastructure.

mod changes;
mod replay;

use super::{NodeDirectory, access_point_nodes};
use crate::engine::{SimDuration, SimTime};
use crate::infra::assets::{Algebra, AssetId, AssetSpec};
use crate::infra::dynamics::{Amount, Attribute, PerturbationSpec, Subject, SubjectKind, Timetable};
use crate::infra::{InfraBuilder, LinkId, NodeId};
use crate::scenario::format::{
    AmountSpec, AttributeSpec, ChangeSpec, DynamicsSpec, GroupBy, Names, Scenario, ScheduleSpec,
};
use crate::scenario::{DataRate, DataSize, Duration, Energy, Power, QuantityKind, Site};
use crate::world::WorldBuilder;
use std::collections::{BTreeMap, BTreeSet};

/// Least step of a timetable in nanoseconds.
const LEAST_STEP_NS: u64 = 1000;

/// What perturbations are built from.
struct Builder<'a> {
    scenario: &'a Scenario,
    directory: &'a NodeDirectory,
    infrastructure: &'a InfraBuilder,
    links: &'a BTreeMap<String, LinkId>,
    /// The radio of each access point.
    radios: BTreeMap<NodeId, LinkId>,
    /// The names of all perturbations.
    names: BTreeSet<&'a str>,
    /// The end of the run.
    horizon: SimTime,
}

/// Adds the perturbations of a scenario; errors go to `site`.
pub(super) fn add_perturbations(
    world: &mut WorldBuilder,
    scenario: &Scenario,
    directory: &NodeDirectory,
    links: &BTreeMap<String, LinkId>,
    site: &Site<'_>,
) {
    if scenario.dynamics.is_empty() {
        return;
    }
    let mut names = BTreeSet::new();
    for (index, spec) in scenario.dynamics.iter().enumerate() {
        if let Some(name) = &spec.name
            && !names.insert(name.as_str())
        {
            site.key("dynamics").index(index).key("name").error_with_help(
                format!("another perturbation has the name {name:?}"),
                "give each a name of its own, or none",
            );
        }
    }
    let radios = access_point_nodes(scenario, directory).zip((0..).map(LinkId)).collect();
    let builder = Builder {
        scenario,
        directory,
        infrastructure: world.built(),
        links,
        radios,
        names,
        horizon: world.horizon(),
    };
    let mut made = Vec::new();
    for (index, spec) in scenario.dynamics.iter().enumerate() {
        let here = site.key("dynamics").index(index);
        made.extend(builder.perturbation(spec, index, &here));
    }
    for spec in made {
        world.perturb(spec);
    }
}

/// The quantity that the values of an attribute are; `None` of plain numbers.
fn quantity(attribute: Attribute) -> Option<&'static QuantityKind> {
    match attribute.unit() {
        "s" => Some(&Duration::KIND),
        "bit/s" => Some(&DataRate::KIND),
        "B" => Some(&DataSize::KIND),
        "J" => Some(&Energy::KIND),
        "W" => Some(&Power::KIND),
        _ => None,
    }
}

/// An amount of an attribute; errors go to `site`.
fn amount(spec: &AmountSpec, attribute: Attribute, site: &Site<'_>) -> Option<Amount> {
    let text = match spec {
        AmountSpec::Number(value) => return Some(Amount::Absolute(*value)),
        AmountSpec::Text(text) => text.trim(),
    };
    if let Some(share) = text.strip_suffix('%') {
        let Ok(percent) = share.trim().parse::<f64>() else {
            site.error(format!("{text:?} is no share of the base; write for example \"20 %\""));
            return None;
        };
        return Some(Amount::Relative(percent / 100.0));
    }
    // A quantity cannot be negative, but an impulse can go down.
    let (sign, size) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
    match quantity(attribute) {
        Some(kind) => site.check(kind.parse(size)).map(|value| Amount::Absolute(sign * value)),
        None => match text.parse::<f64>() {
            Ok(value) if value.is_finite() => Some(Amount::Absolute(value)),
            _ => {
                site.error(format!(
                    "{text:?} is no amount of {}; write a number, or a share of the base such as \"20 %\"",
                    attribute.name()
                ));
                None
            }
        },
    }
}

fn time(duration: Duration) -> SimTime {
    SimTime::from_secs(duration.as_secs())
}

fn span(duration: Duration) -> SimDuration {
    SimDuration::from_secs(duration.as_secs())
}

/// The timetable of a schedule; errors go to `site`.
fn timetable(spec: &ScheduleSpec, horizon: SimTime, site: &Site<'_>) -> Option<Timetable> {
    let mut table = Timetable::at(spec.at.iter().copied().map(time));
    table.every = spec.every.map(span);
    table.after = time(spec.after);
    for (index, window) in spec.between.iter().enumerate() {
        if window.to < window.from {
            site.key("between").index(index).error("a window must not end before it begins");
        }
        table.windows.push((time(window.from), time(window.to)));
    }
    // Nothing is looked for beyond the end of the run.
    table.until = spec.until.map_or(horizon, time).min(horizon);
    table.repeat = spec.repeat.unwrap_or(u64::MAX);
    table.cooldown = span(spec.cooldown);
    table.jitter = spec.jitter.as_fraction();
    table.probability = spec.probability.as_fraction();
    if table.probability == 0.0 {
        site.key("probability")
            .error("a perturbation that never acts changes nothing; it must be above 0");
    }
    let least = SimDuration::from_nanos(LEAST_STEP_NS);
    if table.every.is_some_and(|every| every > SimDuration::ZERO && every < least) {
        site.key("every").error("steps of less than 1 us would never come to an end");
    }
    if let Err(error) = table.check() {
        site.key(error.parameter).error(error.to_string());
        return None;
    }
    Some(table)
}

/// Whether a change knows its own instants.
fn has_own_times(change: &ChangeSpec) -> bool {
    use crate::scenario::format::ReplayInterpolation;
    match change {
        ChangeSpec::Churn { .. } => true,
        ChangeSpec::Replay(spec) => spec.interpolation == ReplayInterpolation::Step,
        ChangeSpec::AllOf { changes } => changes.iter().all(has_own_times),
        _ => false,
    }
}

impl Builder<'_> {
    fn perturbation(
        &self,
        spec: &DynamicsSpec,
        index: usize,
        site: &Site<'_>,
    ) -> Option<PerturbationSpec> {
        let attribute = self.attribute(&spec.attribute, &site.key("attribute"))?;
        let table = timetable(&spec.schedule, self.horizon, &site.key("schedule"))?;
        let is_never = table.every.is_none() && table.at.is_empty();
        if is_never && !has_own_times(&spec.change) {
            site.key("schedule").error_with_help(
                "neither `every` nor `at` says when it acts",
                "give for example \"schedule\": { \"every\": \"1 s\" }",
            );
        }
        self.check_fit(&spec.change, attribute, &site.key("change"));
        let subjects = match &spec.change {
            ChangeSpec::NetworkPartition { groups, .. } => self.partition(spec, groups, site)?,
            _ => self.subjects(spec, attribute, site)?,
        };
        if subjects.is_empty() && site.is_clean() {
            site.error("it selects nothing that could change");
        }
        if spec.share.as_fraction() == 0.0 {
            site.key("share")
                .error("a share of 0 selects nothing that could change; it must be above 0");
        }
        let groups = self.groups(spec, &subjects, site);
        let change = self.change(&spec.change, attribute, &subjects, &site.key("change"))?;
        let bound = |own: &Option<AmountSpec>, key: &str| {
            own.as_ref().and_then(|own| amount(own, attribute, &site.key(key)))
        };
        let bounds = (bound(&spec.min, "min"), bound(&spec.max, "max"));
        if let (Some(low), Some(high)) = bounds {
            self.check_bounds(low, high, attribute, &subjects, &site.key("min"));
        }
        Some(PerturbationSpec {
            name: spec.name.clone().unwrap_or_else(|| index.to_string()),
            attribute,
            subjects,
            groups,
            share: spec.share.as_fraction(),
            timetable: table,
            change,
            bounds,
        })
    }

    /// Tells of bounds that nothing is between.
    fn check_bounds(
        &self,
        low: Amount,
        high: Amount,
        attribute: Attribute,
        subjects: &[Subject],
        site: &Site<'_>,
    ) {
        let contradicts = match (low, high) {
            (Amount::Absolute(low), Amount::Absolute(high))
            | (Amount::Relative(low), Amount::Relative(high)) => low > high,
            _ => {
                let bases = subjects.iter().filter_map(|own| self.base(attribute, own));
                bases.into_iter().any(|base| low.of(base) > high.of(base))
            }
        };
        if contradicts {
            site.error_with_help(
                "`min` is above `max`, so that no value is within both",
                "of a value that moves `min` is the least, and `max` the greatest",
            );
        }
    }

    /// The value of an attribute at the start, where the description tells it.
    fn base(&self, attribute: Attribute, subject: &Subject) -> Option<f64> {
        match *subject {
            Subject::Node(node) => {
                let class = self.infrastructure.class_of(node)?;
                match attribute {
                    Attribute::Cores => Some(f64::from(class.cores)),
                    Attribute::Memory => Some(class.resources.memory_bytes),
                    Attribute::Storage => Some(class.resources.storage_bytes),
                    Attribute::Speed | Attribute::Availability => Some(1.0),
                    _ => None,
                }
            }
            Subject::Link(link) => {
                let (_, own) = self.infrastructure.links().find(|(id, _)| *id == link)?;
                match attribute {
                    Attribute::Latency => Some(own.latency.as_secs()),
                    Attribute::Bandwidth => Some(own.bandwidth_bps),
                    Attribute::Availability => Some(1.0),
                    _ => None,
                }
            }
        }
    }

    /// What is changed; errors go to `site`.
    fn attribute(&self, spec: &AttributeSpec, site: &Site<'_>) -> Option<Attribute> {
        let name = match spec {
            AttributeSpec::Named(name) => return Some(Attribute::from(*name)),
            AttributeSpec::Asset(own) => own.asset.as_str(),
        };
        let here = site.key("asset");
        let assets = self.infrastructure.assets();
        let Some(asset) = assets.id(name) else {
            let changes = |(id, own): &(AssetId, &AssetSpec)| {
                *id >= AssetId::ACCELERATORS && own.algebra != Algebra::Symbolic
            };
            let known: Vec<&str> =
                assets.iter().filter(changes).map(|(_, own)| own.name.as_str()).collect();
            here.unknown("asset", name, known.into_iter());
            return None;
        };
        if asset < AssetId::ACCELERATORS {
            let instead = name.split('_').next().unwrap_or_default();
            let help = format!("write \"attribute\": {instead:?}");
            here.error_with_help(format!("{name} is an attribute by itself"), help);
            return None;
        }
        if assets.get(asset).is_some_and(|own| own.algebra == Algebra::Symbolic) {
            here.error(format!("{name:?} is of labels, which do not change"));
            return None;
        }
        Some(Attribute::Asset(asset))
    }

    /// What a perturbation selects; errors go to `site`.
    fn subjects(
        &self,
        spec: &DynamicsSpec,
        attribute: Attribute,
        site: &Site<'_>,
    ) -> Option<Vec<Subject>> {
        let kind = attribute.subjects();
        let mut found: Vec<Subject> = Vec::new();
        let selects_nodes = spec.nodes.is_some() || !spec.tiers.is_empty();
        let selects_links = spec.links.is_some() || spec.between.is_some();
        if !selects_nodes && !selects_links && spec.cells.is_none() {
            site.error("none of `nodes`, `tiers`, `links`, `between` and `cells` says what changes");
            return None;
        }
        let wrong = |key: &str, what: &str, instead: &str| {
            site.key(key).error_with_help(
                format!("{} has no {}", what, attribute.name()),
                format!("select {instead} instead, or change another attribute"),
            );
        };
        if selects_nodes && !matches!(kind, SubjectKind::Node | SubjectKind::Any) {
            let instead = if kind == SubjectKind::Cell { "`cells`" } else { "`links` or `cells`" };
            wrong(if spec.nodes.is_some() { "nodes" } else { "tiers" }, "a node", instead);
        }
        if selects_links && !matches!(kind, SubjectKind::Link | SubjectKind::Any) {
            let instead = if kind == SubjectKind::Cell { "`cells`" } else { "`nodes` or `tiers`" };
            wrong(if spec.links.is_some() { "links" } else { "between" }, "a link", instead);
        }
        if spec.cells.is_some() && kind == SubjectKind::Node {
            wrong("cells", "a cell", "`nodes` or `tiers`");
        }
        if let Some(names) = &spec.nodes {
            let nodes = self.directory.nodes(names, &site.key("nodes")).unwrap_or_default();
            found.extend(nodes.into_iter().map(Subject::Node));
        }
        for &tier in &spec.tiers {
            found.extend(self.directory.of_tier(tier.into()).map(Subject::Node));
        }
        if let Some(names) = &spec.links {
            found.extend(self.links_named(names, &site.key("links")).into_iter().map(Subject::Link));
        }
        if let Some((a, b)) = &spec.between {
            let here = site.key("between");
            let [a, b] = [(a, 0), (b, 1)].map(|(names, at)| {
                let nodes = self.directory.nodes(names, &here.index(at)).unwrap_or_default();
                nodes.into_iter().collect::<BTreeSet<_>>()
            });
            let joins = |x: &NodeId, y: &NodeId| a.contains(x) && b.contains(y);
            let own = self.infrastructure.links();
            let own = own.filter(|(_, link)| joins(&link.a, &link.b) || joins(&link.b, &link.a));
            let before = found.len();
            found.extend(own.map(|(id, _)| Subject::Link(id)));
            if found.len() == before && site.is_clean() {
                here.error("no link leads from one of the first to one of the second");
            }
        }
        if let Some(names) = &spec.cells {
            let here = site.key("cells");
            for node in self.directory.nodes(names, &here).unwrap_or_default() {
                match self.radios.get(&node) {
                    Some(&radio) => found.push(Subject::Link(radio)),
                    None => {
                        here.error(format!("{:?} is no access point", self.directory.name(node)));
                        break;
                    }
                }
            }
        }
        let mut seen = BTreeSet::new();
        found.retain(|subject| seen.insert(*subject));
        self.check_subjects(attribute, &found, site);
        Some(found)
    }

    /// Links whose names fit one of these patterns.
    fn links_named(&self, names: &Names, site: &Site<'_>) -> Vec<LinkId> {
        let mut found = Vec::new();
        for (index, name) in names.iter().enumerate() {
            let here = if matches!(names, Names::One(_)) { site.clone() } else { site.index(index) };
            if let Some(&link) = self.links.get(name) {
                found.push(link);
                continue;
            }
            let before = found.len();
            if name.contains(['*', '?'])
                && let Some(pattern) = here.check(glob::Pattern::new(name))
            {
                let own = self.links.iter().filter(|(link, _)| pattern.matches(link));
                found.extend(own.map(|(_, link)| *link));
            }
            if found.len() == before {
                here.unknown("link", name, self.links.keys().map(String::as_str));
            }
        }
        // By number, not by name: `link-10` comes after `link-9`.
        found.sort_unstable();
        found
    }

    /// Tells of nodes that have no such attribute.
    fn check_subjects(&self, attribute: Attribute, subjects: &[Subject], site: &Site<'_>) {
        let mut told = BTreeSet::new();
        for subject in subjects {
            let Subject::Node(node) = *subject else { continue };
            let Some(class) = self.infrastructure.class_of(node) else { continue };
            let problem = match attribute {
                Attribute::Cores | Attribute::Speed if class.cores == 0 => "no cores",
                Attribute::Memory if class.instances.is_some() => "its memory divided into instances",
                Attribute::Storage if class.instances.is_some() => "its storage divided into instances",
                Attribute::Memory if !class.resources.memory_bytes.is_finite() => "memory without limit",
                Attribute::Storage if !class.resources.storage_bytes.is_finite() => {
                    "storage without limit"
                }
                Attribute::BatteryLevel | Attribute::BatteryCapacity if class.battery.is_none() => {
                    "no battery"
                }
                Attribute::ChargerPower
                    if class.battery.as_ref().is_none_or(|own| own.charger.is_none()) =>
                {
                    "no charger"
                }
                Attribute::Asset(AssetId::ACCELERATORS)
                    if class.resources.accelerators.is_empty() && class.accelerators.is_empty() =>
                {
                    "no accelerators"
                }
                Attribute::Asset(asset)
                    if asset > AssetId::ARCHITECTURE
                        && !class.assets.iter().any(|(own, _)| *own == asset) =>
                {
                    "none to offer"
                }
                _ => continue,
            };
            if told.insert(class.name.clone()) {
                site.key("attribute").error(format!(
                    "{} cannot change of {:?}: it has {problem}",
                    attribute.name(),
                    class.name
                ));
            }
        }
    }

    /// The links that part groups of nodes.
    fn partition(&self, spec: &DynamicsSpec, groups: &[Names], site: &Site<'_>) -> Option<Vec<Subject>> {
        let here = site.key("change").key("groups");
        let selected = [
            ("nodes", spec.nodes.is_some()),
            ("tiers", !spec.tiers.is_empty()),
            ("links", spec.links.is_some()),
            ("between", spec.between.is_some()),
            ("cells", spec.cells.is_some()),
        ];
        for (key, _) in selected.iter().filter(|(_, given)| *given) {
            site.key(key).error("a partition selects the links between its groups by itself");
        }
        let mut group_of: BTreeMap<NodeId, usize> = BTreeMap::new();
        for (index, names) in groups.iter().enumerate() {
            for node in self.directory.nodes(names, &here.index(index))? {
                if group_of.insert(node, index).is_some_and(|other| other != index) {
                    here.index(index)
                        .error(format!("{:?} is in another group already", self.directory.name(node)));
                    return None;
                }
            }
        }
        let alone = groups.len() == 1;
        let cut = self.infrastructure.links().filter(|(_, link)| {
            let [a, b] = [link.a, link.b].map(|node| group_of.get(&node));
            a != b && (alone || (a.is_some() && b.is_some()))
        });
        Some(cut.map(|(id, _)| Subject::Link(id)).collect())
    }

    /// The group of each subject.
    fn groups(&self, spec: &DynamicsSpec, subjects: &[Subject], site: &Site<'_>) -> Vec<u32> {
        let is_correlated = matches!(spec.change, ChangeSpec::CorrelatedFailure { .. });
        let Some(by) = spec.group_by else {
            if is_correlated {
                site.error_with_help(
                    "`group_by` does not say what fails together",
                    "give \"group_by\": \"all\", \"class\", \"tier\" or \"site\"",
                );
            }
            return Vec::new();
        };
        let here = site.key("group_by");
        if !is_correlated {
            here.error_with_help(
                "this change strikes each by itself",
                "choose \"kind\": \"correlated_failure\", or leave `group_by` out",
            );
        }
        if by != GroupBy::All && subjects.iter().any(|own| matches!(own, Subject::Link(_))) {
            here.error("links can be grouped by \"all\" only");
        }
        let mut site_of: BTreeMap<NodeId, u32> = BTreeMap::new();
        if by == GroupBy::Site {
            if self.scenario.sites.is_empty() {
                here.error("there are no sites");
            }
            for (number, (_, nodes)) in (0..).zip(self.infrastructure.sites()) {
                site_of.extend(nodes.iter().map(|&node| (node, number)));
            }
        }
        let group = |index: usize, subject: &Subject| {
            let Subject::Node(node) = *subject else { return 0 };
            match by {
                GroupBy::All => 0,
                GroupBy::Tier => self.directory.tier(node) as u32,
                GroupBy::Class => {
                    let own = |(_, entry): &(String, super::directory::ClassEntry)| {
                        (entry.first..entry.first + entry.count).contains(&node.0)
                    };
                    self.directory.classes.iter().position(own).unwrap_or(0) as u32
                }
                // Those of no site are counted after all sites.
                GroupBy::Site => {
                    let beyond = (self.scenario.sites.len() + index) as u32;
                    site_of.get(&node).copied().unwrap_or(beyond)
                }
            }
        };
        subjects.iter().enumerate().map(|(index, subject)| group(index, subject)).collect()
    }
}
