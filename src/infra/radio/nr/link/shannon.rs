//! Shannon's bound.

use super::super::error::{NrError, within};
use super::super::from_db;
use super::{LinkConfig, LinkFidelity, LinkMemory, LinkOutcome, LinkPeriod, Tables, mean_sinr_db};
use crate::engine::EntityStream;

/// What Shannon's bound with a gap allows: lg2(1 + SINR / gap) bits for each resource element that carries data, and no
/// more than the highest coding scheme. No blocks are lost; lost grants take their share.
#[derive(Clone, Debug)]
pub struct ShannonLink {
    tables: Tables,
    gap: f64,
    /// Resource elements that carry data in a second, over all resource blocks.
    elements_per_s: f64,
    /// Greatest bits of a resource element.
    most: f64,
}

impl ShannonLink {
    /// What a link of modern codes loses against the bound in dB: the mean gap of the curves at 1000 bits, 2 dB.
    pub const USUAL_GAP_DB: f64 = 2.0;

    /// The link of a configuration, with a gap in dB, 0 to 20. Simu5G has 8.2 dB for a bit error rate of 1e-5.
    ///
    /// # Errors
    /// A figure of the configuration that is out of its range, or the gap.
    pub fn new(config: LinkConfig, gap_db: f64) -> Result<Self, NrError> {
        within("gap to Shannon's bound", gap_db, (0.0, 20.0), "dB", "0 to 20 dB")?;
        let tables = Tables::new(config)?;
        let in_pattern: u32 =
            config.pattern().map(|symbols| config.grant(symbols).data_elements()).sum();
        let schemes = config.mcs_table.schemes().iter();
        let most = schemes.map(|scheme| scheme.efficiency()).fold(0.0, f64::max);
        let elements_per_s = f64::from(in_pattern) * config.patterns_per_s();
        Ok(ShannonLink { tables, gap: from_db(gap_db), elements_per_s, most })
    }
}

impl LinkFidelity for ShannonLink {
    fn name(&self) -> &'static str {
        "shannon"
    }

    fn period(&self, period: &LinkPeriod<'_>, _: &mut LinkMemory, _: &mut EntityStream) -> LinkOutcome {
        let config = &self.tables.config;
        let layers = f64::from(config.layers);
        let slots = period.share * period.duration_s * self.tables.data_slots_per_s;
        let mut outcome = LinkOutcome { sinr_db: mean_sinr_db(period.states), ..LinkOutcome::default() };
        let mut index = 0.0;
        for state in period.states {
            let of = |sinr: f64| (sinr / (layers * self.gap)).ln_1p() / std::f64::consts::LN_2;
            let efficiency: f64 =
                state.groups.iter().map(|group| group.share * of(group.sinr).min(self.most)).sum();
            let granted = state.time * (1.0 - state.control.grant);
            outcome.goodput_bps += period.share * granted * layers * self.elements_per_s * efficiency;
            outcome.ok += slots * granted;
            index += slots * granted * f64::from(config.mcs_table.index_of(efficiency));
            let fits = |scheme: &super::CodingScheme| scheme.efficiency() <= efficiency + 1e-9;
            let cqi = config.cqi_table.schemes().iter().rposition(fits).map_or(0, |place| place + 1);
            outcome.cqi += state.time * cqi as f64;
        }
        if outcome.ok > 0.0 {
            outcome.attempts = 1.0;
            outcome.mcs = index / outcome.ok;
        }
        outcome
    }
}
