//! The decision point *orchestration*: what a workload with users and instances of services, and a control plane that
//! says where they are, tell each other.
//!
//! A workload owns the [agents](super::agents) and carries out what the [control
//! plane](PlaneFacts) orders. Each stimulus of an agent goes to the plane by
//! [`decide_orchestration`](super::Context::decide_orchestration), with the workload's [facts](OrchestrationFacts); the
//! world shows the plane no more of them than the agent's own node can know, and hands on those orders that can be.

use super::agents::{AgentId, Body, Mailbox, MessageKind, RequestId, Stimulus};
use crate::engine::{SimDuration, SimTime};
use crate::infra::assets::{AssetId, Label};
use crate::infra::{NodeId, Position};

/// A user: the place among those of a workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UserId(pub u32);

impl UserId {
    /// The place among the users.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// The service of a stimulus or an order that is about none in particular.
pub const NO_SERVICE: u32 = u32::MAX;

/// Kind of the messages by which users ask for an instance: the first one of every control plane. They carry a
/// [`Query`].
pub const QUERY: u16 = 0;

/// Kind of the answers to them: the second one of every control plane. They carry an [`Answer`].
pub const ANSWER: u16 = 1;

/// The number of the first kind of messages that a control plane has of its own.
pub const FIRST_OWN_KIND: u16 = 2;

/// Bytes of a [`Query`] and of an [`Answer`]; ours: an identifier, a position or address, and headers.
pub const QUERY_BYTES: f64 = 64.0;

/// Codes of timers from here on are told by the workload, and not to be set by control planes.
pub const FIRST_TOLD_CODE: u32 = 0xffff_ff00;

/// Code of the timer stimulus by which an agent learns that an instance which it has [deployed](Order::Deploy) runs; the
/// detail is the number of the service.
pub const DEPLOYED: u32 = FIRST_TOLD_CODE;

/// Code of the timer stimulus by which an agent learns that its node is short of what an instance needs that it has wanted
/// to [deploy](Order::Deploy); the detail is the number of the service.
pub const DEPLOY_REFUSED: u32 = FIRST_TOLD_CODE + 1;

/// Code of the timer stimulus by which an experiment forces an action; the detail is the number of what is
/// [forced](OrchestrationFacts::forced).
pub const FORCED: u32 = FIRST_TOLD_CODE + 2;

/// A user wants to know of an instance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Query {
    /// Who asks.
    pub user: UserId,
    /// Number of the service.
    pub service: u32,
    /// Where the user is, as far as that is known.
    pub position: Position,
}

/// What a user is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The node whose instance serves the user from now on; `None` if there is none.
    pub instance: Option<NodeId>,
}

/// A stimulus that a control plane is to handle.
#[derive(Clone, Copy, Debug)]
pub struct OrchestrationRequest<'a> {
    /// Which of the world's control planes.
    pub plane: u32,
    /// The agent; [`AgentId::NOBODY`] if the plane has no agents.
    pub agent: AgentId,
    /// Its node, or that of the user who asks.
    pub node: NodeId,
    /// The service that it is about, if the workload knows; else [`NO_SERVICE`].
    pub service: u32,
    /// What has happened.
    pub stimulus: &'a Stimulus,
}

/// What an instance of a service needs of its node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ServiceRequirements {
    /// Cores.
    pub cores: f64,
    /// Bytes of memory.
    pub memory_bytes: f64,
    /// Bytes of storage.
    pub storage_bytes: f64,
    /// Accelerators.
    pub gpus: u32,
    /// The CPU architectures that there are images for; any if empty.
    pub architectures: Vec<Label>,
}

/// The assets that instances need, in the order of all arrays of four.
pub const INSTANCE_ASSETS: [AssetId; 4] =
    [AssetId::CORES, AssetId::MEMORY_BYTES, AssetId::STORAGE_BYTES, AssetId::ACCELERATORS];

impl ServiceRequirements {
    /// What is needed of each of the [`INSTANCE_ASSETS`].
    #[must_use]
    pub fn amounts(&self) -> [f64; 4] {
        [self.cores, self.memory_bytes, self.storage_bytes, f64::from(self.gpus)]
    }

