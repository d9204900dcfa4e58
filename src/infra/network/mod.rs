//! The network: topology and routes, links and their models, transfers.

mod fair_share;
mod link;
mod routes;
#[cfg(test)]
mod tests;
mod transfers;

pub use fair_share::{FairShare, FlowIndex, LinkIndex, max_min_rates};
pub use link::{LinkModel, LinkSpec, Mm1, RadioSpec};
pub use routes::Routes;
pub use transfers::{ChannelState, Endpoint, Link, Network, NetworkRefusal, TransferView};
