//! Signal to interference and noise over a carrier.

use smallvec::SmallVec;

/// A part of a carrier with one SINR.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SinrGroup {
    /// Share of the carrier's resource blocks, above 0 to 1.
    pub share: f64,
    /// Ratio of powers, 0 or more.
    pub sinr: f64,
}

/// The parts of a carrier: their shares add up to 1.
pub type SinrGroups = SmallVec<[SinrGroup; 4]>;

/// Power on a part of a carrier, evenly over it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandPower {
    /// Lower end as a share of the carrier, 0 to 1.
    pub from: f64,
    /// Upper end as a share of the carrier, above `from`, to 1.
    pub to: f64,
    /// Milliwatts that arrive in it.
    pub power_mw: f64,
}

/// Mean SINR as if it were the same everywhere: S / (N + sum of a_k I_k), all over the whole carrier.
#[must_use]
pub fn flat(sinr: f64) -> SinrGroups {
    SmallVec::from_slice(&[SinrGroup { share: 1.0, sinr }])
}

/// SINR on the parts of a carrier that jammers divide it into: S / (N + I + J), with the densities of jammers that overlap
/// added up. Signal, noise and interference (of each other cell times its load) are milliwatts over the whole carrier,
/// evenly.
///
/// ```
/// use stratosim::infra::nr::{BandPower, sinr_groups};
/// // A jammer as strong as the signal in a tenth of the carrier has ten times its density there.
/// let groups = sinr_groups(1.0, 0.01, 0.0, &[BandPower { from: 0.45, to: 0.55, power_mw: 1.0 }]);
/// let found: Vec<(f64, f64)> = groups.iter().map(|group| (group.share, group.sinr)).collect();
/// assert!((found[0].0 - 0.9).abs() < 1e-12 && (found[0].1 - 100.0).abs() < 1e-9);
/// assert!((found[1].0 - 0.1).abs() < 1e-12 && (found[1].1 - 1.0 / 10.01).abs() < 1e-9);
/// ```
///
/// The cost is quadratic in the number of jammers, of which few overlap with a carrier.
#[must_use]
pub fn sinr_groups(
    signal_mw: f64,
    noise_mw: f64,
    interference_mw: f64,
    jammers: &[BandPower],
) -> SinrGroups {
    let other_mw = noise_mw + interference_mw;
    let bands = || jammers.iter().filter(|band| band.to > band.from && band.power_mw > 0.0);
    let mut edges: SmallVec<[f64; 8]> = SmallVec::from_slice(&[0.0, 1.0]);
    edges.extend(bands().flat_map(|band| [band.from.clamp(0.0, 1.0), band.to.clamp(0.0, 1.0)]));
    edges.sort_unstable_by(f64::total_cmp);
    let mut groups = SinrGroups::new();
    for pair in edges.windows(2) {
        let &[from, to] = pair else { continue };
        if to <= from {
            continue;
        }
        let middle = 0.5 * (from + to);
        let density_mw: f64 = bands()
            .filter(|band| band.from < middle && middle < band.to)
            .map(|band| band.power_mw / (band.to - band.from))
            .sum();
        let sinr = signal_mw / (other_mw + density_mw);
        // Parts that are jammed alike are one.
        match groups.iter_mut().find(|group| group.sinr == sinr) {
            Some(group) => group.share += to - from,
            None => groups.push(SinrGroup { share: to - from, sinr }),
        }
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::super::carrier::{Carrier, Duplex, Numerology};
    use super::super::path_loss::{CloseInPreset, PathLoss, RadioPath, UrbanMicro};
    use super::super::{from_db, mw_from_dbm, noise_dbm, rsrp_dbm, to_db};
    use super::*;
    use proptest::prelude::*;

    /// A vector worked out with other programs: 3.5 GHz, 273 blocks at 30 kHz, street canyon without line of sight,
    /// 44 dBm, 8 dBi, noise figure 7 dB, 200 m; another cell at 500 m with load 0.5; a jammer of 30 dBm at 100 m.
    #[test]
    fn a_worked_example_comes_out_to_a_millionth() {
        let near = |found: f64, expected: f64| {
            assert!((found - expected).abs() < 1e-6, "{found} {expected}");
        };
        let carrier =
            Carrier::new(3.5e9, 100e6, Numerology::Khz30, Duplex::Frequency).expect("a carrier");
        near(carrier.occupied_hz(), 98.28e6);
        let at = |distance_2d_m, line_of_sight| RadioPath {
            carrier_hz: 3.5e9,
            distance_2d_m,
            base_height_m: 10.0,
            device_height_m: 1.5,
            line_of_sight,
        };
        let model = UrbanMicro::default();
        near(at(200.0, false).distance_3d_m(), 200.180_544);
        near(model.break_point_m(&at(200.0, false)), 210.145_380);
        near(model.path_loss_db(&at(200.0, false)), 115.228_841);
        near(model.path_loss_db(&at(200.0, true)), 91.611_220);
        let signal_dbm = 44.0 + 8.0 - model.path_loss_db(&at(200.0, false));
        near(signal_dbm, -63.228_841);
        let noise = noise_dbm(carrier.occupied_hz(), 7.0);
        near(noise, -87.075_349);
        near(signal_dbm - noise, 23.846_507);
        near(rsrp_dbm(signal_dbm, 273), -98.382_280);
        near(model.path_loss_db(&at(500.0, false)), 129.264_505);
        let interference_dbm = 44.0 + 8.0 - model.path_loss_db(&at(500.0, false)) + to_db(0.5);
        near(interference_dbm, -80.274_805);
        let (signal, noise, interference) =
            (mw_from_dbm(signal_dbm), mw_from_dbm(noise), mw_from_dbm(interference_dbm));
        let sinr_db = |jammers: &[BandPower]| {
            let groups = sinr_groups(signal, noise, interference, jammers);
            groups.iter().map(|group| (group.share, to_db(group.sinr))).collect::<Vec<(f64, f64)>>()
        };
        near(sinr_db(&[])[0].1, 16.222_048);
        let street = CloseInPreset::UrbanMicroStreetCanyon.model();
        let beside = RadioPath { base_height_m: 1.5, ..at(100.0, false) };
        near(street.path_loss_db(&beside), 107.129_144);
        let jammer = mw_from_dbm(30.0 - street.path_loss_db(&beside));
        near(to_db(jammer), -77.129_144);
        let wide = sinr_db(&[BandPower { from: 0.0, to: 1.0, power_mw: jammer }]);
        assert_eq!(wide.len(), 1);
        near(wide[0].1, 11.897_538);
        // The same power squeezed into 20 MHz.
        let (from, to) = carrier.overlap(3.5e9, 20e6).expect("inside");
        let narrow = sinr_db(&[BandPower { from, to, power_mw: jammer }]);
        assert_eq!(narrow.len(), 2);
        near(narrow[0].1, 16.222_048);
        near(narrow[1].0, 20.0 / 98.28);
        near(narrow[1].1, 6.496_753);
        let efficiency = |parts: &[(f64, f64)]| {
            parts.iter().map(|(share, db)| share * (1.0 + from_db(*db)).log2()).sum::<f64>()
        };
        assert!((efficiency(&narrow) - 4.818).abs() < 5e-4);
        assert!((efficiency(&wide) - 4.043).abs() < 5e-4);
    }

    proptest! {
        /// Shares add up to one, the power of jammers is kept, and where two overlap both count.
        #[test]
        fn nothing_of_carrier_and_jammers_is_lost(
            bands in prop::collection::vec((0.0..1.0_f64, 0.01..1.0_f64, 0.0..10.0_f64), 0..5),
        ) {
            let jammers: Vec<BandPower> = bands
                .iter()
                .map(|&(from, width, power_mw)| BandPower { from, to: (from + width).min(1.0), power_mw })
                .filter(|band| band.to > band.from + 1e-6)
                .collect();
            let groups = sinr_groups(1.0, 0.1, 0.2, &jammers);
            let shares: f64 = groups.iter().map(|group| group.share).sum();
            prop_assert!((shares - 1.0).abs() < 1e-9);
            let jamming: f64 = groups.iter().map(|group| group.share * (1.0 / group.sinr - 0.3)).sum();
            let sent: f64 = jammers.iter().map(|band| band.power_mw).sum();
            prop_assert!((jamming - sent).abs() < 1e-6 * (1.0 + sent), "{} {}", jamming, sent);
        }
    }
}
