//! Scenarios around an export of ECLYPSE, so that it can be run as it is.

use super::eclypse::{EclypseGraph, from_document, is_eclypse};
use crate::scenario::{Diagnostics, Document};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// What goes with an export.
#[derive(Clone, Debug, Default)]
pub struct Companions {
    /// The application that runs on an infrastructure: a file of any form that is read, or the name of one of the
    /// library; the sock shop if none.
    pub application: Option<String>,
    /// The infrastructure under an application: an export of ECLYPSE; a continuum of the library if none.
    pub infrastructure: Option<PathBuf>,
}

/// What a file is named by in a scenario, wherever that is looked for from.
fn absolute(file: &Path) -> String {
    let path = std::path::absolute(file).unwrap_or_else(|_| file.to_path_buf());
    path.to_string_lossy().into_owned()
}

/// The scenario in which an export of ECLYPSE runs, of a document that was read from `file`: ten minutes, with a request
/// a second along each flow. `None` if the document is no export.
///
/// An infrastructure runs with an application, an application on an infrastructure.
///
/// # Errors
/// If the export is not good, or a companion is of the wrong kind.
pub fn scenario_of_export(
    document: &Document,
    file: &Path,
    companions: &Companions,
) -> Result<Option<Document>, Diagnostics> {
    if !is_eclypse(document) {
        return Ok(None);
    }
    let own = absolute(file);
    let (application, infrastructure): (Value, Value) = match from_document(document)?.graph {
        EclypseGraph::Infrastructure(_) => {
            let application = match &companions.application {
                None => json!({ "library": "sock_shop" }),
                Some(name) if crate::scenario::library::application(name).is_ok() => {
                    json!({ "library": name })
                }
                Some(file) => json!({ "file": absolute(Path::new(file)) }),
            };
            (application, json!({ "library": "eclypse", "file": own }))
        }
        EclypseGraph::Application(_) => {
            let infrastructure = match &companions.infrastructure {
                None => {
                    json!({ "library": "continuum_tiered", "devices": 12, "edges": 6, "fogs": 3, "clouds": 1 })
                }
                Some(file) => json!({ "library": "eclypse", "file": absolute(file) }),
            };
            (json!({ "file": own }), infrastructure)
        }
    };
    let mut application = application;
    application["arrival"] = json!({ "kind": "poisson", "mean_interval": "1 s" });
    let name = file.file_name().and_then(|name| name.to_str()?.split('.').next());
    let scenario = json!({
        "name": name.filter(|name| !name.is_empty()).unwrap_or("eclypse"),
        "duration": "10 min",
        "infrastructure": infrastructure,
        "workloads": [ { "kind": "services", "applications": [application] } ],
    });
    Document::parse(document.file_name(), &format!("{scenario:#}")).map(Some)
}