    /// Whether there is an image for an architecture.
    #[must_use]
    pub fn runs_on(&self, architecture: &Label) -> bool {
        self.architectures.is_empty() || self.architectures.contains(architecture)
    }
}

/// What is known of a service from the start, by all.
#[derive(Clone, Debug, PartialEq)]
pub struct ServiceFacts {
    /// Its name.
    pub name: String,
    /// What an instance needs.
    pub requirements: ServiceRequirements,
    /// Latency in seconds beyond which a request violates what was promised.
    pub limit_s: f64,
    /// Size of its image in bytes.
    pub image_bytes: f64,
    /// Where there are instances at the start; the first of them is that of the root, where there is one.
    pub instances: Vec<NodeId>,
}

/// How much of what it has a unit uses, in 0..=1 each: means over the last time that was monitored.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LoadShares {
    /// Of the cores.
    pub cpu: f64,
    /// Of the memory.
    pub memory: f64,
    /// Of the storage.
    pub storage: f64,
    /// Of the accelerators.
    pub gpu: f64,
}

/// An instance of a service, as its own node sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct InstanceFacts {
    /// Whether it takes requests: its image is there, and it has started.
    pub is_ready: bool,
    /// How much of what it has reserved it uses.
    pub load: LoadShares,
    /// Users that it serves.
    pub users: u32,
    /// When it began, or was last accessed.
    pub last_access: SimTime,
}

/// A user of an instance, as the node of the instance sees it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UserFacts {
    /// Who.
    pub user: UserId,
    /// Where it is, as far as that is known.
    pub position: Position,
    /// Median latency of its requests in the window, in seconds; `None` if there were none.
    pub median_s: Option<f64>,
    /// 95th percentile of it.
    pub p95_s: Option<f64>,
    /// Its requests in the window.
    pub requests: u32,
    /// When it was last there.
    pub last_access: SimTime,
}

/// What an experiment forces an agent to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Forced {
    /// What.
    pub kind: ActionKind,
    /// With the instance of this service.
    pub service: u32,
    /// For this user, if it is about one.
    pub user: Option<UserId>,
}

/// What a workload knows, from which the world takes what an agent may see.
///
/// The agents of a control plane are numbered as the [platforms](Self::platforms) are; that of the centre, if there is
/// one, comes after them.
pub trait OrchestrationFacts {
    /// The services, by number.
    fn services(&self) -> &[ServiceFacts];

    /// The list of all platforms, of which each agent has a copy. It never changes.
    fn platforms(&self) -> &[NodeId];

    /// Number of users.
    fn users(&self) -> u32;

    /// The instance of a service on a node.
    fn hosted(&self, node: NodeId, service: u32) -> Option<InstanceFacts>;

    /// Adds the users whom the instance of a service on a node serves, in the order of their numbers.
    fn users_of(&self, node: NodeId, service: u32, out: &mut Vec<UserFacts>);

    /// How much of what it has a node uses, all instances and others together.
    fn load_of(&self, node: NodeId) -> LoadShares;

    /// Whether instances may [redirect](Order::Redirect) their users at once.
    fn redirects_at_once(&self) -> bool {
        false
    }

    /// What is forced, by its number.
    fn forced(&self, _number: u64) -> Option<Forced> {
        None
    }
}

/// What control planes do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionKind {
    /// Users go to another instance.
    Migrate,
    /// There is to be one more instance.
    Replicate,
    /// An instance ends.
    Terminate,
    /// A node gets another parent.
    AssignParent,
    /// A standby takes over.
    TakeOver,
}

impl ActionKind {
    /// All kinds, in the order of their numbers.
    pub const ALL: [ActionKind; 5] = [
        ActionKind::Migrate,
        ActionKind::Replicate,
        ActionKind::Terminate,
        ActionKind::AssignParent,
        ActionKind::TakeOver,
    ];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ActionKind::Migrate => "migrate",
            ActionKind::Replicate => "replicate",
            ActionKind::Terminate => "terminate",
            ActionKind::AssignParent => "assign_parent",
            ActionKind::TakeOver => "take_over",
        }
    }
}

/// How far an action has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionPhase {
    /// A target is found, or there is none.
    Searched {
        /// Messages from agent to agent that the search has taken.
        hops: u32,
        /// Candidates that were asked.
        asked: u32,
    },
    /// Users are told to go elsewhere, as far as those know who tell them.
    Redirected {
        /// How many.
        users: u32,
    },
    /// The new instance runs.
    Deployed,
}

