//! Users: when they ask, for what.

use super::operations::Wish;
use super::plan::Access;
use super::state::Geo;
use crate::apps::{Context, Message};
use crate::engine::{EntityStream, Phase, SimDuration, SimTime};
use rand::{RngExt, SeedableRng};
use rand_distr::{Distribution as _, Zipf};

/// Timers of the workload.
pub(super) const ARRIVE: u32 = 0;
pub(super) const LISTED: u32 = 1;
pub(super) const REMOVE: u32 = 2;

/// The users of all sites.
#[derive(Debug, Default)]
pub(super) struct Users {
    random: Vec<EntityStream>,
    /// The resources that listed requests have created.
    pub(super) created: Vec<Option<u32>>,
}

/// The first entry whose sum of weights is above a number in 0..1 of their total.
fn choose(weights: impl Iterator<Item = f64> + Clone, part: f64) -> Option<usize> {
    let total: f64 = weights.clone().sum();
    let mut left = part * total;
    let mut last = None;
    for (index, weight) in weights.enumerate() {
        if weight > 0.0 {
            last = Some(index);
            if left < weight {
                break;
            }
            left -= weight;
        }
    }
    last
}

impl Geo {
    /// The resources that are there from the start; groups are told when agents begin.
    pub(super) fn make_initial(&mut self, context: &mut dyn Context) {
        let name = format!("{}/initial", self.plan.agents.name);
        for kind in 0..self.plan.kinds.len() {
            let mut random = context.streams().entity(&name, kind as u64);
            for _ in 0..self.plan.kinds[kind].initial {
                let rates = &self.plan.users.rate_per_s;
                let part = random.random::<f64>();
                // Where nobody asks, all sites are alike.
                let home =
                    choose(rates.iter().copied(), part).unwrap_or((part * rates.len() as f64) as usize);
                self.place_initial(kind as u16, home as u32, context);
            }
        }
    }

    /// The users begin.
    pub(super) fn start_users(&mut self, context: &mut dyn Context) {
        let name = format!("{}/users", self.plan.agents.name);
        let streams = context.streams();
        self.users.random =
            (0..self.plan.sites.len()).map(|site| streams.entity(&name, site as u64)).collect();
        self.users.created = vec![None; self.plan.requests.len()];
        for site in 0..self.plan.sites.len() as u32 {
            self.expect_user(site, self.plan.users.from.max(context.now()), context);
        }
        for (number, own) in (0..).zip(&self.plan.requests) {
            let message = Message { code: LISTED, subject: number, detail: 0 };
            context.set_timer(own.at, Phase::Demand, message);
        }
        for (number, own) in (0..).zip(&self.plan.removals) {
            let message = Message { code: REMOVE, subject: number, detail: 0 };
            context.set_timer(own.at, Phase::Environment, message);
        }
    }

    /// Sets the timer of the next request at a site after `time`.
    fn expect_user(&mut self, site: u32, time: SimTime, context: &mut dyn Context) {
        let rate_per_s = self.plan.users.rate_per_s[site as usize];
        if rate_per_s <= 0.0 {
            return;
        }
        let random = &mut self.users.random[site as usize];
        let wait_s = -(1.0 - random.random::<f64>()).ln() / rate_per_s;
        let at = time + SimDuration::from_secs(wait_s);
        if at < self.plan.users.until {
            context.set_timer(at, Phase::Demand, Message { code: ARRIVE, subject: site, detail: 0 });
        }
    }

    /// A user of a site asks for something.
    pub(super) fn on_arrive(&mut self, site: u32, context: &mut dyn Context) {
        let random = &mut self.users.random[site as usize];
        // All numbers are drawn whatever becomes of them, so that sites and policies change nothing of what others draw.
        let [which_kind, which_access, is_local, which]: [f64; 4] = random.random();
        self.expect_user(site, context.now(), context);
        let kinds = &self.plan.kinds;
        let Some(kind) = choose(kinds.iter().map(|own| own.share), which_kind) else { return };
        let Some(access) = choose(kinds[kind].mix.iter().copied(), which_access) else { return };
        let (access, own, kind) = (Access::ALL[access], &kinds[kind], kind as u16);
        let resource = if access == Access::Create {
            None
        } else {
            let at_home = self.directory.choices(kind, Some(site));
            let choices = if is_local < own.locality && !at_home.is_empty() {
                at_home
            } else {
                self.directory.choices(kind, None)
            };
            let Some(resource) = popular(choices, own.zipf, which) else {
                self.account.nothing_there += 1;
                return;
            };
            Some(resource)
        };
        let scope = own.scope;
        let wish = Wish { site, kind, access, resource, scope, is_strict: false, listed: None };
        self.wish(wish, context);
    }

    /// A listed request is due.
    pub(super) fn on_listed(&mut self, number: u32, context: &mut dyn Context) {
        let Some(own) = self.plan.requests.get(number as usize) else { return };
        let (site, kind, access) = (own.site, own.kind, own.access);
        let resource = own.of.and_then(|of| self.users.created.get(of as usize).copied().flatten());
        let is_strict = own.scope.is_some() && access != Access::Create;
        let scope = own.scope.or(self.plan.kinds[usize::from(kind)].scope);
        let listed = Some(number);
        self.wish(Wish { site, kind, access, resource, scope, is_strict, listed }, context);
    }
}

/// One of the choices by Zipf's law, the first ones more often; `part` in 0..1 says which.
fn popular(choices: &[u32], exponent: f64, part: f64) -> Option<u32> {
    if choices.is_empty() {
        return None;
    }
    let last = choices.len() - 1;
    if exponent <= 0.0 {
        return choices.get(((part * choices.len() as f64) as usize).min(last)).copied();
    }
    let law = Zipf::new(choices.len() as f64, exponent).ok()?;
    // The law draws more than one number: from a generator of its own, begun with the one that was drawn.
    let mut random = EntityStream::seed_from_u64(part.to_bits());
    let rank = law.sample(&mut random);
    choices.get((rank as usize).saturating_sub(1).min(last)).copied()
}
