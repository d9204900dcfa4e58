//! What makes no cells.

use super::super::nr::NrError;
use super::spec::{CellularSpec, DeviceLoss, DeviceRadioSpec, FidelityChoice, GnbSpec, HandoverKind};

/// What makes no cells.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum CellsError {
    /// A figure of a part that the models do not allow.
    #[error("{part}: {source}")]
    Radio {
        /// The carrier, gNB, class or jammer.
        part: String,
        /// What is wrong with it.
        source: NrError,
    },
    /// A figure out of its range.
    #[error("{part}: {what} is {value}, but must be {allowed}")]
    Range {
        /// The carrier, gNB, class or part of the configuration.
        part: String,
        /// The figure.
        what: &'static str,
        /// Its value.
        value: f64,
        /// What it may be.
        allowed: &'static str,
    },
    /// Cells without a carrier.
    #[error("cells need at least one carrier")]
    NoCarriers,
    /// A gNB on a carrier that there is not.
    #[error("{gnb} is on carrier number {carrier}, but there are {count}, counted from 0")]
    UnknownCarrier {
        /// The class of the gNB.
        gnb: String,
        /// The number.
        carrier: usize,
        /// How many carriers there are.
        count: usize,
    },
    /// A class that can be neither gNBs nor devices of 5G.
    #[error("class {class}: {what}")]
    Class {
        /// The class.
        class: String,
        /// What is wrong with it.
        what: &'static str,
    },
    /// Cells without a gNB, or gNBs without cells.
    #[error("{0}")]
    Missing(&'static str),
    /// A radio environment beside cells.
    #[error("access points are chosen either by cells or by a radio environment, not by both")]
    RadioEnvironment,
    /// A jammer on a node that there is not.
    #[error("jammer {jammer} is on node number {node}, but there are {count}, counted from 0")]
    UnknownNode {
        /// The jammer.
        jammer: String,
        /// The number.
        node: u32,
        /// How many nodes there are.
        count: u32,
    },
    /// Two windows of a jammer that overlap or are not in order, or one that ends before it begins.
    #[error("jammer {jammer}: its windows must follow each other, each ending after it begins")]
    Windows {
        /// The jammer.
        jammer: String,
    },
}

impl CellularSpec {
    /// Checks what can be checked without classes and nodes.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn check(&self) -> Result<(), CellsError> {
        let part = || "cells".to_owned();
        let inside = |what, value: f64, (least, most): (f64, f64), allowed| match (least..=most)
            .contains(&value)
        {
            true => Ok(()),
            false => Err(CellsError::Range { part: part(), what, value, allowed }),
        };
        if self.carriers.is_empty() {
            return Err(CellsError::NoCarriers);
        }
        let period_s = self.period.as_secs();
        inside("the period", period_s, (0.001, 60.0), "0.001 to 60 s")?;
        inside("the number of near sites", f64::from(self.near_sites), (1.0, 64.0), "1 to 64")?;
        inside("the least RSRP", self.least_dbm, (-156.0, -31.0), "-156 to -31 dBm")?;
        let error_db = self.measurement_error_db;
        inside("the error of measurements", error_db, (0.0, 20.0), "0 to 20 dB")?;
        inside("the way to a new look", self.refresh_m, (0.0, 1e6), "0 to 1000 km")?;
        if let Some(horizon_m) = self.horizon_m {
            inside("the horizon", horizon_m, (1.0, 1e7), "1 m to 10 000 km")?;
        }
        let handover = &self.handover;
        inside("the filter", f64::from(handover.filter), (0.0, 19.0), "0 to 19")?;
        if let HandoverKind::A3 { offset_db, hysteresis_db, .. } = handover.kind {
            inside("the offset", offset_db, (-15.0, 15.0), "-15 to 15 dB")?;
            inside("the hysteresis", hysteresis_db, (0.0, 15.0), "0 to 15 dB")?;
        }
        let interruption_s = handover.interruption.as_secs();
        let allowed = "0 to 1 s and less than the period";
        inside("the interruption", interruption_s, (0.0, 1.0), allowed)?;
        if handover.interruption >= self.period {
            let what = "the interruption";
            return Err(CellsError::Range { part: part(), what, value: interruption_s, allowed });
        }
        let failure = &self.failure;
        inside("N310", f64::from(failure.n310), (1.0, 20.0), "1 to 20")?;
        inside("N311", f64::from(failure.n311), (1.0, 10.0), "1 to 10")?;
        inside("T310", failure.t310.as_secs(), (0.0, 6.0), "0 to 6 s")?;
        inside("T311", failure.t311.as_secs(), (0.0, 30.0), "0 to 30 s")?;
        for own in &self.carriers {
            let named = |source| CellsError::Radio { part: own.name.clone(), source };
            own.downlink.check().map_err(named)?;
            own.uplink.check().map_err(named)?;
            self.path_loss.range().check_carrier(own.carrier.centre_hz()).map_err(named)?;
            let slot_s = own.carrier.numerology().slot_s();
            if matches!(self.fidelity, FidelityChoice::Slots) && period_s < 20.0 * slot_s {
                let allowed = "at least 20 slots of each carrier where links are looked at slot by slot";
                inside("the period", period_s, (20.0 * slot_s, 60.0), allowed)?;
            }
        }
        for own in &self.jammers {
            let named = |source| CellsError::Radio { part: own.name.clone(), source };
            own.jammer.check().map_err(named)?;
            let windows = own.windows.as_deref().unwrap_or_default();
            let in_order = windows.iter().all(|(from, to)| from < to)
                && windows.windows(2).all(|pair| pair[0].1 <= pair[1].0);
            if !in_order {
                return Err(CellsError::Windows { jammer: own.name.clone() });
            }
        }
        Ok(())
    }
}

