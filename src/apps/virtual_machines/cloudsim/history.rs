//! The last samples of demand of all virtual machines.

/// Samples that are kept.
pub(super) const LENGTH: usize = 30;

/// The newest [`LENGTH`] samples of each virtual machine, newest first.
///
/// They lie in a ring that is written twice, so that a window is always one slice.
#[derive(Clone, Debug)]
pub(super) struct History {
    shares: Vec<f64>,
    newest: usize,
    filled: usize,
    /// For each VM, the number of samples up to its oldest one above 0; at least 1.
    reach: Vec<u8>,
}

impl History {
    pub(super) fn new(vms: usize) -> Self {
        History { shares: vec![0.0; vms * 2 * LENGTH], newest: 0, filled: 0, reach: vec![1; vms] }
    }

    /// Samples of each VM so far, at most [`LENGTH`].
    pub(super) fn filled(&self) -> usize {
        self.filled
    }

    /// Adds a sample of every VM.
    pub(super) fn push(&mut self, shares: &[f64]) {
        self.newest = if self.newest == 0 { LENGTH - 1 } else { self.newest - 1 };
        self.filled = (self.filled + 1).min(LENGTH);
        for (vm, &share) in shares.iter().enumerate() {
            let own = &mut self.shares[vm * 2 * LENGTH..(vm + 1) * 2 * LENGTH];
            own[self.newest] = share;
            own[self.newest + LENGTH] = share;
            let window = &own[self.newest..self.newest + LENGTH];
            let reach = window.iter().rposition(|share| *share != 0.0).map_or(1, |last| last + 1);
            self.reach[vm] = reach as u8;
        }
    }

    /// The samples of a VM, newest first; 0 where there is none yet.
    pub(super) fn of(&self, vm: u32) -> &[f64; LENGTH] {
        let start = vm as usize * 2 * LENGTH + self.newest;
        match self.shares[start..start + LENGTH].first_chunk() {
            Some(window) => window,
            None => &[0.0; LENGTH],
        }
    }

    /// Number of samples of a VM up to its oldest one above 0; at least 1.
    pub(super) fn reach(&self, vm: u32) -> usize {
        usize::from(self.reach[vm as usize])
    }
}
