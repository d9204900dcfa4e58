//! Power between the points of a curve, and the energy of an interval.

/// Watts at `utilisation`, on the straight line between the deciles around it. Utilisations outside 0..=1
/// are taken as the nearer end; CloudSim aborts there.
pub(super) fn power_w(curve: &[f64; 11], utilisation: f64) -> f64 {
    let tenths = utilisation.clamp(0.0, 1.0) * 10.0;
    let (below, above) = (tenths.floor(), tenths.ceil());
    let (from, to) = (curve[below as usize], curve[above as usize]);
    let slope = (to - from) / 10.0;
    from + slope * (utilisation - below / 10.0) * 100.0
}

/// Joules over `seconds` in which the utilisation went from `before` to `after`, at the mean of the powers
/// at both. A host that was at 0 was off, and counts as off up to the end.
pub(super) fn energy_j(curve: &[f64; 11], before: f64, after: f64, seconds: f64) -> f64 {
    if before == 0.0 {
        return 0.0;
    }
    let (from, to) = (power_w(curve, before), power_w(curve, after));
    (from + (to - from) / 2.0) * seconds
}

#[cfg(test)]
mod tests {
    use super::*;

    const G4: [f64; 11] = [86.0, 89.4, 92.6, 96.0, 99.5, 102.0, 106.0, 108.0, 112.0, 114.0, 117.0];

    #[test]
    fn power_is_linear_between_deciles() {
        for (decile, expected) in G4.iter().enumerate() {
            assert!((power_w(&G4, decile as f64 / 10.0) - expected).abs() < 1e-12);
        }
        assert!((power_w(&G4, 0.05) - 87.7).abs() < 1e-12);
        assert!((power_w(&G4, 0.95) - 115.5).abs() < 1e-12);
    }

    #[test]
    fn a_host_at_zero_is_off() {
        assert_eq!(energy_j(&G4, 0.0, 1.0, 300.0), 0.0);
        assert!((energy_j(&G4, 1.0, 0.0, 300.0) - 300.0 * (117.0 + 86.0) / 2.0).abs() < 1e-9);
        assert!((energy_j(&G4, 0.5, 0.5, 10.0) - 1020.0).abs() < 1e-9);
    }
}
