//! Users: when they are there, and when they want something.

use super::workload::Sessions;
use crate::apps::{Context, Message};
use crate::engine::{ABSENT, EntityStream, Phase, SimDuration, SimTime};
use crate::infra::{NodeId, Position};
use rand::RngExt;

/// Timer: a user may want something.
pub(super) const ARRIVE: u32 = 0;
/// Timer: a user comes or goes.
pub(super) const PRESENCE: u32 = 1;

/// A user.
#[derive(Debug)]
pub(super) struct User {
    pub(super) node: NodeId,
    pub(super) service: u32,
    /// When it is there and wants something.
    arrivals: EntityStream,
    /// What its requests take.
    pub(super) draws: EntityStream,
    /// Place, as a number, of the instance that it goes to; or [`ABSENT`].
    pub(super) address: u32,
    /// The last address that it was told, and since when: kept when a user finds that nobody answers there.
    pub(super) told: u32,
    pub(super) told_since: SimTime,
    /// Where the next response of that instance sends it, or [`ABSENT`].
    pub(super) redirect: u32,
    /// Place of the instance that it is connected to, and its own among the users of that; or [`ABSENT`].
    pub(super) connected: u32,
    pub(super) connected_at: u32,
    /// The first of the requests that wait for an address, or [`ABSENT`].
    pub(super) waiting: u32,
    /// Number of its last query, and how often it was sent to somebody else.
    pub(super) query: u32,
    pub(super) attempt: u32,
    pub(super) is_asking: bool,
    pub(super) asked: SimTime,
    /// What tells the timer for the next query from those before.
    pub(super) cycle: u32,
    pub(super) is_present: bool,
    /// What tells arrivals of this stay from those of others.
    stay: u32,
    pub(super) last_access: SimTime,
    /// Since when it is served badly; the end of time if it is not.
    bad_since: SimTime,
    /// Where it was when it last told.
    pub(super) position: Position,
}

impl User {
    pub(super) fn new(node: NodeId, service: u32, arrivals: EntityStream, draws: EntityStream) -> Self {
        User {
            node,
            service,
            arrivals,
            draws,
            address: ABSENT,
            told: ABSENT,
            told_since: SimTime::ZERO,
            redirect: ABSENT,
            connected: ABSENT,
            connected_at: 0,
            waiting: ABSENT,
            query: 0,
            attempt: 0,
            is_asking: false,
            asked: SimTime::ZERO,
            cycle: 0,
            is_present: false,
            stay: 0,
            last_access: SimTime::ZERO,
            bad_since: SimTime::MAX,
            position: Position::default(),
        }
    }
}

impl Sessions {
    /// The users on a device, by number.
    pub(super) fn users_on(&self, node: NodeId) -> std::ops::Range<u32> {
        let device = self.device_of_node.get(node.index()).copied().unwrap_or(ABSENT);
        match device {
            ABSENT => 0..0,
            device => device * self.options.per_node..(device + 1) * self.options.per_node,
        }
    }

    /// Users begin: all are there, or at a random point of their cycle of coming and going.
    pub(super) fn start_users(&mut self, context: &mut dyn Context) {
        for user in 0..self.users.len() as u32 {
            let own = &mut self.users[user as usize];
            let Some(presence) = &self.options.presence else {
                self.appear(user, context);
                continue;
            };
            let active_s = presence.active_s.sample(&mut own.arrivals);
            let idle_s = presence.idle_s.sample(&mut own.arrivals);
            let at_s = own.arrivals.random::<f64>() * (active_s + idle_s);
            let is_present = at_s < active_s;
            let rest_s = if is_present { active_s - at_s } else { active_s + idle_s - at_s };
            self.change_at(user, rest_s, context);
            if is_present {
                self.appear(user, context);
            }
        }
    }

