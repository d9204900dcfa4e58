//! Which sites a device looks at closely, and what all others add up to.
//!
//! Near are the site of its own cell and the working sites of which it receives most by their mean path loss, so many of
//! them. The others within the horizon count by their mean path loss, with neither shadowing nor a line of sight of their
//! own, at the load of the moment at which the device has looked. It looks anew after a way of some metres, each 32 periods,
//! and when a site has failed or works again.

use super::super::geometry::Position;
use super::super::ids::NodeId;
use super::super::nr::{from_db, mw_from_dbm};
use super::super::radio::farthest_m;
use super::antenna::bearing_deg;
use super::ground::Ground;
use super::spec::CellularSpec;
use rstar::RTree;
use rstar::primitives::GeomWithData;

/// By how many dB a site is below noise beyond the horizon.
const BELOW_NOISE_DB: f64 = 10.0;
/// Metres beyond which nothing is ever received.
const FARTHEST_M: f64 = 1e6;

/// The places of all sites.
#[derive(Debug)]
pub(super) struct Sites {
    tree: RTree<GeomWithData<[f64; 2], u32>>,
    horizon_m: f64,
    most: usize,
    /// Sites within the horizon, the best first as far as they are near: power and number.
    found: Vec<(f64, u32)>,
}

impl Sites {
    pub(super) fn new(spec: &CellularSpec, ground: &Ground) -> Self {
        let entries = ground.gnbs.iter().zip(0..);
        let entries = entries.map(|(gnb, own)| GeomWithData::new([gnb.place.x_m, gnb.place.y_m], own));
        Sites {
            tree: RTree::bulk_load(entries.collect()),
            horizon_m: spec.horizon_m.unwrap_or_else(|| horizon_m(ground)),
            most: spec.near_sites as usize,
            found: Vec::new(),
        }
    }

    /// Looks for the sites around an antenna: the near ones into `near`, in their order, and the power of the others in
    /// milliwatts into `far_mw`, for each carrier, each cell times its load, which is `None` of those that do not work.
    /// `gains_db` are those of the device by carrier; the sites that are in `near` before are near wherever they are.
    pub(super) fn look(
        &mut self,
        ground: &Ground,
        place: Position,
        gains_db: &[f64],
        load: impl Fn(usize) -> Option<f64>,
        near: &mut Vec<u32>,
        far_mw: &mut [f64],
    ) {
        let Sites { tree, horizon_m, most, found } = self;
        found.clear();
        for entry in tree.locate_within_distance([place.x_m, place.y_m], *horizon_m * *horizon_m) {
            let gnb = &ground.gnbs[entry.data as usize];
            let Some(&carrier) = gnb.carriers.first() else { continue };
            // All cells of a site fail together.
            if load(gnb.cell(0, 0).index()).is_none() {
                continue;
            }
            let loss_db = ground.spread.mean_db(ground.path(gnb, place, carrier));
            found.push((gnb.transmit_dbm + gnb.gain_db - loss_db, entry.data));
        }
        let by_power =
            |one: &(f64, u32), other: &(f64, u32)| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1));
        let count = (*most).min(found.len());
        if count < found.len() {
            found.select_nth_unstable_by(count, by_power);
        }
        near.extend(found[..count].iter().map(|own| own.1));
        near.sort_unstable();
        near.dedup();
        far_mw.fill(0.0);
        // The order in which the tree gives them is not one to add up by.
        found[count..].sort_unstable_by_key(|own| own.1);
        let far = found[count..].iter().filter(|own| near.binary_search(&own.1).is_err());
        for &(power_dbm, number) in far {
            let gnb = &ground.gnbs[number as usize];
            let bearing = bearing_deg(place.x_m - gnb.place.x_m, place.y_m - gnb.place.y_m);
            for (own, &carrier) in gnb.carriers.iter().enumerate() {
                let power_dbm = match own {
                    0 => power_dbm,
                    _ => {
                        let loss_db = ground.spread.mean_db(ground.path(gnb, place, carrier));
                        gnb.transmit_dbm + gnb.gain_db - loss_db
                    }
                };
                let whole_mw = mw_from_dbm(power_dbm + gains_db[carrier]);
                for (sector, spec) in gnb.sectors.iter().enumerate() {
                    let cell = gnb.cell(sector, own).index();
                    let power_mw = load(cell).unwrap_or(0.0) * whole_mw * from_db(spec.gain_db(bearing));
                    for (victim, far_mw) in far_mw.iter_mut().enumerate() {
                        *far_mw += ground.common(victim, carrier) * power_mw;
                    }
                }
            }
        }
    }
}

/// The distance at which a device on the ground receives a site no better than `least_dbm`, by its mean path loss, on the carrier
/// that goes farthest and where its antenna is best. `None` of nodes that are no sites.
pub(super) fn range_m(ground: &Ground, site: NodeId, gain_db: f64, least_dbm: f64) -> Option<f64> {
    let gnb = ground.gnbs.iter().find(|gnb| gnb.node == site)?;
    let ranges = gnb.carriers.iter().filter_map(|&carrier| {
        let whole_dbm = gnb.transmit_dbm + gnb.gain_db + gain_db;
        let most_db = whole_dbm - ground.bands[carrier].subcarriers_db - least_dbm;
        farthest_m(1.0, FARTHEST_M, |distance_m| {
            let place = Position { x_m: gnb.place.x_m + distance_m, z_m: LOW_ANTENNA_M, ..gnb.place };
            ground.spread.mean_db(ground.path(gnb, place, carrier)) <= most_db
        })
    });
    ranges.reduce(f64::max)
}

/// The distance at which the strongest site is a tenth of the noise of the narrowest carrier, by its mean path loss.
fn horizon_m(ground: &Ground) -> f64 {
    let mut horizon_m = 1.0_f64;
    for gnb in &ground.gnbs {
        for &carrier in &gnb.carriers {
            let noise_dbm = super::super::nr::dbm_from_mw(ground.bands[carrier].noise_mw);
            let enough_db = gnb.transmit_dbm + gnb.gain_db - noise_dbm + BELOW_NOISE_DB;
            let is_heard = |distance_m: f64| {
                let place =
                    Position { x_m: gnb.place.x_m + distance_m, z_m: LOW_ANTENNA_M, ..gnb.place };
                ground.spread.mean_db(ground.path(gnb, place, carrier)) < enough_db
            };
            horizon_m = farthest_m(horizon_m, FARTHEST_M, is_heard).unwrap_or(horizon_m);
        }
    }
    horizon_m
}

/// Height of the antenna of a device on the ground in metres.
pub(super) const LOW_ANTENNA_M: f64 = 1.5;
