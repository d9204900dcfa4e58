//! Servers measured by SPECpower_ssj2008: average active power at active idle and at 10, 20, ..., 100 % of the
//! calibrated load, in watts. Collected from public code (CloudSim, the catalogue of optiplace and others); idle
//! and full load of each agree with the list of all results at spec.org.

/// A server and its eleven measured points.
pub(super) struct Server {
    pub(super) name: &'static str,
    pub(super) about: &'static str,
    pub(super) watts: [f64; 11],
}

const fn server(name: &'static str, about: &'static str, watts: [f64; 11]) -> Server {
    Server { name, about, watts }
}

#[rustfmt::skip]
pub(super) static SERVERS: [Server; 21] = [
    server("hp_proliant_ml110_g3", "HP ProLiant ML110 G3, 1 x Pentium D 930 3.0GHz, 2 cores, 4 GB, published 2011-02",
        [105.0, 112.0, 118.0, 125.0, 131.0, 137.0, 147.0, 153.0, 157.0, 164.0, 169.0]),
    server("hp_proliant_ml110_g4", "HP ProLiant ML110 G4, 1 x Xeon 3040 1.86GHz, 2 cores, 4 GB, published 2011-02",
        [86.0, 89.4, 92.6, 96.0, 99.5, 102.0, 106.0, 108.0, 112.0, 114.0, 117.0]),
    server("hp_proliant_ml110_g5", "HP ProLiant ML110 G5, 1 x Xeon 3075 2.66GHz, 2 cores, 4 GB, published 2011-02",
        [93.7, 97.0, 101.0, 105.0, 110.0, 116.0, 121.0, 125.0, 129.0, 133.0, 135.0]),
    server("ibm_x3250_m3_x3470", "IBM x3250 M3, 1 x Xeon X3470 2.93GHz, 4 cores, 8 GB, published 2009-11",
        [41.6, 46.7, 52.3, 57.9, 65.4, 73.0, 80.7, 89.5, 99.6, 105.0, 113.0]),
    server("ibm_x3250_m3_x3480", "IBM x3250 M3, 1 x Xeon X3480 3.07GHz, 4 cores, 8 GB, published 2010-10",
        [42.3, 46.7, 49.7, 55.4, 61.8, 69.3, 76.1, 87.0, 96.1, 106.0, 113.0]),
    server("ibm_x3550_m3_x5670", "IBM x3550 M3, 2 x Xeon X5670 2.93GHz, 12 cores, 12 GB, published 2010-04",
        [66.0, 107.0, 120.0, 131.0, 143.0, 156.0, 173.0, 191.0, 211.0, 229.0, 247.0]),
    server("ibm_x3550_m3_x5675", "IBM x3550 M3, 2 x Xeon X5675 3.07GHz, 12 cores, 16 GB, published 2011-04",
        [58.4, 98.0, 109.0, 118.0, 128.0, 140.0, 153.0, 170.0, 189.0, 205.0, 222.0]),
    server("hp_proliant_dl160_g5", "HP ProLiant DL160 G5, 2 x Xeon E5450 3.0GHz, 8 cores, 16 GB, published 2007-12",
        [160.0, 174.0, 189.0, 203.0, 215.0, 227.0, 238.0, 247.0, 256.0, 264.0, 269.0]),
    server("fujitsu_primergy_rx300_s4", "Fujitsu Primergy RX300 S4, 2 x Xeon E5440 2.83GHz, 8 cores, 16 GB, published 2008-01",
        [166.0, 179.0, 191.0, 200.0, 212.0, 224.0, 235.0, 245.0, 252.0, 259.0, 265.0]),
    server("dell_poweredge_r620", "Dell PowerEdge R620, 2 x Xeon E5-2670 2.6GHz, 16 cores, 24 GB, published 2012-03",
        [54.1, 78.4, 88.5, 99.5, 115.0, 126.0, 143.0, 165.0, 196.0, 226.0, 243.0]),
    server("dell_poweredge_r720", "Dell PowerEdge R720, 2 x Xeon E5-2670 2.6GHz, 16 cores, 24 GB, published 2012-03",
        [51.0, 75.0, 84.5, 95.0, 110.0, 120.0, 137.0, 159.0, 187.0, 217.0, 231.0]),
    server("dell_poweredge_t620", "Dell PowerEdge T620, 2 x Xeon E5-2670 2.6GHz, 16 cores, 24 GB, published 2012-03",
        [50.2, 73.7, 83.3, 93.8, 110.0, 119.0, 135.0, 156.0, 183.0, 212.0, 227.0]),
    server("fujitsu_primergy_rx300_s7", "Fujitsu PRIMERGY RX300 S7, 2 x Xeon E5-2660, 16 cores, 32 GB, published 2012-03",
        [53.1, 74.9, 85.3, 94.9, 105.0, 117.0, 134.0, 156.0, 187.0, 217.0, 245.0]),
    server("huawei_rh2288_v2_e5_2660", "Huawei RH2288 V2, 2 x Xeon E5-2660, 16 cores, 32 GB, published 2012-02",
        [59.7, 87.2, 97.9, 109.0, 120.0, 133.0, 150.0, 171.0, 196.0, 231.0, 257.0]),
    server("huawei_rh2288_v2_e5_2670", "Huawei RH2288 V2, 2 x Xeon E5-2670, 16 cores, 32 GB, published 2012-03",
        [55.6, 79.4, 90.5, 102.0, 112.0, 128.0, 148.0, 172.0, 200.0, 238.0, 282.0]),
    server("acer_altos_r380_f2", "Acer Altos R380 F2, 2 x Xeon E5-2660, 16 cores, 24 GB, published 2013-04",
        [71.5, 89.0, 104.0, 122.0, 146.0, 174.0, 193.0, 213.0, 239.0, 295.0, 316.0]),
    server("hpe_proliant_dl360_gen9", "HPE ProLiant DL360 Gen9, 2 x Xeon E5-2699 v3 2.3GHz, 36 cores, 64 GB, published 2016-01",
        [45.0, 83.7, 101.0, 118.0, 133.0, 145.0, 162.0, 188.0, 218.0, 248.0, 276.0]),
    server("dell_poweredge_r830", "Dell PowerEdge R830, 4 x Xeon E5-4669 v4 2.2GHz, 88 cores, 256 GB, published 2016-07",
        [86.4, 181.0, 215.0, 253.0, 287.0, 315.0, 340.0, 377.0, 421.0, 483.0, 562.0]),
    server("dell_poweredge_r640", "Dell PowerEdge R640, 2 x Xeon Platinum 8180, 56 cores, 192 GB, published 2017-09",
        [55.0, 125.0, 151.0, 176.0, 202.0, 232.0, 261.0, 301.0, 357.0, 421.0, 469.0]),
    server("dell_poweredge_r740", "Dell PowerEdge R740, 2 x Xeon Platinum 8180, 56 cores, 192 GB, published 2017-09",
        [52.3, 129.0, 147.0, 170.0, 195.0, 224.0, 255.0, 292.0, 344.0, 408.0, 457.0]),
    server("dell_poweredge_r940", "Dell PowerEdge R940, 4 x Xeon Platinum 8180, 112 cores, 384 GB, published 2017-10",
        [106.0, 245.0, 292.0, 336.0, 383.0, 437.0, 502.0, 583.0, 694.0, 820.0, 915.0]),
];
