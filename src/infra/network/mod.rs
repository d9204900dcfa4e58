//! The network: topology and routes, links and their models, transfers.

mod building;
mod carried;
#[cfg(test)]
mod change_tests;
mod changes;
mod delay;
mod device_channels;
mod direct;
mod fair_share;
#[cfg(test)]
mod hop_tests;
mod hops;
mod link;
mod parts;
mod paths;
mod routes;
#[cfg(test)]
mod tests;
mod transfers;
mod views;
mod ways;

pub use carried::{Carried, CarriedEnd};
pub use changes::{Direction, LEAST_BANDWIDTH_BPS};
pub use delay::{
    CloseIn, CloseInError, DelayModel, Jitter, Message, PacketLoss, PopulationError, PopulationQueue,
    Shaped, ShapedRate, ThroughputError, ThroughputTable, WindowError, WindowedQueue,
};
pub use device_channels::OwnRadio;
pub use fair_share::{FairShare, FlowIndex, LinkIndex, max_min_rates};
pub use hops::Attachment;
pub use link::{
    DirectScope, DirectSpec, LinkModel, LinkSpec, Mm1, NetworkClass, RadioEnergy, RadioSpec,
};
pub(in crate::infra) use parts::ChannelId;
pub use parts::{ChannelState, Endpoint, Link, NetworkRefusal};
pub use paths::MessagePath;
pub use routes::Routes;
pub use transfers::Network;
pub use views::TransferView;
pub use ways::WayStep;
pub(in crate::infra) use ways::{Ask, NoWay, WaySearch, has_left, radio_step};
