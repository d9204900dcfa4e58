//! Transport blocks: how many bits a grant carries, and the code blocks they are cut into.

use super::carrier::{Direction, FrequencyRange, Numerology, SUBCARRIERS_PER_BLOCK, SYMBOLS_PER_SLOT};
use super::tables::CodingScheme;

/// TS 38.214, table 5.1.3.2-1: sizes of transport blocks up to 3824 bits.
const SIZES: [u32; 93] = [
    24, 32, 40, 48, 56, 64, 72, 80, 88, 96, 104, 112, 120, 128, 136, 144, 152, 160, 168, 176, 184, 192,
    208, 224, 240, 256, 272, 288, 304, 320, 336, 352, 368, 384, 408, 432, 456, 480, 504, 528, 552, 576,
    608, 640, 672, 704, 736, 768, 808, 848, 888, 928, 984, 1032, 1064, 1128, 1160, 1192, 1224, 1256,
    1288, 1320, 1352, 1416, 1480, 1544, 1608, 1672, 1736, 1800, 1864, 1928, 2024, 2088, 2152, 2216,
    2280, 2408, 2472, 2536, 2600, 2664, 2728, 2792, 2856, 2976, 3104, 3240, 3368, 3496, 3624, 3752,
    3824,
];

/// The resources of a grant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Grant {
    /// Resource blocks.
    pub resource_blocks: u32,
    /// Symbols of the slot, 1 to 14.
    pub symbols: u32,
    /// Resource elements of each resource block that reference signals take (DM-RS), 12 for a symbol.
    pub reference_elements: u32,
    /// Resource elements of each resource block for other overhead (xOverhead): 0, 6, 12 or 18.
    pub overhead_elements: u32,
    /// Layers, 1 to 8.
    pub layers: u32,
}

impl Grant {
    /// Resource elements that carry data, over all resource blocks, each counted once for all layers.
    #[must_use]
    pub fn data_elements(&self) -> u32 {
        self.of_block().saturating_mul(self.resource_blocks)
    }

    /// Those of a resource block.
    fn of_block(&self) -> u32 {
        let taken = self.reference_elements.saturating_add(self.overhead_elements);
        SUBCARRIERS_PER_BLOCK.saturating_mul(self.symbols).saturating_sub(taken)
    }

    /// Size of the transport block in bits (TS 38.214, 5.1.3.2), 0 if there is nothing to carry it.
    ///
    /// ```
    /// use stratosim::infra::nr::{Grant, McsTable};
    /// let grant = Grant {
    ///     resource_blocks: 273, symbols: 14, reference_elements: 12, overhead_elements: 0, layers: 4,
    /// };
    /// let scheme = McsTable::Qam256.scheme(27).unwrap();
    /// assert_eq!(grant.transport_block_bits(&scheme), 1_277_992);
    /// ```
    #[must_use]
    pub fn transport_block_bits(&self, scheme: &CodingScheme) -> u32 {
        let elements = f64::from(self.of_block().min(156)) * f64::from(self.resource_blocks);
        let bits = f64::from(scheme.modulation_bits) * f64::from(self.layers);
        let information = elements * scheme.rate() * bits;
        if information <= 0.0 {
            return 0;
        }
        if information <= 3824.0 {
            // floor(lg2) - 6, and 3 at least; below 1 bit it is 3, too.
            let n = (information as u64).max(1).ilog2().saturating_sub(6).max(3);
            let rounded = ((information as u64 >> n) << n).max(24);
            let place = SIZES.partition_point(|&bits| u64::from(bits) < rounded);
            return SIZES.get(place).copied().unwrap_or(3824);
        }
        let rest = information - 24.0;
        let n = (rest as u64).ilog2() - 5;
        let step = (1_u64 << n) as f64;
        let rounded = (((rest / step + 0.5).floor() * step) as u64).max(3840);
        let blocks = if scheme.rate() <= 0.25 {
            (rounded + 24).div_ceil(3816)
        } else if rounded > 8424 {
            (rounded + 24).div_ceil(8424)
        } else {
            1
        };
        u32::try_from(8 * blocks * (rounded + 24).div_ceil(8 * blocks) - 24).unwrap_or(u32::MAX)
    }
}

/// The code blocks of a transport block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CodeBlocks {
    /// Base graph of the LDPC code: 1 for long blocks, 2 for short blocks and low rates.
    pub base_graph: u8,
    /// Number of code blocks, at least 1.
    pub count: u32,
    /// Bits of each with its checksums.
    pub bits: u32,
}

impl CodeBlocks {
    /// Cuts a transport block of so many bits at a code rate (TS 38.212, 5.2.2 and 6.2.2).
    ///
    /// ```
    /// use stratosim::infra::nr::CodeBlocks;
    /// // 24 bits of checksum make 20024, which three blocks of 8448 bits hold with 24 more each.
    /// let blocks = CodeBlocks::of(20_000, 0.9);
    /// assert_eq!((blocks.base_graph, blocks.count, blocks.bits), (1, 3, 6699));
    /// assert_eq!(CodeBlocks::of(292, 0.9), CodeBlocks { base_graph: 2, count: 1, bits: 308 });
    /// ```
    #[must_use]
    pub fn of(transport_block_bits: u32, rate: f64) -> Self {
        let short = transport_block_bits <= 292
            || rate <= 0.25
            || (transport_block_bits <= 3824 && rate <= 0.67);
        let (base_graph, most) = if short { (2, 3840) } else { (1, 8448) };
        let whole =
            transport_block_bits.saturating_add(if transport_block_bits > 3824 { 24 } else { 16 });
        if whole <= most {
            return CodeBlocks { base_graph, count: 1, bits: whole };
        }
        let count = whole.div_ceil(most - 24);
        CodeBlocks { base_graph, count, bits: whole.div_ceil(count) + 24 }
    }
}

