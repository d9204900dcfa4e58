//! What agents of a tree say to each other, and how they tell answers and timers apart.

use super::grid::Grid;
use crate::apps::agents::{AgentId, Handling, MessageKind, RequestId};
use crate::apps::orchestration::{FIRST_OWN_KIND, Query, UserId};
use crate::engine::SimTime;
use crate::infra::{NodeId, Position};
use smallvec::SmallVec;
use std::sync::Arc;

/// Numbers of the kinds, in the order of [`kinds`].
macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $number:literal, $word:literal, $handling:ident;)*) => {
        $($(#[$doc])* pub(super) const $name: u16 = FIRST_OWN_KIND + $number;)*

        /// All kinds of messages.
        pub(super) fn kinds(free_refusals: bool) -> Vec<MessageKind> {
            let mut kinds = vec![$(MessageKind { name: $word, handling: Handling::$handling }),*];
            if free_refusals {
                kinds[usize::from(REFUSED - FIRST_OWN_KIND)].handling = Handling::Free;
            }
            kinds
        }
    };
}

kinds! {
    /// [`Search`], from node to node.
    SEARCH = 0, "search", Full;
    /// [`Found`], to where the search has begun.
    FOUND = 1, "found", Full;
    /// [`Redirect`], to the root.
    REDIRECT = 2, "redirect", Full;
    /// [`Noted`], from the root.
    NOTED = 3, "noted", Full;
    /// [`Replicate`], to a candidate.
    REPLICATE = 4, "replicate", Full;
    /// It consents: nothing more.
    ACCEPTED = 5, "accepted", Full;
    /// It refuses: nothing more.
    REFUSED = 6, "refused", Full;
    /// [`Ready`], to where the instance was wanted.
    READY = 7, "ready", Full;
    /// [`SignOn`], to the root: a node has no parent.
    SIGN_ON = 8, "sign_on", Full;
    /// [`Placed`], from the root.
    PLACED = 9, "placed", Full;
    /// [`Attach`], to the new parent.
    ATTACH = 10, "attach", Full;
    /// [`Alive`], from it.
    ATTACHED = 11, "attached", Full;
    /// [`Leave`], to the root.
    LEAVE = 12, "leave", Full;
    /// [`Leave`], to neighbours.
    LEAVING = 13, "leaving", Full;
    /// [`Lost`], to the root.
    LOST = 14, "lost", Full;
    /// [`SignOn`], to the root: a node has a parent.
    CONFIRM = 15, "confirm", Light;
    /// [`Placed`], from the root.
    CONFIRMED = 16, "confirmed", Light;
    /// [`Exchange`], to the parent.
    EXCHANGE = 17, "exchange", Light;
    /// [`Family`], from it.
    FAMILY = 18, "family", Light;
    /// [`OfService`], to the parent.
    HEALTH = 19, "health", Free;
    /// [`Alive`], from it.
    ALIVE = 20, "alive", Free;
    /// [`OfService`], to whom it may concern.
    CHECK = 21, "check", Free;
    /// [`Status`], from there.
    STATUS = 22, "status", Free;
    /// [`Sync`], to the root or one that stands by.
    SYNC = 23, "sync", Light;
    /// [`Synced`], from there.
    SYNCED = 24, "synced", Light;
    /// [`Ping`], from the root to those that stand by.
    PING = 25, "ping", Free;
    /// [`Forwarded`], to the root.
    FORWARDED = 26, "forwarded", Light;
}

/// Bytes of a message without more in it; ours: identifiers, an address, and headers.
pub(super) const MESSAGE_BYTES: f64 = 64.0;
/// Bytes of each user, node or change in a message; ours.
pub(super) const ITEM_BYTES: f64 = 16.0;

/// Who is the root since when, and how often its heart has beaten since: beats go down the tree with health checks. Of
/// two roots the one that has begun later is the root, by clocks that agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Mark {
    pub since: SimTime,
    pub root: AgentId,
    pub beat: u64,
}

impl Mark {
    pub(super) fn is_same_root(&self, other: &Mark) -> bool {
        (self.since, self.root) == (other.since, other.root)
    }
}

/// Who is looked for: a node that is nearer to a cluster, with room.
#[derive(Clone, Debug)]
pub(super) struct Search {
    pub service: u32,
    pub origin: AgentId,
    /// The number of the action of the origin.
    pub action: u64,
    /// The mean position of the cluster.
    pub mean: Position,
    /// Metres from it to the origin.
    pub origin_m: f64,
    /// What must be free.
    pub needs: [f64; 4],
    /// The nodes on the way so far, the origin first.
    pub way: SmallVec<[AgentId; 8]>,
}

/// What came of a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct Found {
    pub service: u32,
    pub action: u64,
    /// Messages from agent to agent until there.
    pub hops: u32,
    /// `None` if the way ended.
    pub target: Option<AgentId>,
}

/// Users are to be sent elsewhere from now on.
#[derive(Clone, Debug)]
pub(super) struct Redirect {
    pub service: u32,
    pub users: Vec<UserId>,
    pub to: NodeId,
}

/// Whether the root has done what was asked; who it is, if another.
#[derive(Clone, Copy, Debug)]
pub(super) struct Noted {
    pub is_done: bool,
    pub mark: Option<Mark>,
}

/// An instance is wanted.
#[derive(Clone, Copy, Debug)]
pub(super) struct Replicate {
    pub service: u32,
    pub action: u64,
}

