//! Modulation and coding schemes, and channel quality indicators.

use super::error::NrError;

/// A modulation and a code rate.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CodingScheme {
    /// Bits of a modulation symbol: 2 (QPSK), 4, 6, 8 or 10 (1024QAM).
    pub modulation_bits: u32,
    /// 1024 x code rate.
    pub rate_x1024: f64,
}

impl CodingScheme {
    /// Code rate, above 0 and below 1.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rate_x1024 / 1024.0
    }

    /// Spectral efficiency: information bits of a resource element.
    #[must_use]
    pub fn efficiency(&self) -> f64 {
        f64::from(self.modulation_bits) * self.rate()
    }

    /// Name of the modulation.
    #[must_use]
    pub fn modulation(&self) -> &'static str {
        match self.modulation_bits {
            2 => "QPSK",
            4 => "16QAM",
            6 => "64QAM",
            8 => "256QAM",
            _ => "1024QAM",
        }
    }
}

/// Shorthand for rows.
const fn row(modulation_bits: u32, rate_x1024: f64) -> CodingScheme {
    CodingScheme { modulation_bits, rate_x1024 }
}

/// Tables of modulation and coding schemes of the shared channels (TS 38.214, 5.1.3.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum McsTable {
    /// Table 5.1.3.1-1, up to 64QAM.
    #[default]
    Qam64,
    /// Table 5.1.3.1-2, up to 256QAM.
    Qam256,
    /// Table 5.1.3.1-3, up to 64QAM at low rates, for ultra-reliable links.
    LowEfficiency,
    /// Table 5.1.3.1-4, up to 1024QAM.
    Qam1024,
}

impl McsTable {
    /// All of them.
    pub const ALL: [McsTable; 4] =
        [McsTable::Qam64, McsTable::Qam256, McsTable::LowEfficiency, McsTable::Qam1024];

    /// Its rows by their index; those that are reserved for retransmissions are not among them.
    #[must_use]
    pub const fn schemes(self) -> &'static [CodingScheme] {
        match self {
            McsTable::Qam64 => &MCS_1,
            McsTable::Qam256 => &MCS_2,
            McsTable::LowEfficiency => &MCS_3,
            McsTable::Qam1024 => &MCS_4,
        }
    }

    /// The scheme of an index.
    ///
    /// # Errors
    /// An index that is reserved or beyond 31.
    pub fn scheme(self, index: u32) -> Result<CodingScheme, NrError> {
        self.schemes().get(index as usize).copied().ok_or(NrError::Parameter {
            what: "MCS index",
            value: f64::from(index),
            unit: "",
            allowed: match self {
                McsTable::Qam64 | McsTable::LowEfficiency => {
                    "0 to 28 in this table; 29 to 31 are reserved"
                }
                McsTable::Qam256 => "0 to 27 in this table; 28 to 31 are reserved",
                McsTable::Qam1024 => "0 to 26 in this table; 27 to 31 are reserved",
            },
        })
    }

    /// The table's highest index whose efficiency is no higher than this, or 0.
    ///
    /// ```
    /// use stratosim::infra::nr::{CqiTable, McsTable};
    /// // CQI 9 of the first table is 16QAM at 616/1024, which MCS 15 is, too.
    /// let efficiency = CqiTable::Qam64.scheme(9).unwrap().unwrap().efficiency();
    /// assert_eq!(McsTable::Qam64.index_of(efficiency), 15);
    /// ```
    #[must_use]
    pub fn index_of(self, efficiency: f64) -> u32 {
        let fits = |scheme: &CodingScheme| scheme.efficiency() <= efficiency + 1e-9;
        self.schemes().iter().rposition(fits).unwrap_or(0) as u32
    }
}

/// Tables of channel quality indicators (TS 38.214, 5.2.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CqiTable {
    /// Table 5.2.2.1-2, up to 64QAM, for 10 % of block errors.
    #[default]
    Qam64,
    /// Table 5.2.2.1-3, up to 256QAM, for 10 % of block errors.
    Qam256,
    /// Table 5.2.2.1-4, up to 64QAM at low rates, for 0.001 % of block errors.
    LowEfficiency,
}

impl CqiTable {
    /// All of them.
    pub const ALL: [CqiTable; 3] = [CqiTable::Qam64, CqiTable::Qam256, CqiTable::LowEfficiency];