/// Greatest rate of a carrier in bits per second (TS 38.306, 4.1.2): v Qm R 12 N / Ts (1 - overhead), with a code rate of
/// 948/1024 and the standard's overheads: down 0.14 in FR1 and 0.18 in FR2, up 0.08 and 0.10. All symbols go one way.
///
/// ```
/// use stratosim::infra::nr::{Direction, FrequencyRange, Numerology, peak_rate_bps};
/// let peak = peak_rate_bps(273, Numerology::Khz30, FrequencyRange::Fr1, Direction::Downlink, 4, 8);
/// assert!((peak / 1e6 - 2337.0).abs() < 0.1);
/// ```
#[must_use]
pub fn peak_rate_bps(
    resource_blocks: u32,
    numerology: Numerology,
    range: FrequencyRange,
    direction: Direction,
    layers: u32,
    modulation_bits: u32,
) -> f64 {
    let overhead = match (direction, range) {
        (Direction::Downlink, FrequencyRange::Fr1) => 0.14,
        (Direction::Downlink, FrequencyRange::Fr2) => 0.18,
        (Direction::Uplink, FrequencyRange::Fr1) => 0.08,
        (Direction::Uplink, FrequencyRange::Fr2) => 0.10,
    };
    let symbols_per_s = f64::from(SYMBOLS_PER_SLOT) * numerology.slots_per_s();
    f64::from(layers)
        * f64::from(modulation_bits)
        * (948.0 / 1024.0)
        * f64::from(SUBCARRIERS_PER_BLOCK)
        * f64::from(resource_blocks)
        * symbols_per_s
        * (1.0 - overhead)
}

#[cfg(test)]
mod tests {
    use super::super::reference;
    use super::super::tables::McsTable;
    use super::*;
    use proptest::prelude::*;

    fn grant(resource_blocks: u32, symbols: u32, reference_elements: u32, layers: u32) -> Grant {
        Grant { resource_blocks, symbols, reference_elements, overhead_elements: 0, layers }
    }

    /// Rows of the table, of all branches: few bits, many bits, low rates with several blocks.
    #[test]
    fn sizes_are_those_of_sionna() {
        for (table, index, blocks, symbols, reference, layers, bits) in [
            (McsTable::Qam64, 0, 24, 14, 12, 4, 3496),
            (McsTable::Qam64, 4, 1, 4, 6, 1, 24),
            (McsTable::Qam64, 4, 6, 12, 12, 4, 1928),
            (McsTable::Qam64, 4, 106, 14, 12, 4, 39936),
            (McsTable::Qam64, 4, 273, 4, 6, 1, 6912),
            (McsTable::Qam64, 9, 273, 12, 12, 4, 192624),
            (McsTable::Qam64, 16, 24, 4, 6, 2, 5120),
            (McsTable::Qam64, 17, 24, 4, 6, 4, 10248),
            (McsTable::Qam64, 17, 106, 12, 12, 2, 71688),
            (McsTable::Qam256, 0, 52, 14, 12, 1, 1928),
            (McsTable::Qam256, 0, 52, 4, 6, 1, 504),
            (McsTable::Qam256, 5, 1, 12, 12, 2, 384),
            (McsTable::Qam256, 11, 24, 12, 12, 2, 17424),
            (McsTable::Qam256, 27, 106, 14, 12, 1, 122976),
        ] {
            let scheme = table.scheme(index).expect("a row");
            let found = grant(blocks, symbols, reference, layers).transport_block_bits(&scheme);
            assert_eq!(found, bits, "{table:?} {index} {blocks} {symbols} {layers}");
        }
        assert_eq!(grant(0, 14, 12, 1).transport_block_bits(&McsTable::Qam64.schemes()[0]), 0);
    }

    /// All rows where the table is at hand.
    #[test]
    fn all_sizes_are_those_of_sionna() {
        let Some(rows) = reference::rows("tbs_reference.csv") else { return };
        assert_eq!(rows.len(), 756);
        for row in rows {
            let number = |column| row.number(column) as u32;
            let last = row.text("table_38214").rsplit('-').next().expect("a number");
            let table = McsTable::ALL[last.parse::<usize>().expect("a number") - 1];
            let scheme = table.scheme(number("mcs_index")).expect("a row");
            let resources = grant(
                number("num_prb"),
                number("num_symbols"),
                number("num_dmrs_re_per_prb"),
                number("num_layers"),
            );
            assert_eq!(resources.transport_block_bits(&scheme), number("tbs_bits"), "{row:?}");
        }
    }

    proptest! {
        /// More resources never carry less, and code blocks hold the transport block and never more than the code.
        #[test]
        fn sizes_and_cuts_are_sound(
            table in 0..4_usize,
            index in 0..27_u32,
            blocks in 1..273_u32,
            symbols in 1..=14_u32,
            layers in 1..=4_u32,
        ) {
            let scheme = McsTable::ALL[table].scheme(index).expect("a row");
            let bits = |blocks| grant(blocks, symbols, 6, layers).transport_block_bits(&scheme);
            prop_assert!(bits(blocks) <= bits(blocks + 1));
            let cut = CodeBlocks::of(bits(blocks), scheme.rate());
            let most = if cut.base_graph == 1 { 8448 } else { 3840 };
            prop_assert!(cut.bits <= most, "{:?}", cut);
            let checksums = if cut.count > 1 { 24 * cut.count } else { 0 };
            prop_assert!(cut.count * cut.bits >= bits(blocks) + 16 + checksums, "{:?}", cut);
        }
    }
}
