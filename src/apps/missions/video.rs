//! What a stream of video is: its frames, how they are put into messages, and where they are worked on.

use crate::infra::NodeId;

/// Bytes of the frames of a stream: each `group` of pictures begins with one that is coded by itself (I), and the others
/// tell what has changed (P).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FrameSizes {
    /// Bytes of a frame that is coded by itself.
    pub intra_bytes: f64,
    /// Bytes of any other one.
    pub predicted_bytes: f64,
    /// Frames from one that is coded by itself to the next one, at least 1.
    pub group: u32,
}

impl FrameSizes {
    /// All frames of this size.
    #[must_use]
    pub const fn constant(bytes: f64) -> Self {
        FrameSizes { intra_bytes: bytes, predicted_bytes: bytes, group: 1 }
    }

    /// Groups of so many frames of `mean_bytes` on average, of which the first is `ratio` times as large as each of
    /// the others: with `P` bytes of these, `ratio P + (group - 1) P = group mean`.
    ///
    /// ```
    /// use stratosim::apps::missions::FrameSizes;
    /// // 4 P + 9 P = 10 * 13 kB.
    /// let sizes = FrameSizes::grouped(13e3, 10, 4.0);
    /// assert_eq!((sizes.intra_bytes, sizes.predicted_bytes), (40e3, 10e3));
    /// assert_eq!(sizes.bytes_of(0, 10), 130e3);
    /// ```
    #[must_use]
    pub fn grouped(mean_bytes: f64, group: u32, ratio: f64) -> Self {
        let group = group.max(1);
        let predicted_bytes = mean_bytes * f64::from(group) / (ratio + f64::from(group - 1));
        FrameSizes { intra_bytes: ratio * predicted_bytes, predicted_bytes, group }
    }

    /// Bytes of `count` frames from the number `first` on.
    #[must_use]
    pub fn bytes_of(&self, first: u64, count: u64) -> f64 {
        let group = u64::from(self.group.max(1));
        let intra = (first + count).div_ceil(group) - first.div_ceil(group);
        intra as f64 * self.intra_bytes + (count - intra) as f64 * self.predicted_bytes
    }
}

/// Where the frames of a stream are worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Processing {
    /// Where they are made.
    OnBoard,
    /// On a node.
    Node(NodeId),
    /// On the nearest edge node, anew for each message.
    NearestEdge,
    /// As the offloading policy says, for each message.
    Policy,
}

/// What goes if as many messages wait as may.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum QueueRule {
    /// The one that has waited longest.
    #[default]
    DropOldest,
    /// The one that has come.
    DropNewest,
}

/// When a stream runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum StreamTime {
    /// While its vehicle does what it is out for: scans, or keeps its station.
    #[default]
    Work,
    /// From arming to disarming.
    Flight,
    /// All the time.
    Always,
}

/// What a vehicle is doing, as far as its streams mind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Activity {
    /// Nothing.
    Parked,
    /// It is on its way.
    Underway,
    /// It does what it is out for.
    Working,
}

impl StreamTime {
    /// Whether a stream runs while its vehicle does this.
    #[must_use]
    pub fn covers(self, activity: Activity) -> bool {
        match self {
            StreamTime::Work => activity == Activity::Working,
            StreamTime::Flight => activity != Activity::Parked,
            StreamTime::Always => true,
        }
    }
}

/// A stream of video: what it sends, and what is done about it.
#[derive(Clone, Debug, PartialEq)]
pub struct StreamPlan {
    /// Its name.
    pub name: String,
    /// The node with the camera.
    pub source: NodeId,
    /// A node by which messages go in two hops.
    pub relay: Option<NodeId>,
    /// Frames a second, above 0.
    pub frame_rate_hz: f64,
    /// How large they are.
    pub sizes: FrameSizes,
    /// Frames in a message, at least 1.
    pub frames_per_message: u32,
    /// Where they are worked on.
    pub processing: Processing,
    /// Work on a frame in million instructions; 0 if it has only to arrive.
    pub frame_mi: f64,
    /// Seconds from when a message is complete to when it must be worked off.
    pub deadline_s: Option<f64>,
    /// Messages that may wait at the source.
    pub queue_limit: u32,
    /// What goes if there are more.
    pub queue_rule: QueueRule,
    /// When it runs.
    pub during: StreamTime,
}

impl StreamPlan {
    /// Bits a second on average.
    #[must_use]
    pub fn bit_rate_bps(&self) -> f64 {
        let group = u64::from(self.sizes.group.max(1));
        8.0 * self.frame_rate_hz * self.sizes.bytes_of(0, group) / group as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn frames_that_are_coded_by_themselves_begin_groups() {
        let sizes = FrameSizes { intra_bytes: 100.0, predicted_bytes: 10.0, group: 4 };
        let of = |first, count| sizes.bytes_of(first, count);
        // I P P P I P P P: one frame each.
        let each: Vec<f64> = (0..8).map(|first| of(first, 1)).collect();
        assert_eq!(each, [100.0, 10.0, 10.0, 10.0, 100.0, 10.0, 10.0, 10.0]);
        assert_eq!((of(1, 3), of(1, 4), of(2, 7)), (30.0, 130.0, 250.0));
        assert_eq!(FrameSizes::constant(7.0).bytes_of(3, 5), 35.0);
    }

    proptest! {
        #[test]
        fn messages_hold_all_bytes(group in 1..40u32, ratio in 1.0..10.0f64, frames in 1..40u64, messages in 1..40u64) {
            let sizes = FrameSizes::grouped(1000.0, group, ratio);
            let parts: f64 = (0..messages).map(|number| sizes.bytes_of(number * frames, frames)).sum();
            let whole = sizes.bytes_of(0, frames * messages);
            prop_assert!((parts - whole).abs() <= 1e-9 * whole);
            // Whole groups have the mean that was asked for.
            let groups = sizes.bytes_of(0, u64::from(group) * 3) / f64::from(group * 3);
            prop_assert!((groups - 1000.0).abs() < 1e-6);
        }
    }
}
