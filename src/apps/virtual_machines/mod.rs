//! Virtual machines whose load moves them between the hosts of a datacenter.

pub mod cloudsim;
