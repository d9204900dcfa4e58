//! Loading a scenario: parse, override, check, build.

use super::build::build;
use super::import::is_eclypse;
use super::library::expand;
use super::{
    Diagnostics, Document, Path, Registry, Scenario, asset_faults, check, diagnose, offer_faults,
};
use crate::world::WorldBuilder;
use std::path::Path as FilePath;

/// A scenario that was found good, and its world ready to be run.
#[derive(Debug)]
pub struct Loaded {
    /// The scenario with all defaults filled in.
    pub scenario: Scenario,
    /// Its name: as given, or that of its file.
    pub name: String,
    /// Its world.
    pub world: WorldBuilder,
}

/// Checks a document against the schema of all that is registered, and builds its world. Files that it
/// names are looked for beside it, in `directory`.
///
/// ```
/// use stratosim::records::NoRecords;
/// use stratosim::scenario::{Document, Registry, load};
/// let text = r#"{ "duration": "1 min", "nodes": [
///     { "tier": "edge", "count": 4 }, { "tier": "device", "count": 50 } ] }"#;
/// let document = Document::parse("small.json", text)?;
/// let loaded = load(&document, &Registry::with_builtins(), ".".as_ref())?;
/// let finished = loaded.world.build(Box::new(NoRecords)).unwrap().run().unwrap();
/// assert!(finished.summary["workloads"]["tasks"]["outcomes"]["done"].as_u64() > Some(400));
/// # Ok::<(), stratosim::scenario::Diagnostics>(())
/// ```
///
/// # Errors
/// Everything that is wrong with it, each with its place.
pub fn load(
    document: &Document,
    registry: &Registry,
    directory: &FilePath,
) -> Result<Loaded, Diagnostics> {
    if is_eclypse(document) {
        let path = Path::root().key("eclypse_schema");
        let error = document.key_diagnostic(&path, "this is an export of ECLYPSE, not a scenario");
        let help = "name it in a scenario: an infrastructure as \"infrastructure\": { \"library\": \"eclypse\", \
            \"file\": ... }, an application by its `file`; or run it with `stratosim run`";
        return Err(error.help(help).into());
    }
    check(document, &registry.scenario_schema())?;
    let mut scenario: Scenario = serde_path_to_error::deserialize(document.value())
        .map_err(|error| document.diagnostic(&Path::root(), error.to_string()))?;
    diagnose(asset_faults(&scenario.assets), document, &Path::root().key("assets"))?;
    expand(&mut scenario, document, directory)?;
    let offered = offer_faults(&scenario.nodes, &scenario.assets);
    diagnose(offered, document, &Path::root().key("nodes"))?;
    let world = build(&mut scenario, document, registry, directory)?;
    let name = scenario.name.clone().unwrap_or_else(|| {
        let stem = FilePath::new(document.file_name()).file_stem();
        stem.and_then(|stem| stem.to_str()).unwrap_or("scenario").to_string()
    });
    scenario.name = Some(name.clone());
    Ok(Loaded { scenario, name, world })
}
