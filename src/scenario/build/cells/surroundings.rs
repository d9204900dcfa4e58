//! What cells need around them in a scenario, and what they cannot stand beside.

use super::Cells;
use crate::infra::NodeId;
use crate::scenario::build::NodeDirectory;
use crate::scenario::format::{AccessPointChoice, AttachmentSpec, NodeClassSpec, Scenario};
use crate::scenario::{Length, Site};
use serde_json::Value;

/// Link models that an access route with cells can have on it: all others are taken hop by hop, where a radio's rate
/// is no share.
const SHARED_MODELS: [&str; 3] = ["fair_share", "unshared", "mm1"];

/// Reports parts of cells without the others.
pub(super) fn check_parts(scenario: &Scenario, site: &Site<'_>) {
    let is_base = |class: &NodeClassSpec| match &class.access_point {
        AccessPointChoice::Yes(own) => own.cell.is_some(),
        _ => false,
    };
    if scenario.cells.is_some() {
        if !scenario.nodes.iter().any(is_base) {
            site.key("cells").error_with_help(
                "there is no base station that could have cells",
                "give the `access_point` of a class the key `cell`, such as { \"cell\": {} }",
            );
        }
        return;
    }
    for (index, class) in scenario.nodes.iter().enumerate() {
        let here = site.key("nodes").index(index);
        let help = "add `cells`, such as { \"cells\": {} }, to the scenario";
        if is_base(class) {
            here.key("access_point").key("cell").error_with_help("the scenario has no `cells`", help);
        }
        if class.cell_radio.is_some() {
            here.key("cell_radio").error_with_help("the scenario has no `cells`", help);
        }
    }
}

/// Reports what cells cannot stand beside.
pub(super) fn check_surroundings(scenario: &Scenario, site: &Site<'_>) {
    let attachment = site.key("attachment");
    if scenario.attachment.radio.is_some() {
        attachment.key("radio").error_with_help(
            "devices choose their base station by `cells`, which have their own path loss",
            "leave it out, and see `cells.path_loss`",
        );
    } else if scenario.attachment != AttachmentSpec::default() {
        attachment.error_with_help(
            "devices choose their base station by `cells`",
            "leave it out, and see `cells.handover`",
        );
    }
    if scenario.output.sample.radio.is_some() {
        site.key("output").key("sample").key("radio").error_with_help(
            "with `cells`, what devices receive is in the table `radio_devices`",
            "leave it out, and name the table in `output.tables`, or set `output.trace` to \"full\"",
        );
    }
    check_shared_models(scenario, "cells", site);
}

/// Reports link models beside which the rates of a radio are no shares, as ways are taken hop by hop. `beside` is the key of
/// what they stand beside.
pub(in crate::scenario::build) fn check_shared_models(
    scenario: &Scenario,
    beside: &str,
    site: &Site<'_>,
) {
    let value = serde_json::to_value(&scenario.network).unwrap_or_default();
    check_models(&value, beside, &site.key("network"));
    for (index, class) in scenario.nodes.iter().enumerate() {
        if let AccessPointChoice::Yes(own) = &class.access_point
            && own.cell.is_none()
        {
            let value = serde_json::to_value(&own.model).unwrap_or_default();
            let here = site.key("nodes").index(index).key("access_point").key("model");
            check_model(&value, beside, &here);
        }
    }
}

/// Reports link models, wherever they stand in a value, that make ways be taken hop by hop.
fn check_models(value: &Value, beside: &str, site: &Site<'_>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let here = site.key(key);
                if key == "model" {
                    check_model(value, beside, &here);
                } else {
                    check_models(value, beside, &here);
                }
            }
        }
        Value::Array(elements) => {
            for (index, value) in elements.iter().enumerate() {
                check_models(value, beside, &site.index(index));
            }
        }
        _ => {}
    }
}

fn check_model(value: &Value, beside: &str, site: &Site<'_>) {
    let kind = value.get("kind").and_then(Value::as_str);
    if let Some(kind) = kind.filter(|kind| !SHARED_MODELS.contains(kind)) {
        site.error_with_help(
            format!(
                "transfers over links of the model {kind:?} go hop by hop, where the rate of a {} is no share of \
                 anything",
                if beside == "cells" { "cell" } else { "station" }
            ),
            format!("beside `{beside}` there are {}", SHARED_MODELS.join(", ")),
        );
    }
}

/// Tells of classes whose antennas are at heights that the model of path loss was not made for. `heights_m` has the
/// places of the nodes at the start above the ground, in metres.
pub(in crate::scenario::build) fn tell_heights(
    scenario: &Scenario,
    cells: &Cells,
    directory: &NodeDirectory,
    height_of: impl Fn(NodeId) -> f64,
    site: &Site<'_>,
) {
    let range = cells.spec.path_loss.range();
    for (class, (_, entry)) in scenario.nodes.iter().zip(&directory.classes) {
        let (what, heights, (least, most)) = match &class.access_point {
            AccessPointChoice::Yes(own) => {
                let Some(cell) = &own.cell else { continue };
                let height_m = cell.height.map_or(cells.base_height_m, Length::as_metres);
                ("base stations", (height_m, height_m), range.base_height_m)
            }
            _ if class.wireless == Some(true) => {
                let given = class.cell_radio.and_then(|own| own.height).map(Length::as_metres);
                let heights = match given {
                    Some(height_m) => (height_m, height_m),
                    None => (entry.first..entry.first + entry.count)
                        .map(|node| height_of(NodeId(node)).max(1.5))
                        .fold((f64::INFINITY, 0.0), |(low, high), height_m| {
                            (height_m.min(low), height_m.max(high))
                        }),
                };
                ("devices", heights, range.device_height_m)
            }
            _ => continue,
        };
        let (low, high) = heights;
        if low <= high && (low < least || high > most) {
            let found = if low == high { format!("{low} m") } else { format!("{low} to {high} m") };
            site.note(format!(
                "the antennas of the class {:?} are {found} above the ground, but the path loss model {} holds for \
                 {what} from {least} to {most} m; its formula is extrapolated",
                class.class_name(),
                range.model
            ));
        }
    }
}
