//! Which of its radios a device uses.

use crate::engine::SimTime;
use crate::infra::ids::NodeId;

/// A way for a device into the network.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Access {
    /// An access point whose WiFi is modelled.
    Wifi,
    /// A 5G cell.
    Cells,
    /// Any other access point.
    AccessPoint,
}

/// A way that a device could take now.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LinkOption {
    /// Which.
    pub access: Access,
    /// Bits a second that it would receive, as far as is known.
    pub rate_bps: f64,
    /// Power in dBm that it receives: of all of the signal, or of a resource element of the cell. None of other access points.
    pub signal_dbm: Option<f64>,
}

/// What a choice sees.
#[derive(Clone, Copy, Debug)]
pub struct LinkView<'a> {
    /// The present instant.
    pub now: SimTime,
    /// The device.
    pub device: NodeId,
    /// The way that it has.
    pub current: Option<Access>,
    /// The ways that it could have, its present one among them while it lasts; one of each kind at most.
    pub options: &'a [LinkOption],
}

impl LinkView<'_> {
    /// The option of a kind.
    #[must_use]
    pub fn option(&self, access: Access) -> Option<&LinkOption> {
        self.options.iter().find(|option| option.access == access)
    }
}

/// Which of its ways into the network a device takes: asked for each device with WiFi once a period. One of your own:
///
/// ```
/// use stratosim::infra::wifi::{Access, LinkChoice, LinkView};
///
/// /// WiFi as long as it is strong, else cells.
/// #[derive(Debug)]
/// struct StrongWifi;
///
/// impl LinkChoice for StrongWifi {
///     fn choose(&self, view: &LinkView<'_>) -> Option<Access> {
///         let wifi = view.option(Access::Wifi).and_then(|option| option.signal_dbm);
///         let is_strong = wifi.is_some_and(|dbm| dbm > -70.0);
///         if is_strong { Some(Access::Wifi) } else { view.option(Access::Cells).map(|_| Access::Cells) }
///     }
/// }
/// ```
pub trait LinkChoice: std::fmt::Debug + Send + Sync {
    /// The way, one of the options; `None` to have none.
    fn choose(&self, view: &LinkView<'_>) -> Option<Access>;
}

/// The first that there is, in an order; what is not in it is not used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prefer {
    /// The order.
    pub order: Vec<Access>,
}

impl Prefer {
    /// WiFi, then cells, then other access points.
    #[must_use]
    pub fn wifi_first() -> Self {
        Prefer { order: vec![Access::Wifi, Access::Cells, Access::AccessPoint] }
    }

    /// Cells, then WiFi, then other access points.
    #[must_use]
    pub fn cells_first() -> Self {
        Prefer { order: vec![Access::Cells, Access::Wifi, Access::AccessPoint] }
    }
}

impl LinkChoice for Prefer {
    fn choose(&self, view: &LinkView<'_>) -> Option<Access> {
        self.order.iter().copied().find(|&access| view.option(access).is_some())
    }
}

/// The one with the highest rate; another one than the present one only if its rate is higher by a share.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BestRate {
    /// By which share of the present rate another one must be higher, 0 or more.
    pub hysteresis: f64,
}

impl LinkChoice for BestRate {
    fn choose(&self, view: &LinkView<'_>) -> Option<Access> {
        let best = view
            .options
            .iter()
            .reduce(|best, other| if other.rate_bps > best.rate_bps { other } else { best })?;
        let present = view.current.and_then(|access| view.option(access));
        let stays = present.is_some_and(|own| best.rate_bps <= own.rate_bps * (1.0 + self.hysteresis));
        present.filter(|_| stays).or(Some(best)).map(|option| option.access)
    }
}

/// The present one as long as it lasts, then the first that there is, in an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sticky {
    /// The order.
    pub order: Vec<Access>,
}

impl LinkChoice for Sticky {
    fn choose(&self, view: &LinkView<'_>) -> Option<Access> {
        let present = view.current.filter(|&access| view.option(access).is_some());
        present.or_else(|| self.order.iter().copied().find(|&access| view.option(access).is_some()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_are_as_they_say() {
        let option = |access, rate_bps| LinkOption { access, rate_bps, signal_dbm: None };
        let all = [option(Access::Wifi, 50.0), option(Access::Cells, 55.0)];
        let ask = |choice: &dyn LinkChoice, current, options: &[LinkOption]| {
            let view = LinkView { now: SimTime::ZERO, device: NodeId(0), current, options };
            choice.choose(&view)
        };
        let (wifi, cells) = (Some(Access::Wifi), Some(Access::Cells));
        assert_eq!(ask(&Prefer::wifi_first(), cells, &all), wifi);
        assert_eq!(ask(&Prefer::cells_first(), wifi, &all), cells);
        assert_eq!(ask(&Prefer { order: vec![Access::AccessPoint] }, wifi, &all), None);
        // 55 is a tenth more than 50, and no more.
        assert_eq!(ask(&BestRate { hysteresis: 0.1 }, wifi, &all), wifi);
        assert_eq!(ask(&BestRate { hysteresis: 0.05 }, wifi, &all), cells);
        assert_eq!(ask(&BestRate { hysteresis: 9.0 }, None, &all), cells);
        assert_eq!(ask(&BestRate { hysteresis: 9.0 }, None, &[]), None);
        let sticky = Sticky { order: vec![Access::Cells, Access::Wifi] };
        assert_eq!(ask(&sticky, wifi, &all), wifi);
        assert_eq!(ask(&sticky, Some(Access::AccessPoint), &all), cells);
    }
}
