//! The decision point about engagements of drones: asking, checking, recording.

use super::core::Core;
use super::decisions::Made;
use crate::apps::DecisionPoint;
use crate::apps::missions::{DroneState, EngagementChoice, EngagementDecision, EngagementRequest};
use crate::engine::{SimTime, Stream};
use crate::placement::engagement::{EngagementPolicy, EngagementView};

/// The policy, and its random numbers.
#[derive(Debug)]
pub(super) struct Engager {
    pub(super) policy: Box<dyn EngagementPolicy>,
    pub(super) random: Stream,
}

/// What a policy wants, if it can be: only a drone that is ready and gets there can be engaged, and only one that is engaged
/// let go.
fn checked(request: &EngagementRequest<'_>, wanted: EngagementDecision) -> Option<EngagementDecision> {
    let can_be = match wanted {
        EngagementDecision::Keep => true,
        EngagementDecision::Engage(drone) => {
            let drone = request.drones.get(drone);
            drone.is_some_and(|own| own.state == DroneState::Ready && own.reach.is_some())
        }
        EngagementDecision::Disengage => request.engaged.is_some(),
    };
    can_be.then_some(wanted)
}

/// Asks the policy. What cannot be counts as refused, and all stays as it is.
pub(super) fn decide(
    core: &mut Core,
    now: SimTime,
    workload: u16,
    request: &EngagementRequest<'_>,
) -> EngagementChoice {
    let request = &EngagementRequest { workload, ..*request };
    let Engager { policy, random } = &mut core.mission_engagement;
    let mut view = EngagementView::new(request, random);
    let seen = core.decisions.enabled(DecisionPoint::MissionEngagement).then(|| view.features());
    let wanted = policy.decide(&mut view);
    let decision = checked(request, wanted).unwrap_or_else(|| {
        core.counts.refused_decisions += 1;
        EngagementDecision::Keep
    });
    let id = seen.map(|seen| {
        core.decisions.count();
        let drone = match decision {
            EngagementDecision::Engage(drone) => Some(drone),
            EngagementDecision::Keep => request.engaged,
            EngagementDecision::Disengage => None,
        };
        let made = Made {
            time: now,
            point: DecisionPoint::MissionEngagement,
            workload: core.workload_symbols.get(usize::from(workload)).copied(),
            policy: None,
            subject: request.period,
            device: Some(request.vehicle),
            choice: drone.and_then(|drone| request.drones.get(drone)).map(|own| own.node),
        };
        core.decisions.add(made, None, Some(&seen))
    });
    EngagementChoice { decision, id }
}