    fn change_at(&self, user: u32, after_s: f64, context: &mut dyn Context) {
        let time = context.now() + SimDuration::from_secs(after_s);
        let message = Message { code: PRESENCE, subject: user, detail: 0 };
        context.set_timer(time, Phase::Demand, message);
    }

    /// A user comes or goes.
    pub(super) fn on_presence(&mut self, user: u32, context: &mut dyn Context) {
        let Some(presence) = &self.options.presence else { return };
        let own = &mut self.users[user as usize];
        let draw = if own.is_present { &presence.idle_s } else { &presence.active_s };
        let after_s = draw.sample(&mut own.arrivals);
        if own.is_present {
            self.leave(user, context.now());
        } else {
            self.appear(user, context);
        }
        self.change_at(user, after_s, context);
    }

    fn appear(&mut self, user: u32, context: &mut dyn Context) {
        let own = &mut self.users[user as usize];
        own.is_present = true;
        self.present[own.service as usize] += 1;
        self.arrive_next(user, context);
    }

    fn leave(&mut self, user: u32, now: SimTime) {
        let own = &mut self.users[user as usize];
        own.is_present = false;
        own.stay = own.stay.wrapping_add(1);
        self.present[own.service as usize] -= 1;
        self.forget_user(user, now);
    }

    /// A user closes its connection and forgets where its instance is: it leaves, or its device has gone.
    pub(super) fn forget_user(&mut self, user: u32, now: SimTime) {
        self.disconnect(user);
        self.end_address(user, now);
        self.end_violation(user, now);
        let own = &mut self.users[user as usize];
        own.told = ABSENT;
        own.cycle = own.cycle.wrapping_add(1);
    }

    /// Sets the time at which a user may want something next.
    fn arrive_next(&mut self, user: u32, context: &mut dyn Context) {
        let own = &mut self.users[user as usize];
        let gap_s = self.options.interval_s.sample(&mut own.arrivals) / self.most_demand;
        let detail = u64::from(own.stay);
        let time = context.now() + SimDuration::from_secs(gap_s);
        context.set_timer(time, Phase::Demand, Message { code: ARRIVE, subject: user, detail });
    }

    /// A user wants something, if the demand is so.
    pub(super) fn on_arrive(&mut self, user: u32, stay: u64, context: &mut dyn Context) {
        let own = &mut self.users[user as usize];
        if u64::from(own.stay) != stay || !own.is_present {
            return;
        }
        let mut wants = true;
        if !self.options.demand.is_even() {
            let (now, drawn) = (context.now(), own.arrivals.random::<f64>());
            let position = context.infrastructure().position(own.node, now);
            wants = drawn * self.most_demand < self.options.demand.at(position, now);
        }
        let node = own.node;
        self.arrive_next(user, context);
        if wants && context.infrastructure().node(node).is_available() {
            self.create(user, context);
        }
    }

    /// Where a user is, as far as that is known: what it tells with each query and request.
    pub(super) fn tell_position(&mut self, user: u32, context: &mut dyn Context) -> Position {
        let now = context.now();
        let own = &mut self.users[user as usize];
        let mut position = context.infrastructure().position(own.node, now);
        if let Some((x_m, y_m)) = self.errors.get(user as usize) {
            position.x_m += x_m;
            position.y_m += y_m;
        }
        own.position = position;
        position
    }

    /// A user is served badly from now on, if it was not before.
    pub(super) fn begin_violation(&mut self, user: u32, now: SimTime) {
        let own = &mut self.users[user as usize];
        own.bad_since = own.bad_since.min(now);
    }

    /// A user is served well from now on, or has gone.
    pub(super) fn end_violation(&mut self, user: u32, now: SimTime) {
        let own = &mut self.users[user as usize];
        let since = std::mem::replace(&mut own.bad_since, SimTime::MAX);
        if since != SimTime::MAX {
            let since = since.max(self.warm_up_end);
            self.totals.violation_user_s += now.since(since.min(now)).as_secs();
        }
    }
}
