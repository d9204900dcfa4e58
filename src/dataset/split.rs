//! Training, validation and test, without leaks between them.

use super::DatasetError;
use super::format::{DatasetSpec, EntitySplit, PartNames, SharesSpec, SplitSpec, TimeSplit};
use super::sources::Run;
use super::windows::Sample;
use crate::engine::{RandomStreams, SimTime};
use crate::scenario::{Diagnostics, Document, Site};
use rand::Rng;
use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path as FilePath;
use xxhash_rust::xxh3::xxh3_64;

/// A part of a dataset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Train,
    Validation,
    Test,
}

impl Part {
    pub(super) const ALL: [Part; 3] = [Part::Train, Part::Validation, Part::Test];

    pub(super) fn name(self) -> &'static str {
        match self {
            Part::Train => "train",
            Part::Validation => "validation",
            Part::Test => "test",
        }
    }
}

/// The name of the streams from which parts are drawn.
const STREAM: &str = "dataset/split";

/// Where samples belong.
#[derive(Clone, Debug)]
pub(super) struct Split {
    rule: Rule,
    wanted: Vec<Part>,
}

#[derive(Clone, Debug)]
enum Rule {
    /// The part of each run.
    Runs(Vec<Option<Part>>),
    /// For each run the borders of the parts, in nanoseconds, and the embargo after each.
    Times { borders: Vec<[u64; 2]>, embargo: u64 },
    /// By a draw for each name.
    Shares { shares: SharesSpec, streams: RandomStreams },
    /// By lists of names.
    Names(BTreeMap<String, Part>),
}

/// What holds for the samples of one run.
#[derive(Clone, Copy, Debug)]
pub(super) struct RunSplit<'s> {
    split: &'s Split,
    run: usize,
}

/// Where a sample belongs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// To a part.
    In(Part),
    /// To none: its window reaches over a border.
    Purged,
    /// To none: it is in none of the lists.
    LeftOut,
}

/// Twice the error of three shares that are written in decimals.
const ROUNDING: f64 = 1e-9;

fn check_shares(shares: &SharesSpec, site: &Site<'_>) -> Option<Vec<Part>> {
    let sum = shares.train.as_fraction() + shares.validation.as_fraction() + shares.test.as_fraction();
    if (sum - 1.0).abs() > ROUNDING {
        site.error(format!("the shares add up to {sum}, not to 1"));
        return None;
    }
    if shares.train.as_fraction() <= 0.0 {
        site.key("train").error("the training part must have a share");
        return None;
    }
    let of = [shares.train, shares.validation, shares.test];
    let there = Part::ALL.into_iter().zip(of).filter(|(_, share)| share.as_fraction() > 0.0);
    Some(there.map(|(part, _)| part).collect())
}

/// Each thing that is listed, with its part.
fn listed<T: Ord + Clone + std::fmt::Debug>(
    lists: [&[T]; 3],
    site: &Site<'_>,
) -> Option<(BTreeMap<T, Part>, Vec<Part>)> {
    let mut parts = BTreeMap::new();
    for (part, list) in Part::ALL.into_iter().zip(lists) {
        for (index, name) in list.iter().enumerate() {
            if let Some(first) = parts.insert(name.clone(), part) {
                let message = format!("{name:?} is in {} already", first.name());
                site.key(part.name()).index(index).error(message);
                return None;
            }
        }
    }
    let wanted = Part::ALL.into_iter().zip(lists).filter(|(_, list)| !list.is_empty());
    Some((parts, wanted.map(|(part, _)| part).collect()))
}

fn names(lists: &PartNames) -> [&[String]; 3] {
    [&lists.train, &lists.validation, &lists.test]
}

/// Reports unless exactly one of these is given.
fn exactly_one(given: &[bool], keys: &str, site: &Site<'_>) -> Option<()> {
    if given.iter().filter(|given| **given).count() == 1 {
        return Some(());
    }
    site.error(format!("this split needs exactly one of {keys}"));
    None
}

