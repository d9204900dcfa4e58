//! How a host divides its speed among its virtual machines: time-shared, with oversubscription.

/// What one virtual machine asks of a host.
#[derive(Clone, Copy, Debug)]
pub(super) struct Claim {
    /// Its demand, at most the speed of a core.
    pub(super) mips: f64,
    /// It is being copied to the host, and takes a tenth of its demand there.
    pub(super) incoming: bool,
    /// It carries the mark of one that is being copied away, and gets nine tenths of what it takes.
    pub(super) outgoing: bool,
}

impl Claim {
    /// What it takes of the host.
    pub(super) fn need_mips(&self) -> f64 {
        if self.incoming { self.mips * 0.1 } else { self.mips }
    }
}

/// Writes what each of `claims` gets of `capacity_mips` to `allocated`, and returns what is left.
///
/// While there is enough, each gets what it asks for. Else all are scaled down alike to whole MIPS, and
/// nothing is left; `needed_mips` then gives the sum of all needs.
pub(super) fn divide(
    capacity_mips: f64,
    claims: &[Claim],
    needed_mips: impl FnOnce(&[Claim]) -> f64,
    allocated: &mut Vec<f64>,
) -> f64 {
    allocated.clear();
    let mut available = capacity_mips;
    for claim in claims {
        let need = claim.need_mips();
        if available < need {
            let scale = capacity_mips / needed_mips(claims);
            allocated.clear();
            allocated.extend(claims.iter().map(|claim| scaled_mips(claim, scale)));
            return 0.0;
        }
        available -= need;
        allocated.push(match (claim.outgoing, claim.incoming) {
            (true, _) => claim.mips * 0.9,
            (false, true) => claim.mips * 0.1,
            (false, false) => claim.mips,
        });
    }
    available
}

fn scaled_mips(claim: &Claim, scale: f64) -> f64 {
    let share = match (claim.outgoing, claim.incoming) {
        (true, _) => claim.mips * scale * 0.9,
        (false, true) => claim.mips * 0.1 * scale,
        (false, false) => claim.mips * scale,
    };
    share.floor()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn claim(mips: f64, incoming: bool, outgoing: bool) -> Claim {
        Claim { mips, incoming, outgoing }
    }

    fn divided(capacity: f64, claims: &[Claim]) -> (Vec<f64>, f64) {
        let mut allocated = Vec::new();
        let needed = |claims: &[Claim]| claims.iter().map(Claim::need_mips).sum();
        let left = divide(capacity, claims, needed, &mut allocated);
        (allocated, left)
    }

    #[test]
    fn all_get_what_they_ask_for_while_there_is_enough() {
        let claims =
            [claim(1000.0, false, false), claim(500.0, false, true), claim(2000.0, true, false)];
        // Outgoing: 450 of the 500 taken; incoming: 200 of 2000.
        assert_eq!(divided(3000.0, &claims), (vec![1000.0, 450.0, 200.0], 3000.0 - 1700.0));
    }

    #[test]
    fn a_returning_one_with_an_old_mark_gets_nine_tenths_but_takes_one() {
        assert_eq!(divided(1000.0, &[claim(1000.0, true, true)]), (vec![900.0], 900.0));
    }

    #[test]
    fn too_much_is_scaled_down_to_whole_mips() {
        let claims = [claim(900.0, false, false), claim(500.0, false, true), claim(1000.0, true, false)];
        // 1000 / 1500: 600, 300 (of 333.3 * 0.9), 66 (of 66.7).
        assert_eq!(divided(1000.0, &claims), (vec![600.0, 300.0, 66.0], 0.0));
    }
}
