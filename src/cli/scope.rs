//! `stratosim scope`: an expression of scope-lang, parsed, explained and resolved.

use super::{Failure, print};
use crate::scenario::import::read_graphml;
use crate::scope::{Place, Plan, Scope, SiteIndex, SiteMap, Sites, explain, plan, resolve};
use crate::units::Duration;
use clap::Args;
use serde::Deserialize;
use serde_json::{Value, json};
use std::fmt::Write;
use std::path::{Path, PathBuf};

/// Parse a scope of geo-distributed resources, explain it, and say which sites it names.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  stratosim scope 's: Nantes & Rennes ; around(Paris, 10 ms), t: Paris' --at Nantes\n\n\
    Without --sites, a small map of French cities is used. docs/scopes.md has the language and the files."
)]
pub(super) struct ScopeCommand {
    /// The expression, such as 's: Paris & Nantes, t: Lyon'.
    expression: String,
    /// Sites and links: JSON with `sites`, `links` and perhaps `services`, or GraphML.
    #[arg(long, value_name = "FILE")]
    sites: Option<PathBuf>,
    /// The site that the request is at; the first one of the scope if left out.
    #[arg(long, value_name = "SITE")]
    at: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

/// The file of `--sites`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SitesFile {
    sites: Vec<String>,
    #[serde(default)]
    links: Vec<LinkEntry>,
    services: Option<Vec<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkEntry {
    from: String,
    to: String,
    latency: Duration,
}

impl ScopeCommand {
    pub(super) fn execute(&self) -> Result<(), Failure> {
        let map = match &self.sites {
            Some(path) => read_map(path)?,
            None => SiteMap::france(),
        };
        let scope = Scope::parse(&self.expression).map_err(Failure::bad_input)?;
        let resolved = resolve(&scope, &map).map_err(Failure::bad_input)?;
        let here = match &self.at {
            Some(name) => map.site(name).ok_or_else(|| {
                let hint = crate::scenario::did_you_mean(name, map.sites().iter().map(String::as_str));
                let hint = hint.map_or(String::new(), |near| format!("; did you mean `{near}`?"));
                Failure::BadInput(format!("--at: there is no site `{name}`{hint}"))
            })?,
            None => resolved
                .parts
                .first()
                .and_then(|part| part.place.sites().first().copied())
                .unwrap_or(SiteIndex(0)),
        };
        let name = |site: SiteIndex| map.name(site).to_owned();
        let plans: Vec<Plan> =
            resolved.parts.iter().map(|part| plan(&resolved, &part.service, here)).collect();
        if self.json {
            let parts: Vec<Value> = resolved
                .parts
                .iter()
                .zip(&plans)
                .map(|(part, plan)| {
                    json!({
                        "service": part.service,
                        "place": tree(&part.place, &name),
                        "sites": sites(&part.place, &map, here),
                        "meaning": explain(plan, &name),
                    })
                })
                .collect();
            let source = self.sites.as_ref().map(|path| path.display().to_string());
            let value = json!({ "scope": scope.to_string(), "at": name(here), "map": source, "services": parts });
            print(&format!("{value:#}\n"));
            return Ok(());
        }
        let mut text = String::new();
        if self.sites.is_none() {
            text.push_str("map: twelve cities of France, built in; --sites names another\n");
        }
        // Writing to a string cannot fail.
        let _ = writeln!(text, "scope: {scope}");
        let _ = writeln!(text, "at {}:", name(here));
        for (part, plan) in resolved.parts.iter().zip(&plans) {
            let _ = writeln!(text, "  `{}` {}", part.service, explain(plan, &name));
            for site in part.place.sites() {
                let latency = map
                    .latency_s(here, site)
                    .map_or("no way".into(), |latency_s| format!("{:.3} ms", latency_s * 1e3));
                let _ = writeln!(text, "      {:<16} {latency:>12}", name(site));
            }
        }
        text.push_str("  every other service runs where the request is\n");
        print(&text);
        Ok(())
    }
}

/// A place as JSON: a name, or the operator with its operands.
fn tree(place: &Place, name: &dyn Fn(SiteIndex) -> String) -> Value {
    let all = |list: &[Place]| list.iter().map(|place| tree(place, name)).collect::<Vec<_>>();
    match place {
        Place::Site(site) => json!(name(*site)),
        Place::Both(list) => json!({ "&": all(list) }),
        Place::Across(list) => json!({ "%": all(list) }),
        Place::Otherwise(list) => json!({ ";": all(list) }),
    }
}

fn sites(place: &Place, map: &SiteMap, here: SiteIndex) -> Vec<Value> {
    let entry = |site| json!({ "name": map.name(site), "latency_s": map.latency_s(here, site) });
    place.sites().into_iter().map(entry).collect()
}

fn read_map(path: &Path) -> Result<SiteMap, Failure> {
    let bad = |problem: String| Failure::BadInput(format!("{}: {problem}", path.display()));
    let is_graphml = path.to_string_lossy().trim_end_matches(".gz").ends_with(".graphml");
    if is_graphml {
        let topology = read_graphml(path).map_err(Failure::bad_input)?;
        let name = |index: usize| topology.nodes[index].name.clone();
        let links: Vec<(String, String, f64)> = topology
            .edges
            .iter()
            .filter_map(|edge| Some((name(edge.a), name(edge.b), edge.latency_s?)))
            .collect();
        let names = topology.nodes.iter().map(|node| node.name.clone()).collect();
        return SiteMap::new(names, &links).map_err(|error| bad(error.to_string()));
    }
    let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    let file: SitesFile = serde_json::from_str(&text).map_err(|error| bad(error.to_string()))?;
    let links: Vec<(String, String, f64)> =
        file.links.into_iter().map(|link| (link.from, link.to, link.latency.as_secs())).collect();
    let map = SiteMap::new(file.sites, &links).map_err(|error| bad(error.to_string()))?;
    Ok(match file.services {
        Some(services) => map.with_services(services),
        None => map,
    })
}
