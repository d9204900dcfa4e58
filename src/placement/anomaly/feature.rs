//! What detectors look at: columns of the table `radio_devices` that a base station or a device can know.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Declares the features with their columns and the least change of each that means something.
macro_rules! features {
    ($($(#[$doc:meta])* $name:ident = $column:literal, $least:literal;)*) => {
        /// A measurement of a device in a period, named as its column of the table `radio_devices`, and in its unit.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        pub enum Feature {
            $($(#[$doc])* #[serde(rename = $column)] $name,)*
        }

        impl Feature {
            /// All features.
            pub const ALL: [Feature; [$($column),*].len()] = [$(Feature::$name),*];

            /// Its column of the table `radio_devices`.
            #[must_use]
            pub const fn column(self) -> &'static str {
                match self { $(Feature::$name => $column,)* }
            }

            /// The least standard deviation that it is taken to have, in its unit: the first values of a device that
            /// stands may all be equal.
            #[must_use]
            pub const fn least_deviation(self) -> f64 {
                match self { $(Feature::$name => $least,)* }
            }
        }
    };
}

features! {
    /// Power of the serving cell.
    Rsrp = "rsrp_dbm", 1.0;
    /// Its share in all power.
    Rsrq = "rsrq_db", 1.0;
    /// All power in the carrier.
    Rssi = "rssi_dbm", 1.0;
    /// Signal to interference and noise where the cell is measured.
    Sinr = "sinr_db", 1.0;
    /// Power of the strongest other cell.
    NeighbourRsrp = "neighbour_rsrp_dbm", 1.0;
    /// Channel quality indicator.
    Cqi = "cqi", 1.0;
    /// Coding scheme of the downlink.
    DlMcs = "dl_mcs", 1.0;
    /// Rate delivered on the downlink.
    DlBrate = "dl_brate_bps", 1e6;
    /// Transport blocks received on the downlink.
    DlOk = "dl_ok", 10.0;
    /// Transport blocks not received on the downlink.
    DlNok = "dl_nok", 10.0;
    /// Share of the downlink's transport blocks that were not received.
    DlBler = "dl_bler", 0.02;
    /// Signal to interference and noise of the downlink's data.
    DlSinr = "dl_sinr_db", 1.0;
    /// Coding scheme of the uplink.
    UlMcs = "ul_mcs", 1.0;
    /// Rate delivered on the uplink.
    UlBrate = "ul_brate_bps", 1e6;
    /// Transport blocks received on the uplink.
    UlOk = "ul_ok", 10.0;
    /// Transport blocks not received on the uplink.
    UlNok = "ul_nok", 10.0;
    /// Share of the uplink's transport blocks that were not received.
    UlBler = "ul_bler", 0.02;
    /// Signal to interference and noise of the uplink's data.
    PuschSnr = "pusch_snr_db", 1.0;
    /// Power of the uplink's data at the base station.
    PuschRsrp = "pusch_rsrp_dbm", 1.0;
    /// Signal to interference and noise of the uplink's control channel.
    PucchSnr = "pucch_snr_db", 1.0;
    /// Power that the device has left.
    Phr = "phr_db", 1.0;
    /// Share of transport blocks of both directions that were received.
    MacPdr = "mac_pdr", 0.02;
    /// Share of the bytes offered that were delivered.
    IpPdr = "ip_pdr", 0.02;
}

/// The features of a device in a period; those that were not measured are missing.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Features([Option<f64>; Feature::ALL.len()]);

impl Features {
    /// The value of a feature, if it was measured.
    #[must_use]
    pub fn get(&self, feature: Feature) -> Option<f64> {
        self.0[feature as usize]
    }

    /// Sets a feature; what is no number is missing.
    pub fn set(&mut self, feature: Feature, value: Option<f64>) {
        self.0[feature as usize] = value.filter(|value| value.is_finite());
    }
}

impl FromIterator<(Feature, f64)> for Features {
    fn from_iter<I: IntoIterator<Item = (Feature, f64)>>(values: I) -> Self {
        let mut features = Features::default();
        values.into_iter().for_each(|(feature, value)| features.set(feature, Some(value)));
        features
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn features_are_named_by_their_columns() {
        for feature in Feature::ALL {
            let named = serde_json::to_value(feature).unwrap();
            assert_eq!(named, feature.column());
            assert_eq!(serde_json::from_value::<Feature>(named).unwrap(), feature);
        }
    }

    #[test]
    fn what_is_no_number_is_missing() {
        let mut features: Features =
            [(Feature::Cqi, 9.0), (Feature::Sinr, f64::NAN)].into_iter().collect();
        assert_eq!((features.get(Feature::Cqi), features.get(Feature::Sinr)), (Some(9.0), None));
        features.set(Feature::Cqi, None);
        assert_eq!(features, Features::default());
    }
}