    /// The schemes of CQI 1 to 15. CQI 0 says that the device is out of range.
    #[must_use]
    pub const fn schemes(self) -> &'static [CodingScheme; 15] {
        match self {
            CqiTable::Qam64 => &CQI_1,
            CqiTable::Qam256 => &CQI_2,
            CqiTable::LowEfficiency => &CQI_3,
        }
    }

    /// The scheme of a CQI, `None` for 0.
    ///
    /// # Errors
    /// A CQI above 15.
    pub fn scheme(self, cqi: u32) -> Result<Option<CodingScheme>, NrError> {
        match (cqi as usize).checked_sub(1) {
            None => Ok(None),
            Some(place) => {
                self.schemes().get(place).map(|scheme| Some(*scheme)).ok_or(NrError::Parameter {
                    what: "CQI",
                    value: f64::from(cqi),
                    unit: "",
                    allowed: "0 to 15",
                })
            }
        }
    }

    /// Share of block errors that a CQI promises not to exceed.
    #[must_use]
    pub const fn target_error(self) -> f64 {
        match self {
            CqiTable::Qam64 | CqiTable::Qam256 => 0.1,
            CqiTable::LowEfficiency => 1e-5,
        }
    }

    /// The table of coding schemes that is used with it.
    #[must_use]
    pub const fn mcs_table(self) -> McsTable {
        match self {
            CqiTable::Qam64 => McsTable::Qam64,
            CqiTable::Qam256 => McsTable::Qam256,
            CqiTable::LowEfficiency => McsTable::LowEfficiency,
        }
    }
}

/// TS 38.214, table 5.1.3.1-1.
const MCS_1: [CodingScheme; 29] = [
    row(2, 120.0),
    row(2, 157.0),
    row(2, 193.0),
    row(2, 251.0),
    row(2, 308.0),
    row(2, 379.0),
    row(2, 449.0),
    row(2, 526.0),
    row(2, 602.0),
    row(2, 679.0),
    row(4, 340.0),
    row(4, 378.0),
    row(4, 434.0),
    row(4, 490.0),
    row(4, 553.0),
    row(4, 616.0),
    row(4, 658.0),
    row(6, 438.0),
    row(6, 466.0),
    row(6, 517.0),
    row(6, 567.0),
    row(6, 616.0),
    row(6, 666.0),
    row(6, 719.0),
    row(6, 772.0),
    row(6, 822.0),
    row(6, 873.0),
    row(6, 910.0),
    row(6, 948.0),
];

/// TS 38.214, table 5.1.3.1-2.
const MCS_2: [CodingScheme; 28] = [
    row(2, 120.0),
    row(2, 193.0),
    row(2, 308.0),
    row(2, 449.0),
    row(2, 602.0),
    row(4, 378.0),
    row(4, 434.0),
    row(4, 490.0),
    row(4, 553.0),
    row(4, 616.0),
    row(4, 658.0),
    row(6, 466.0),
    row(6, 517.0),
    row(6, 567.0),
    row(6, 616.0),
    row(6, 666.0),
    row(6, 719.0),
    row(6, 772.0),
    row(6, 822.0),
    row(6, 873.0),
    row(8, 682.5),
    row(8, 711.0),
    row(8, 754.0),
    row(8, 797.0),
    row(8, 841.0),
    row(8, 885.0),
    row(8, 916.5),
    row(8, 948.0),
];

/// TS 38.214, table 5.1.3.1-3.
const MCS_3: [CodingScheme; 29] = [
    row(2, 30.0),
    row(2, 40.0),
    row(2, 50.0),
    row(2, 64.0),
    row(2, 78.0),
    row(2, 99.0),
    row(2, 120.0),
    row(2, 157.0),
    row(2, 193.0),
    row(2, 251.0),
    row(2, 308.0),
    row(2, 379.0),
    row(2, 449.0),
    row(2, 526.0),
    row(2, 602.0),
    row(4, 340.0),
    row(4, 378.0),
    row(4, 434.0),
    row(4, 490.0),
    row(4, 553.0),
    row(4, 616.0),
    row(6, 438.0),
    row(6, 466.0),
    row(6, 517.0),
    row(6, 567.0),
    row(6, 616.0),
    row(6, 666.0),
    row(6, 719.0),
    row(6, 772.0),
];

/// TS 38.214, table 5.1.3.1-4.
const MCS_4: [CodingScheme; 27] = [
    row(2, 120.0),
    row(2, 193.0),
    row(2, 449.0),
    row(4, 378.0),
    row(4, 490.0),
    row(4, 616.0),
    row(6, 466.0),
    row(6, 517.0),
    row(6, 567.0),
    row(6, 616.0),
    row(6, 666.0),
    row(6, 719.0),
    row(6, 772.0),
    row(6, 822.0),
    row(6, 873.0),
    row(8, 682.5),
    row(8, 711.0),
    row(8, 754.0),
    row(8, 797.0),
    row(8, 841.0),
    row(8, 885.0),
    row(8, 916.5),
    row(8, 948.0),
    row(10, 805.5),
    row(10, 853.0),
    row(10, 900.5),
    row(10, 948.0),
];

/// TS 38.214, table 5.2.2.1-2, from CQI 1.
const CQI_1: [CodingScheme; 15] = [
    row(2, 78.0),
    row(2, 120.0),
    row(2, 193.0),
    row(2, 308.0),
    row(2, 449.0),
    row(2, 602.0),
    row(4, 378.0),
    row(4, 490.0),
    row(4, 616.0),
    row(6, 466.0),
    row(6, 567.0),
    row(6, 666.0),
    row(6, 772.0),
    row(6, 873.0),
    row(6, 948.0),
];

