//! What the summary tells of movements.

use super::core::Core;
use serde_json::{Value, json};

/// What has been played of traces, and where on the earth that was.
pub(super) fn summary(core: &Core) -> Value {
    let counts = core.infrastructure.feed_counts();
    let origin = core.plane.map(|plane| {
        let origin = plane.origin();
        json!({ "longitude": origin.longitude_deg, "latitude": origin.latitude_deg })
    });
    json!({
        "vehicles": counts.devices,
        "steps": counts.steps,
        "empty_steps": counts.empty_steps,
        "gaps": counts.gaps,
        "teleports": counts.jumps,
        "origin": origin,
    })
}