/// How an action has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ActionEnd {
    /// As it should.
    Done,
    /// Nobody takes it.
    NoTarget,
    /// There is nobody to ask.
    RefusedLocally,
    /// No answer came in time.
    TimedOut,
    /// Its agent has died.
    Lost,
    /// There was no more need.
    Abandoned,
}

impl ActionEnd {
    /// All ends.
    pub const ALL: [ActionEnd; 6] = [
        ActionEnd::Done,
        ActionEnd::NoTarget,
        ActionEnd::RefusedLocally,
        ActionEnd::TimedOut,
        ActionEnd::Lost,
        ActionEnd::Abandoned,
    ];

    /// The name in tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            ActionEnd::Done => "done",
            ActionEnd::NoTarget => "no_target",
            ActionEnd::RefusedLocally => "refused_locally",
            ActionEnd::TimedOut => "timed_out",
            ActionEnd::Lost => "lost",
            ActionEnd::Abandoned => "abandoned",
        }
    }
}

/// What an agent could see when it began an action; `None` of what it does not know.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct ActionFeatures {
    /// Share of the cores of its node that is used.
    pub load_cpu: Option<f64>,
    /// Share of the memory.
    pub load_memory: Option<f64>,
    /// Users of the instance.
    pub users: Option<f64>,
    /// Score of the cluster of badly served users.
    pub cluster_score: Option<f64>,
    /// Metres from the node to the mean position of the cluster.
    pub cluster_distance_m: Option<f64>,
    /// Median latency of the users that it is about, in seconds.
    pub median_latency_s: Option<f64>,
    /// The latency limit of the service, in seconds.
    pub limit_s: Option<f64>,
    /// Children in the tree.
    pub children: Option<f64>,
    /// Edges up to the root.
    pub depth: Option<f64>,
    /// Metres from the mean position of the cluster to the nearest cell of a grid with enough room.
    pub nearest_grid_distance_m: Option<f64>,
    /// Candidates that are known.
    pub candidates: Option<f64>,
}

/// What an agent wants to be done. Orders are carried out one after the other.
#[derive(Clone, Debug)]
pub enum Order {
    /// Sends a message, as [`Mailbox::send`](super::agents::Mailbox::send); to [`AgentId::NOBODY`] it is the answer to a
    /// query of a plane without agents.
    Send {
        /// To whom.
        to: AgentId,
        /// Number of its kind.
        kind: u16,
        /// Its size.
        bytes: f64,
        /// What it says.
        body: Body,
    },
    /// Asks an agent, as [`Mailbox::request`](super::agents::Mailbox::request).
    Request {
        /// Whom.
        to: AgentId,
        /// Number of its kind.
        kind: u16,
        /// Its size.
        bytes: f64,
        /// What it says.
        body: Body,
        /// What comes back with the answer.
        tag: u64,
    },
    /// Answers a request, as [`Mailbox::reply`](super::agents::Mailbox::reply).
    Reply {
        /// Which.
        asked: RequestId,
        /// Number of its kind.
        kind: u16,
        /// Its size.
        bytes: f64,
        /// What it says.
        body: Body,
    },
    /// Sets a timer, as [`Mailbox::timer`](super::agents::Mailbox::timer). It cannot be cancelled: a plane tells by the
    /// detail those that it does not wait for any more.
    Timer {
        /// How long it takes.
        after: SimDuration,
        /// Comes back with it; below [`FIRST_TOLD_CODE`].
        code: u32,
        /// Comes back with it.
        detail: u64,
    },
    /// Works for a while, as [`Mailbox::busy`](super::agents::Mailbox::busy).
    Busy {
        /// How long.
        time: SimDuration,
    },
    /// Makes an instance on the agent's own node. [`DEPLOYED`] or [`DEPLOY_REFUSED`] tells of it.
    Deploy {
        /// Of this service.
        service: u32,
    },
    /// Ends the instance on the agent's own node.
    Undeploy {
        /// Of this service.
        service: u32,
    },
    /// Tells users of the instance on the agent's own node with their next responses to go elsewhere.
    Redirect {
        /// Of this service.
        service: u32,
        /// Whom.
        users: Vec<UserId>,
        /// To the instance on this node.
        to: NodeId,
    },
    /// Begins an action: a row of `decisions`.
    Open {
        /// Its number, which no other open action of the agent has.
        action: u64,
        /// What is to be done.
        kind: ActionKind,
        /// Which service it is about, or [`NO_SERVICE`].
        service: u32,
        /// Whether an experiment [forces](FORCED) it.
        forced: bool,
        /// The mean position and the number of the users that it is about.
        cluster: Option<(Position, u32)>,
        /// What the agent sees.
        features: ActionFeatures,
    },
    /// An open action has come so far.
    Phase {
        /// Its number.
        action: u64,
        /// How far.
        phase: ActionPhase,
    },
    /// Ends an action.
    Close {
        /// Its number.
        action: u64,
        /// How it has ended.
        end: ActionEnd,
        /// The node that was chosen.
        target: Option<NodeId>,
    },
}

