//! The resources, and the groups of sites that hold replicas of them.

use super::calls::CallId;
use super::truth::Members;
use crate::engine::ABSENT;
use crate::replication::{Member, Mode};
use std::collections::BTreeMap;

/// Where a resource is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Holder {
    /// Nowhere, or not decided yet.
    #[default]
    Nobody,
    /// At one site.
    Site(u32),
    /// On each site of a group.
    Group(u32),
    /// Spread: these resources are its parts.
    Parts(Vec<u32>),
}

/// A resource. What is in here is what its meta-identifier tells whoever holds it.
#[derive(Clone, Debug)]
pub(super) struct Resource {
    pub(super) kind: u16,
    /// The site at which it was created.
    pub(super) home: u32,
    pub(super) holder: Holder,
    /// Its place among those that users can choose, by kind and by home and kind; absent if they cannot.
    place: (u32, u32),
}

/// A replica's site: the state machine, and what its own users have asked of it.
#[derive(Debug)]
pub(super) struct Slot {
    pub(super) member: Member,
    pub(super) next_sequence: u64,
    /// Calls that wait for an operation of this member, by its number.
    pub(super) open: BTreeMap<u64, CallId>,
}

/// Sites that hold replicas of the same resources.
#[derive(Debug)]
pub(super) struct Group {
    /// In ascending order.
    pub(super) sites: Vec<u32>,
    pub(super) mode: Mode,
    /// Who stands for leader first.
    pub(super) leader: u32,
    /// By place in `sites`; made when a site first hears of the group.
    pub(super) slots: Vec<Option<Box<Slot>>>,
    /// The places that are not struck.
    pub(super) present: Members,
}

impl Group {
    /// The place of a site.
    pub(super) fn place(&self, site: u32) -> Option<usize> {
        self.sites.binary_search(&site).ok()
    }
}

/// All resources and groups.
#[derive(Debug, Default)]
pub(super) struct Directory {
    pub(super) resources: Vec<Resource>,
    pub(super) groups: Vec<Group>,
    known: BTreeMap<(Mode, Vec<u32>), u32>,
    /// For each site the groups that it is in, in ascending order.
    pub(super) groups_of_site: Vec<Vec<u32>>,
    /// By kind.
    all: Vec<Vec<u32>>,
    /// By home and kind.
    at_home: Vec<Vec<Vec<u32>>>,
}

impl Directory {
    pub(super) fn new(sites: usize, kinds: usize) -> Self {
        Directory {
            groups_of_site: vec![Vec::new(); sites],
            all: vec![Vec::new(); kinds],
            at_home: vec![vec![Vec::new(); kinds]; sites],
            ..Directory::default()
        }
    }

    /// A resource that users cannot choose yet.
    pub(super) fn add(&mut self, kind: u16, home: u32) -> u32 {
        let place = (ABSENT, ABSENT);
        self.resources.push(Resource { kind, home, holder: Holder::Nobody, place });
        self.resources.len() as u32 - 1
    }

    pub(super) fn resource(&self, resource: u32) -> &Resource {
        &self.resources[resource as usize]
    }

    pub(super) fn hold(&mut self, resource: u32, holder: Holder) {
        self.resources[resource as usize].holder = holder;
    }

    /// Users can choose a resource from now on.
    pub(super) fn publish(&mut self, resource: u32) {
        let own = &mut self.resources[resource as usize];
        if own.place.0 != ABSENT {
            return;
        }
        let all = &mut self.all[usize::from(own.kind)];
        let at_home = &mut self.at_home[own.home as usize][usize::from(own.kind)];
        own.place = (all.len() as u32, at_home.len() as u32);
        all.push(resource);
        at_home.push(resource);
    }

    /// Users cannot choose it any more.
    pub(super) fn retire(&mut self, resource: u32) {
        let own = &mut self.resources[resource as usize];
        let (kind, home) = (usize::from(own.kind), own.home as usize);
        let (in_all, in_home) = std::mem::replace(&mut own.place, (ABSENT, ABSENT));
        if in_all == ABSENT {
            return;
        }
        self.all[kind].swap_remove(in_all as usize);
        if let Some(&moved) = self.all[kind].get(in_all as usize) {
            self.resources[moved as usize].place.0 = in_all;
        }
        let at_home = &mut self.at_home[home][kind];
        at_home.swap_remove(in_home as usize);
        if let Some(&moved) = at_home.get(in_home as usize) {
            self.resources[moved as usize].place.1 = in_home;
        }
    }

    /// The resources of a kind that users can choose: those created at a site, or all.
    pub(super) fn choices(&self, kind: u16, home: Option<u32>) -> &[u32] {
        match home {
            Some(site) => &self.at_home[site as usize][usize::from(kind)],
            None => &self.all[usize::from(kind)],
        }
    }

    /// The group of these sites in this mode, with who stands for leader first if it is new.
    pub(super) fn group(
        &mut self,
        mode: Mode,
        mut sites: Vec<u32>,
        leader: impl FnOnce(&[u32]) -> u32,
    ) -> u32 {
        sites.sort_unstable();
        sites.dedup();
        if let Some(&group) = self.known.get(&(mode, sites.clone())) {
            return group;
        }
        let group = self.groups.len() as u32;
        for &site in &sites {
            self.groups_of_site[site as usize].push(group);
        }
        self.known.insert((mode, sites.clone()), group);
        self.groups.push(Group {
            leader: leader(&sites),
            slots: sites.iter().map(|_| None).collect(),
            present: Members::first(sites.len()),
            sites,
            mode,
        });
        group
    }

    pub(super) fn slot(&mut self, group: u32, place: usize) -> Option<&mut Slot> {
        self.groups.get_mut(group as usize)?.slots.get_mut(place)?.as_deref_mut()
    }
}