/// The instance that was wanted is in the tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ready {
    pub service: u32,
    pub action: u64,
    /// `false` if it could not be made.
    pub is_ready: bool,
}

/// A node wants to be in the index.
#[derive(Clone, Copy, Debug)]
pub(super) struct SignOn {
    pub service: u32,
    /// When it was said, by the node's own clock: what was said before that counts no more.
    pub stamp: SimTime,
    /// Its parent, if it has one.
    pub parent: Option<AgentId>,
    /// Who did not answer as its parent.
    pub dead: Option<AgentId>,
}

/// Whom a node has as its parent from now on.
#[derive(Clone, Copy, Debug)]
pub(super) struct Placed {
    /// The root, as far as known.
    pub mark: Mark,
    /// `None` if who was asked is not the root.
    pub parent: Option<AgentId>,
}

/// A new child, and the nodes below it.
#[derive(Clone, Debug)]
pub(super) struct Attach {
    pub service: u32,
    pub grid: Arc<Grid>,
}

/// A parent is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Alive {
    /// Whether who asks is its child.
    pub is_parent: bool,
    pub mark: Mark,
    /// Edges from it up to the root.
    pub depth: u32,
}

/// A node ends its instance.
#[derive(Clone, Copy, Debug)]
pub(super) struct Leave {
    pub service: u32,
    pub stamp: SimTime,
}

/// A child does not answer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lost {
    pub service: u32,
    pub child: AgentId,
}

/// What a parent gets.
#[derive(Clone, Debug)]
pub(super) struct Exchange {
    pub service: u32,
    pub grid: Arc<Grid>,
}

/// What a child gets: shared by all children.
#[derive(Clone, Debug)]
pub(super) struct Family {
    pub alive: Alive,
    /// The parent's own node.
    pub parent: Option<Arc<Grid>>,
    /// All its children, who asks among them.
    pub children: Vec<(AgentId, Arc<Grid>)>,
}

/// About a service.
#[derive(Clone, Copy, Debug)]
pub(super) struct OfService(pub u32);

/// How a node is.
#[derive(Clone, Copy, Debug)]
pub(super) struct Status {
    /// Whether it is in the tree.
    pub is_member: bool,
    /// Whether it is, and has told so whoever wanted its instance.
    pub is_ready: bool,
    /// Whether it waits for an instance of its own to start.
    pub is_starting: bool,
    pub parent: Option<AgentId>,
}

/// What a standby wants: changes of the index from a number on, if they are of this root.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sync {
    pub service: u32,
    pub since: SimTime,
    pub root: AgentId,
    pub next: u64,
}

/// A change of the index.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Change {
    Node { agent: AgentId, parent: Option<AgentId>, stamp: SimTime },
    Gone(AgentId),
    Moved { user: UserId, to: AgentId },
}

/// Changes of the index.
#[derive(Clone, Debug)]
pub(super) struct Synced {
    pub mark: Mark,
    pub is_root: bool,
    /// Whether they are all that there is to know.
    pub is_whole: bool,
    pub changes: Vec<Change>,
    /// The number of the next one.
    pub next: u64,
}

/// The root is there.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ping {
    pub service: u32,
    pub mark: Mark,
}

/// A query that has come to one that is not the root; the root answers it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Forwarded {
    pub query: Query,
    pub asked: RequestId,
}

/// Timer of a node: something is due.
pub(super) const TICK: u32 = 0;
/// Timer of a node: it is to sign on.
pub(super) const SIGN_ON_DUE: u32 = 1;
/// Timer of an action: no answer came in time.
pub(super) const SEARCH_DUE: u32 = 2;
/// Timer of an action: look whether the new instance is still on its way.
pub(super) const POLL_DUE: u32 = 3;
/// Timer of the root: its heart beats.
pub(super) const BEAT: u32 = 4;
/// Timer of one that stands by: its copy is to be brought up to date.
pub(super) const SYNC_DUE: u32 = 5;

/// The service of a timer or request, and a number that tells it from others.
pub(super) fn detail(service: u32, serial: u32) -> u64 {
    u64::from(serial) << 32 | u64::from(service)
}

/// The parts of a detail.
pub(super) fn parts(detail: u64) -> (u32, u32) {
    (detail as u32, (detail >> 32) as u32)
}

/// What a request was for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    Place,
    Attach,
    Health,
    Child,
    Redirect,
    Replicate,
    Poll,
    Leave,
    Verify,
    Sync,
    /// Whatever comes of it.
    Nothing,
}

const PURPOSES: [Purpose; 11] = [
    Purpose::Place,
    Purpose::Attach,
    Purpose::Health,
    Purpose::Child,
    Purpose::Redirect,
    Purpose::Replicate,
    Purpose::Poll,
    Purpose::Leave,
    Purpose::Verify,
    Purpose::Sync,
    Purpose::Nothing,
];

/// Services that tags have room for.
const TAG_SERVICES: u32 = 1 << 24;

/// The tag of a request: purpose, service, and a number.
pub(super) fn tag(purpose: Purpose, service: u32, serial: u32) -> u64 {
    (purpose as u64) << 56 | u64::from(service % TAG_SERVICES) << 32 | u64::from(serial)
}

/// The parts of a tag.
pub(super) fn tag_parts(tag: u64) -> Option<(Purpose, u32, u32)> {
    let purpose = PURPOSES.get((tag >> 56) as usize)?;
    Some((*purpose, (tag >> 32) as u32 % TAG_SERVICES, tag as u32))
}