impl Order {
    /// Carries it out if the mail of the agent can: messages, timers, and being busy. Gives it back if not.
    pub fn hand_to(self, mail: &mut Mailbox<'_>) -> Option<Order> {
        match self {
            Order::Send { to: AgentId::NOBODY, .. } => return Some(self),
            Order::Send { to, kind, bytes, body } => mail.send(to, kind, bytes, body),
            Order::Request { to, kind, bytes, body, tag } => mail.request(to, kind, bytes, body, tag),
            Order::Reply { asked, kind, bytes, body } => mail.reply(asked, kind, bytes, body),
            Order::Timer { after, code, detail } => {
                mail.timer(after, code, detail);
            }
            Order::Busy { time } => mail.busy(time),
            other => return Some(other),
        }
        None
    }

    /// The answer to a query, by mail or on the spot, as it was asked; `None` if the stimulus is no message.
    #[must_use]
    pub fn answer(stimulus: &Stimulus, answer: Answer) -> Option<Order> {
        let Stimulus::Message { from, asked, .. } = stimulus else { return None };
        let (kind, bytes, body) = (ANSWER, QUERY_BYTES, std::sync::Arc::new(answer) as Body);
        Some(match *asked {
            Some(asked) => Order::Reply { asked, kind, bytes, body },
            None => Order::Send { to: *from, kind, bytes, body },
        })
    }
}

/// On which nodes a control plane has agents.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgentLayout {
    /// On none: queries are answered on the spot, by nobody and without mail.
    None,
    /// On each platform.
    PerPlatform,
    /// On each platform, and one more that is the centre.
    PerPlatformAndCentral {
        /// Its node, which may be a platform.
        node: NodeId,
    },
}

/// A control plane, as the workload that has it must know it before the run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlaneHandle {
    /// Its number in the world, for requests.
    pub number: u32,
    /// Its name.
    pub name: String,
    /// All kinds of messages, those of users first.
    pub kinds: Vec<MessageKind>,
    /// Where it has agents.
    pub layout: AgentLayout,
    /// How far back the latencies and loads reach that its agents see.
    pub window: SimDuration,
}

/// The tree of a service, as a control plane has it: for records only.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct TreeShape {
    /// Nodes that think that they are in it.
    pub nodes: u32,
    /// Most edges from a node up to a root.
    pub depth_max: u32,
    /// Their mean.
    pub depth_mean: f64,
    /// Most children of a node.
    pub children_max: u32,
    /// Mean number of children of nodes that have some.
    pub children_mean: f64,
    /// Nodes that look for a parent.
    pub orphans: u32,
    /// Nodes that think that they are the root.
    pub roots: u32,
}

/// What users and records may ask of a control plane; it decides only when it is told of a stimulus.
pub trait PlaneFacts {
    /// Whom users ask for an instance of a service: first at attempt 0, and at 1, 2, ... where there was no answer; `None` if
    /// there is nobody more to ask.
    fn directory(&self, service: u32, attempt: u32) -> Option<AgentId>;

    /// The tree of a service, if there are trees.
    fn shape(&self, service: u32) -> Option<TreeShape>;

    /// Its part of the summary of its workload.
    fn summary(&self) -> serde_json::Value;
}