/// Holds the split of a dataset file to what can be said without its runs.
pub(super) fn check(spec: &SplitSpec, site: &Site<'_>) -> Option<()> {
    let shares = |shares: &Option<SharesSpec>| match shares {
        Some(shares) => check_shares(shares, &site.key("shares")).map(|_| ()),
        None => Some(()),
    };
    match spec {
        SplitSpec::Run(split) => {
            let given = [split.shares.is_some(), split.seeds.is_some(), split.runs.is_some()];
            exactly_one(&given, "`shares`, `seeds` and `runs`", site)?;
            if let Some(seeds) = &split.seeds {
                listed([&seeds.train, &seeds.validation, &seeds.test], &site.key("seeds"))?;
            }
            if let Some(runs) = &split.runs {
                listed(names(runs), &site.key("runs"))?;
            }
            shares(&split.shares)
        }
        SplitSpec::Time(split) => {
            let given = [split.shares.is_some(), split.test_from.is_some()];
            exactly_one(&given, "`shares` and `test_from`", site)?;
            if let (Some(from), Some(test)) = (split.validation_from, split.test_from)
                && from.as_secs() >= test.as_secs()
            {
                site.key("validation_from").error("validation must begin before the test does");
                return None;
            }
            if split.shares.is_some() && split.validation_from.is_some() {
                site.key("validation_from").error("the shares say already when parts begin");
                return None;
            }
            shares(&split.shares)
        }
        SplitSpec::Entity(split) => {
            let given = [split.shares.is_some(), split.entities.is_some()];
            exactly_one(&given, "`shares` and `entities`", site)?;
            if let Some(entities) = &split.entities {
                listed(names(entities), &site.key("entities"))?;
            }
            shares(&split.shares)
        }
    }
}

impl Split {
    /// The split of a dataset file over these runs.
    ///
    /// # Errors
    /// What the file asks of runs that there are not.
    pub(super) fn new(
        spec: &DatasetSpec,
        document: &Document,
        runs: &[Run],
    ) -> Result<Split, DatasetError> {
        let errors = RefCell::new(Diagnostics::default());
        let site = Site::root(document, &errors, FilePath::new(".")).key("split");
        let split = Split::at(&spec.split, &site, runs);
        match (split, errors.into_inner()) {
            (Some(split), errors) if errors.is_empty() => Ok(split),
            (_, errors) => Err(errors.into()),
        }
    }

    fn at(spec: &SplitSpec, site: &Site<'_>, runs: &[Run]) -> Option<Split> {
        match spec {
            SplitSpec::Run(split) => {
                let of_seed = |parts: &BTreeMap<u64, Part>| {
                    runs.iter().map(|run| parts.get(&run.seed).copied()).collect::<Vec<_>>()
                };
                if let Some(seeds) = &split.seeds {
                    let lists = [seeds.train.as_slice(), &seeds.validation, &seeds.test];
                    let (parts, wanted) = listed(lists, &site.key("seeds"))?;
                    let there: BTreeSet<u64> = runs.iter().map(|run| run.seed).collect();
                    if let Some(seed) = parts.keys().find(|seed| !there.contains(seed)) {
                        let there: Vec<String> = there.iter().map(ToString::to_string).collect();
                        let message = format!("no run has the seed {seed}");
                        site.key("seeds")
                            .error_with_help(message, format!("seeds: {}", there.join(", ")));
                        return None;
                    }
                    return Some(Split { rule: Rule::Runs(of_seed(&parts)), wanted });
                }
                if let Some(lists) = &split.runs {
                    let here = site.key("runs");
                    let (parts, wanted) = listed(names(lists), &here)?;
                    for name in parts.keys() {
                        if !runs.iter().any(|run| run.name == *name) {
                            here.unknown("run", name, runs.iter().map(|run| run.name.as_str()));
                            return None;
                        }
                    }
                    let of: Vec<Option<Part>> =
                        runs.iter().map(|run| parts.get(&run.name).copied()).collect();
                    if !split.separate_seeds {
                        seeds_stay_together(runs, &of, &here)?;
                    }
                    return Some(Split { rule: Rule::Runs(of), wanted });
                }
                let shares = split.shares?;
                let wanted = check_shares(&shares, &site.key("shares"))?;
                let names: BTreeSet<String> =
                    runs.iter().map(|run| group(run, split.separate_seeds)).collect();
                let what = if split.separate_seeds { "runs" } else { "seeds" };
                let parts = deal(names, &shares, &wanted, split.seed, what, &site.key("shares"))?;
                let of = runs.iter().map(|run| parts.get(&group(run, split.separate_seeds)).copied());
                Some(Split { rule: Rule::Runs(of.collect()), wanted })
            }
            SplitSpec::Time(split) => {
                let wanted = match &split.shares {
                    Some(shares) => check_shares(shares, &site.key("shares"))?,
                    None if split.validation_from.is_none() => vec![Part::Train, Part::Test],
                    None => Part::ALL.to_vec(),
                };
                let borders = runs.iter().map(|run| borders(split, run, site)).collect::<Option<_>>()?;
                let embargo = SimTime::from_secs(split.embargo.as_secs()).as_nanos();
                Some(Split { rule: Rule::Times { borders, embargo }, wanted })
            }
            SplitSpec::Entity(split) => {
                if let Some(lists) = &split.entities {
                    let (parts, wanted) = listed(names(lists), &site.key("entities"))?;
                    return Some(Split { rule: Rule::Names(parts), wanted });
                }
                let shares = split.shares?;
                let wanted = check_shares(&shares, &site.key("shares"))?;
                let streams = RandomStreams::new(split.seed);
                Some(Split { rule: Rule::Shares { shares, streams }, wanted })
            }
        }
    }