/// Checks figures of a class: what, value, range, what is allowed.
fn check_all(
    part: &str,
    checks: &[(&'static str, f64, (f64, f64), &'static str)],
) -> Result<(), CellsError> {
    for &(what, value, (least, most), allowed) in checks {
        if !(least..=most).contains(&value) {
            return Err(CellsError::Range { part: part.to_owned(), what, value, allowed });
        }
    }
    Ok(())
}

impl GnbSpec {
    /// Checks the figures of a class of this name, where there are so many carriers.
    ///
    /// # Errors
    /// The first that is out of its range.
    pub fn check(&self, class: &str, carriers: usize) -> Result<(), CellsError> {
        if let Some(&carrier) = self.carriers.iter().find(|&&own| own >= carriers) {
            return Err(CellsError::UnknownCarrier { gnb: class.to_owned(), carrier, count: carriers });
        }
        let (own, sectors) = (self.carriers.len() as f64, self.sectors.len() as f64);
        check_all(
            class,
            &[
                ("the number of carriers", own, (1.0, 64.0), "1 to 64"),
                ("the number of sectors", sectors, (1.0, 12.0), "1 to 12"),
                ("the transmit power", self.transmit_dbm, (-50.0, 100.0), "-50 to 100 dBm"),
                ("the antenna gain", self.antenna_gain_db, (-50.0, 50.0), "-50 to 50 dB"),
                ("the height", self.height_m, (0.1, 1000.0), "0.1 to 1000 m"),
                ("the noise figure", self.noise_figure_db, (0.0, 30.0), "0 to 30 dB"),
                ("the background load", self.background_load, (0.0, 0.95), "0 to 0.95"),
            ],
        )?;
        for sector in &self.sectors {
            let azimuth_deg = sector.azimuth_deg.unwrap_or(0.0);
            check_all(
                class,
                &[
                    ("the azimuth", azimuth_deg, (-360.0, 360.0), "-360 to 360 degrees"),
                    ("the beamwidth", sector.beamwidth_deg, (1.0, 360.0), "1 to 360 degrees"),
                    ("the front-to-back ratio", sector.front_to_back_db, (0.0, 100.0), "0 to 100 dB"),
                ],
            )?;
        }
        Ok(())
    }
}

impl DeviceRadioSpec {
    /// Checks the figures of a class of this name.
    ///
    /// # Errors
    /// The first that is out of its range.
    pub fn check(&self, class: &str) -> Result<(), CellsError> {
        let [down_bps, up_bps] = self.background_bps;
        let rate = "0 or more";
        let depth_m = match self.loss {
            DeviceLoss::Building { deepest_m, .. } => deepest_m,
            _ => 0.0,
        };
        check_all(
            class,
            &[
                ("the height", self.height_m.unwrap_or(1.5), (0.1, 10_000.0), "0.1 to 10000 m"),
                ("the antenna gain", self.antenna_gain_db, (-50.0, 50.0), "-50 to 50 dB"),
                ("the noise figure", self.noise_figure_db, (0.0, 30.0), "0 to 30 dB"),
                ("the target power", self.power.target_dbm, (-202.0, 24.0), "-202 to 24 dBm"),
                ("alpha", self.power.alpha, (0.0, 1.0), "0 to 1"),
                ("the greatest power", self.power.most_dbm, (-60.0, 60.0), "-60 to 60 dBm"),
                ("the background traffic down", down_bps, (0.0, f64::INFINITY), rate),
                ("the background traffic up", up_bps, (0.0, f64::INFINITY), rate),
                ("the depth in the building", depth_m, (0.0, 1000.0), "0 to 1000 m"),
            ],
        )
    }
}
