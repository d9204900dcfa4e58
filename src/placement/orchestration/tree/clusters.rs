//! Clusters of users that are served badly, by their position.

use crate::apps::orchestration::{UserFacts, UserId};
use crate::engine::SimTime;
use crate::infra::Position;
use rustc_hash::FxHashMap;

/// Users near each other that are served badly.
#[derive(Clone, Debug, PartialEq)]
pub struct Cluster {
    /// Who, and where.
    pub users: Vec<(UserId, Position)>,
    /// Their mean position.
    pub mean: Position,
    /// How often users were found in it: once for each of them in each assessment.
    pub score: u32,
    /// When it may be acted on again.
    pub rests_until: SimTime,
}

impl Cluster {
    /// The same with the mean of its users.
    #[must_use]
    pub fn with_mean(mut self) -> Self {
        self.update_mean();
        self
    }

    fn update_mean(&mut self) {
        let mut mean = Position::default();
        for (number, own) in (1..).zip(&self.users) {
            mean = mean.towards(own.1, 1.0 / f64::from(number));
        }
        self.mean = mean;
    }
}

/// The clusters of an instance.
#[derive(Clone, Debug, Default)]
pub struct Clusters(Vec<Cluster>);

impl Clusters {
    /// An assessment: these users are served badly, in the order of their numbers. Those of old that are not leave their
    /// clusters; each one that is new joins the nearest cluster whose mean position is within the radius, or starts
    /// another.
    pub fn assess(&mut self, bad: &[UserFacts], radius_m: f64) {
        for cluster in &mut self.0 {
            cluster.users.retain_mut(|own| {
                let found = bad.binary_search_by_key(&own.0, |user| user.user);
                own.1 = found.map_or(own.1, |place| bad[place].position);
                found.is_ok()
            });
        }
        self.0.retain(|cluster| !cluster.users.is_empty());
        self.0.iter_mut().for_each(Cluster::update_mean);
        let known = self.places();
        for user in bad.iter().filter(|user| !known.contains_key(&user.user)) {
            let distance_m = |cluster: &Cluster| cluster.mean.distance_m(user.position);
            let nearest = self.0.iter_mut().min_by(|a, b| distance_m(a).total_cmp(&distance_m(b)));
            let (id, at) = (user.user, user.position);
            match nearest.filter(|cluster| distance_m(cluster) <= radius_m) {
                Some(cluster) => {
                    cluster.users.push((id, at));
                    cluster.mean = cluster.mean.towards(at, 1.0 / cluster.users.len() as f64);
                }
                None => {
                    let rests_until = SimTime::ZERO;
                    self.0.push(Cluster { users: vec![(id, at)], mean: at, score: 0, rests_until });
                }
            }
        }
        for cluster in &mut self.0 {
            cluster.score = cluster.score.saturating_add(cluster.users.len() as u32);
        }
    }

    /// The place of the cluster of each user that is in one.
    #[must_use]
    pub fn places(&self) -> FxHashMap<UserId, usize> {
        let clusters = self.0.iter().enumerate();
        clusters.flat_map(|(place, own)| own.users.iter().map(move |user| (user.0, place))).collect()
    }

    /// Takes the cluster with the highest score above the threshold out, the oldest of several.
    pub fn take_ripe(&mut self, threshold: u32, now: SimTime) -> Option<Cluster> {
        let ripe = |own: &Cluster| own.score > threshold && own.rests_until <= now;
        let places = (0..self.0.len()).filter(|&place| ripe(&self.0[place]));
        let place = places.min_by_key(|&place| std::cmp::Reverse(self.0[place].score))?;
        Some(self.0.remove(place))
    }

    /// Users for whom nothing could be done stay a cluster, which begins anew after a while.
    pub fn put_back(&mut self, users: Vec<(UserId, Position)>, rests_until: SimTime) {
        if !users.is_empty() {
            let cluster = Cluster { users, mean: Position::default(), score: 0, rests_until };
            self.0.push(cluster.with_mean());
        }
    }

    /// All of them.
    #[cfg(test)]
    pub(super) fn all(&self) -> &[Cluster] {
        &self.0
    }
}