    /// The parts that there are to be.
    pub(super) fn wanted(&self) -> &[Part] {
        &self.wanted
    }

    /// Whether the part of an entity is drawn.
    pub(super) fn is_drawn_by_entity(&self) -> bool {
        matches!(self.rule, Rule::Shares { .. })
    }

    /// Whether entities are listed by their names.
    pub(super) fn lists_entities(&self) -> bool {
        matches!(self.rule, Rule::Names(_))
    }

    /// Fails if a name that is listed is none of the entities there are.
    pub(super) fn check_entities(
        &self,
        spec: &DatasetSpec,
        document: &Document,
        there: &BTreeSet<String>,
    ) -> Result<(), Diagnostics> {
        let errors = RefCell::new(Diagnostics::default());
        let site = Site::root(document, &errors, FilePath::new(".")).key("split").key("entities");
        if let SplitSpec::Entity(EntitySplit { entities: Some(lists), .. }) = &spec.split {
            for (part, list) in Part::ALL.into_iter().zip(names(lists)) {
                for (index, name) in list.iter().enumerate().filter(|(_, name)| !there.contains(*name)) {
                    let there = there.iter().map(String::as_str);
                    site.key(part.name()).index(index).unknown("entity", name, there);
                }
            }
        }
        errors.into_inner().or(())
    }

    /// What holds for the samples of a run.
    pub(super) fn of_run(&self, run: usize) -> RunSplit<'_> {
        RunSplit { split: self, run }
    }

    /// Whether a run has no part in the dataset.
    pub(super) fn leaves_out(&self, run: usize) -> bool {
        matches!(&self.rule, Rule::Runs(parts) if parts.get(run).copied().flatten().is_none())
    }
}

impl RunSplit<'_> {
    /// The part of an entity, where it depends on nothing else.
    pub(super) fn of_entity(&self, name: &str) -> Option<Part> {
        match &self.split.rule {
            Rule::Names(parts) => parts.get(name).copied(),
            Rule::Shares { shares, streams } => {
                let drawn = streams.entity(STREAM, xxh3_64(name.as_bytes())).next_u64();
                // 53 bits, as many as a float has.
                let share = (drawn >> 11) as f64 / (1_u64 << 53) as f64;
                let train = shares.train.as_fraction();
                Some(match share {
                    _ if share < train => Part::Train,
                    _ if share < train + shares.validation.as_fraction() => Part::Validation,
                    // What rounding leaves belongs to the last part that there is to be.
                    _ => self.split.wanted.last().copied().unwrap_or(Part::Train),
                })
            }
            Rule::Runs(_) | Rule::Times { .. } => None,
        }
    }

    /// Where a sample belongs; `of_entity` is the part of its entity.
    pub(super) fn place(&self, sample: &Sample<'_>, of_entity: Option<Part>) -> Place {
        match &self.split.rule {
            Rule::Runs(parts) => {
                parts.get(self.run).copied().flatten().map_or(Place::LeftOut, Place::In)
            }
            Rule::Shares { .. } | Rule::Names(_) => of_entity.map_or(Place::LeftOut, Place::In),
            Rule::Times { borders, embargo } => {
                let Some([validation, test]) = borders.get(self.run) else { return Place::LeftOut };
                // A row tells of the time up to it: one at a border belongs to what lies before.
                let begins_in = |from: u64| sample.start > from.saturating_add(*embargo);
                if sample.end <= *validation {
                    Place::In(Part::Train)
                } else if begins_in(*test) {
                    Place::In(Part::Test)
                } else if begins_in(*validation) && sample.end <= *test && validation < test {
                    Place::In(Part::Validation)
                } else {
                    Place::Purged
                }
            }
        }
    }
}