/// TS 38.214, table 5.2.2.1-3, from CQI 1.
const CQI_2: [CodingScheme; 15] = [
    row(2, 78.0),
    row(2, 193.0),
    row(2, 449.0),
    row(4, 378.0),
    row(4, 490.0),
    row(4, 616.0),
    row(6, 466.0),
    row(6, 567.0),
    row(6, 666.0),
    row(6, 772.0),
    row(6, 873.0),
    row(8, 711.0),
    row(8, 797.0),
    row(8, 885.0),
    row(8, 948.0),
];

/// TS 38.214, table 5.2.2.1-4, from CQI 1.
const CQI_3: [CodingScheme; 15] = [
    row(2, 30.0),
    row(2, 50.0),
    row(2, 78.0),
    row(2, 120.0),
    row(2, 193.0),
    row(2, 308.0),
    row(2, 449.0),
    row(2, 602.0),
    row(4, 378.0),
    row(4, 490.0),
    row(4, 616.0),
    row(6, 466.0),
    row(6, 567.0),
    row(6, 666.0),
    row(6, 772.0),
];

#[cfg(test)]
mod tests {
    use super::super::reference;
    use super::*;

    fn number(table: &str) -> usize {
        let last = table.rsplit('-').next().expect("a number");
        last.parse().expect("a number")
    }

    /// Rows by hand, efficiencies as the standard prints them, and all rows where the tables are at hand.
    #[test]
    fn schemes_are_those_of_the_standard() {
        let efficiency = |scheme: CodingScheme| (scheme.efficiency() * 1e4).round() / 1e4;
        let mcs = |table: McsTable, index| table.scheme(index).expect("a row");
        assert_eq!(efficiency(mcs(McsTable::Qam64, 9)), 1.3262);
        assert_eq!(efficiency(mcs(McsTable::Qam64, 10)), 1.3281);
        assert_eq!(efficiency(mcs(McsTable::Qam256, 20)), 5.332);
        assert_eq!(efficiency(mcs(McsTable::Qam1024, 26)), 9.2578);
        assert_eq!(mcs(McsTable::LowEfficiency, 0).rate_x1024, 30.0);
        assert_eq!(McsTable::ALL.map(|table| table.schemes().len()), [29, 28, 29, 27]);
        assert_eq!(mcs(McsTable::Qam1024, 23).modulation(), "1024QAM");
        let Some(rows) = reference::rows("mcs_tables_38214.csv") else { return };
        assert_eq!(rows.len(), 113);
        for row in rows {
            let table = McsTable::ALL[number(row.text("table_38214")) - 1];
            let scheme = mcs(table, row.number("mcs_index") as u32);
            assert_eq!(scheme.modulation(), row.text("modulation"), "{row:?}");
            assert_eq!(f64::from(scheme.modulation_bits), row.number("qm"), "{row:?}");
            assert_eq!(scheme.rate_x1024, row.number("code_rate_x1024"), "{row:?}");
            assert!((scheme.efficiency() - row.number("spectral_efficiency")).abs() < 5.1e-5, "{row:?}");
        }
        let rows = reference::rows("cqi_tables_38214.csv").expect("beside the other");
        assert_eq!(rows.len(), 48);
        for row in rows {
            let table = CqiTable::ALL[number(row.text("table_38214")) - 2];
            let Some(scheme) = table.scheme(row.number("cqi_index") as u32).expect("a row") else {
                assert_eq!(row.number("qm"), 0.0);
                continue;
            };
            assert_eq!(scheme.modulation(), row.text("modulation"), "{row:?}");
            assert_eq!(scheme.rate_x1024, row.number("code_rate_x1024"), "{row:?}");
            assert!((scheme.efficiency() - row.number("spectral_efficiency")).abs() < 5.1e-5, "{row:?}");
        }
    }

    /// The same as srsRAN's lists.
    #[test]
    fn indicators_become_the_schemes_of_the_same_efficiency() {
        let index = |table: CqiTable, cqi: u32| {
            let scheme = table.scheme(cqi).expect("a CQI").expect("in range");
            table.mcs_table().index_of(scheme.efficiency())
        };
        let all = |table| (1..=15).map(|cqi| index(table, cqi)).collect::<Vec<u32>>();
        assert_eq!(all(CqiTable::Qam64), [0, 0, 2, 4, 6, 8, 11, 13, 15, 18, 20, 22, 24, 26, 28]);
        assert_eq!(all(CqiTable::Qam256), [0, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27]);
        assert_eq!(all(CqiTable::LowEfficiency), (0..15).map(|cqi| 2 * cqi).collect::<Vec<u32>>());
    }

    #[test]
    fn reserved_indices_are_explained() {
        let text = McsTable::Qam256.scheme(28).expect_err("reserved").to_string();
        assert_eq!(text, "MCS index is 28, but must be 0 to 27 in this table; 28 to 31 are reserved");
        assert!(CqiTable::Qam64.scheme(16).is_err());
    }
}
