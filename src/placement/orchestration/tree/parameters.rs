//! What a service tree goes by.

use crate::apps::orchestration::LoadShares;
use crate::engine::SimDuration;
use crate::placement::ParameterError;

/// The shortest interval of what nodes do again and again.
const SHORTEST: SimDuration = SimDuration::from_nanos(1_000_000);

/// By what the candidates for a new instance are ranked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Rank {
    /// Their distance from where the instance is wanted.
    #[default]
    Distance,
    /// The round trip from the agent that looks for one, of the candidates that are nearest.
    RoundTrip,
}

/// What a service tree goes by. The published concept names these parameters without values: the defaults are ours.
#[derive(Clone, Debug, PartialEq)]
pub struct TreeParameters {
    /// Time between two assessments of an instance.
    pub assess: SimDuration,
    /// Time between two exchanges of grids with the parent.
    pub exchange: SimDuration,
    /// Time between two health checks of the parent.
    pub health: SimDuration,
    /// How far back the latencies and loads reach that are assessed.
    pub window: SimDuration,
    /// Metres from the mean position of a cluster within which one more user belongs to it.
    pub cluster_radius_m: f64,
    /// Score above which a cluster is acted on.
    pub score: u32,
    /// Cells of a grid along each axis.
    pub grid: u8,
    /// Loads above which users are to leave.
    pub load_bounds: LoadShares,
    /// Time without users and access after which an instance ends.
    pub idle: SimDuration,
    /// How long the answer to a search is waited for.
    pub search_timeout: SimDuration,
    /// Time at least from the first sign-on of an instance that there is from the start to that of the next.
    pub sign_on_interval: SimDuration,
    /// How long an agent rests after it could do nothing.
    pub cooldown: SimDuration,
    /// By what candidates are ranked.
    pub rank: Rank,
    /// Candidates that are asked at most.
    pub most_candidates: u32,
    /// Whether neighbours and, at the root, all others of the tree are not asked.
    pub skip_known: bool,
    /// Whether it takes no time to handle refusals.
    pub free_refusals: bool,
    /// Children of a node at most.
    pub most_children: Option<u32>,
    /// How many platforms stand by for the root.
    pub standbys: u32,
    /// Time between two updates of a standby's copy of the index.
    pub sync_interval: SimDuration,
}

impl Default for TreeParameters {
    fn default() -> Self {
        let s = SimDuration::from_secs;
        TreeParameters {
            assess: s(5.0),
            exchange: s(10.0),
            health: s(5.0),
            window: s(30.0),
            cluster_radius_m: 500.0,
            score: 3,
            grid: 8,
            load_bounds: LoadShares { cpu: 0.8, memory: 0.9, storage: 0.95, gpu: 0.9 },
            idle: s(300.0),
            search_timeout: s(5.0),
            sign_on_interval: s(0.06),
            cooldown: s(10.0),
            rank: Rank::Distance,
            most_candidates: 64,
            skip_known: false,
            free_refusals: false,
            most_children: None,
            standbys: 0,
            sync_interval: s(5.0),
        }
    }
}

impl TreeParameters {
    /// Checks what a schema cannot.
    ///
    /// # Errors
    /// What is wrong, and where.
    pub fn check(&self) -> Result<(), ParameterError> {
        let wrong = |key: &'static str, message: &'static str| ParameterError::new(message).at(key);
        let error = |key: &'static str, message: &'static str| Err(wrong(key, message));
        for (key, time) in [
            ("assess", self.assess),
            ("exchange", self.exchange),
            ("health", self.health),
            ("window", self.window),
            ("search_timeout", self.search_timeout),
        ] {
            if time < SHORTEST {
                return error(key, "must be at least 1 ms");
            }
        }
        if self.sync_interval < SHORTEST {
            return Err(wrong("sync_interval", "must be at least 1 ms").at("standby"));
        }
        if !(1..=64).contains(&self.grid) {
            return error("grid", "must be in 1..=64");
        }
        if self.score == 0 {
            return error("score", "must be at least 1");
        }
        if !(self.cluster_radius_m >= 0.0 && self.cluster_radius_m.is_finite()) {
            return error("cluster_radius", "must be at least 0 m and finite");
        }
        let LoadShares { cpu, memory, storage, gpu } = self.load_bounds;
        for (key, bound) in [("cpu", cpu), ("memory", memory), ("storage", storage), ("gpu", gpu)] {
            if !(bound > 0.0 && bound <= 1.0) {
                return Err(wrong(key, "must be above 0 and at most 1").at("load_bounds"));
            }
        }
        if self.most_candidates == 0 {
            return error("most_candidates", "must be at least 1");
        }
        if self.most_children == Some(0) {
            return error("most_children", "must be at least 1");
        }
        Ok(())
    }
}