/// What a run shares with those that must not be parted from it.
fn group(run: &Run, separate_seeds: bool) -> String {
    if separate_seeds { run.name.clone() } else { run.seed.to_string() }
}

/// Reports runs of one seed that lists put into different parts.
fn seeds_stay_together(runs: &[Run], parts: &[Option<Part>], site: &Site<'_>) -> Option<()> {
    let mut of_seed: BTreeMap<u64, (Part, &str)> = BTreeMap::new();
    for (run, part) in runs.iter().zip(parts) {
        let Some(part) = part else { continue };
        let (first, name) = *of_seed.entry(run.seed).or_insert((*part, &run.name));
        if first != *part {
            site.error_with_help(
                format!(
                    "{name} is in {} and {} in {}, but both have the seed {} and so the same random numbers",
                    first.name(),
                    run.name,
                    part.name(),
                    run.seed
                ),
                "put them into one part, or set `separate_seeds` if that is meant",
            );
            return None;
        }
    }
    Some(())
}

/// Deals groups out by shares: in the order of a hash of their names, so that it does not matter in which they
/// come, as many to each part as its share rounds to, and at least one.
fn deal(
    names: BTreeSet<String>,
    shares: &SharesSpec,
    wanted: &[Part],
    seed: u64,
    what: &str,
    site: &Site<'_>,
) -> Option<BTreeMap<String, Part>> {
    let count = names.len();
    if count < wanted.len() {
        site.error_with_help(
            format!("there are {count} {what} for {} parts", wanted.len()),
            "add runs of other seeds, or split by time or entity",
        );
        return None;
    }
    let streams = RandomStreams::new(seed);
    let mut order: Vec<(u64, String)> = names
        .into_iter()
        .map(|name| (streams.entity(STREAM, xxh3_64(name.as_bytes())).next_u64(), name))
        .collect();
    order.sort();
    let share = |part: &Part| match part {
        Part::Train => shares.train.as_fraction(),
        Part::Validation => shares.validation.as_fraction(),
        Part::Test => shares.test.as_fraction(),
    };
    let mut parts = BTreeMap::new();
    let mut order = order.into_iter();
    let mut dealt = 0;
    let mut sum = 0.0;
    for (index, part) in wanted.iter().enumerate() {
        sum += share(part);
        let after = wanted.len() - index - 1;
        let end = (sum * count as f64).round() as usize;
        let end = if after == 0 { count } else { end.clamp(dealt + 1, count - after) };
        parts.extend(order.by_ref().take(end - dealt).map(|(_, name)| (name, *part)));
        dealt = end;
    }
    Some(parts)
}

/// When validation and test begin in a run, in nanoseconds; the same if there is no validation.
fn borders(split: &TimeSplit, run: &Run, site: &Site<'_>) -> Option<[u64; 2]> {
    let nanos = |duration: crate::scenario::Duration| SimTime::from_secs(duration.as_secs()).as_nanos();
    if let Some(test) = split.test_from {
        let test = nanos(test);
        if test >= run.end {
            site.key("test_from").error(format!("run {} ends before", run.name));
            return None;
        }
        return Some([split.validation_from.map_or(test, nanos), test]);
    }
    if run.end == u64::MAX {
        site.key("shares")
            .error(format!("the scenario of run {} does not say how long it is", run.name));
        return None;
    }
    let shares = split.shares?;
    let at = |share: f64| (share * run.end as f64).round() as u64;
    let train = shares.train.as_fraction();
    // A part without share begins where there is nothing left.
    let test = if shares.test.as_fraction() > 0.0 {
        at(train + shares.validation.as_fraction())
    } else {
        run.end
    };
    Some([at(train), test])
}
