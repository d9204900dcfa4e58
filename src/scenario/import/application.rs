//! Applications from files of any form that is read.

use super::compose::read_compose;
use super::eclypse::{self, EclypseGraph};
use crate::scenario::application_check::{application_faults, diagnose};
use crate::scenario::format::ServiceApplicationSpec;
use crate::scenario::{Diagnostics, Document, Path, read};

/// The application, named after its file, up to the first dot, if it has no name.
pub(super) fn named_after(
    file: &std::path::Path,
    application: ServiceApplicationSpec,
) -> ServiceApplicationSpec {
    let stem = file.file_name().and_then(|name| name.to_str()?.split('.').next());
    let stem = stem.filter(|stem| !stem.is_empty()).map(str::to_owned);
    ServiceApplicationSpec { name: application.name.or(stem), ..application }
}

/// Reads an application, and what of the file is not used: Docker Compose if the file ends in `.yaml` or `.yml`,
/// else JSON, of ECLYPSE if it says so, or our own.
///
/// # Errors
/// Everything that is wrong with the file, each with its place.
pub fn read_application(
    file: &std::path::Path,
) -> Result<(ServiceApplicationSpec, Vec<String>), Diagnostics> {
    let is_yaml = file.extension().is_some_and(|extension| {
        extension.eq_ignore_ascii_case("yaml") || extension.eq_ignore_ascii_case("yml")
    });
    if is_yaml {
        return read_compose(file);
    }
    let document = Document::open(file)?;
    if eclypse::is_eclypse(&document) {
        let export = eclypse::from_document(&document)?;
        return match export.graph {
            EclypseGraph::Application(application) => Ok((*application, export.notes)),
            EclypseGraph::Infrastructure(_) => {
                let message = "this is an infrastructure, not an application";
                let help = "name it as { \"library\": \"eclypse\", \"file\": ... } in `infrastructure`";
                Err(document.diagnostic(&Path::root().key("kind"), message).help(help).into())
            }
        };
    }
    let application: ServiceApplicationSpec = read(&document)?;
    if application.library.is_some() || application.file.is_some() {
        let message = "the application of a file is written out in it";
        return Err(document.diagnostic(&Path::root(), message).into());
    }
    diagnose(application_faults(&application, None), &document, &Path::root())?;
    Ok((named_after(file, application), Vec::new()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_text(name: &str, text: &str) -> Result<String, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        let read = read_application(&path).map_err(|errors| errors.to_string())?;
        Ok(read.0.application_name().to_owned())
    }

    #[test]
    fn files_are_told_apart_and_applications_without_a_name_are_named_after_them() {
        let yaml = "services: { web: {} }";
        let own = r#"{ "services": [ { "name": "web" } ] }"#;
        let eclypse = r#"{ "eclypse_schema": "1.0", "kind": "application", "id": "Shop",
            "nodes": [ { "id": "web", "attrs": {} } ], "edges": [] }"#;
        for (name, text, expected) in [
            ("stall.compose.yaml", yaml, "stall"),
            ("stall.yml", yaml, "stall"),
            ("stall.json", own, "stall"),
            ("stall.json", eclypse, "Shop"),
        ] {
            assert_eq!(read_text(name, text).as_deref(), Ok(expected));
        }
        let infrastructure = eclypse.replace("application", "infrastructure");
        let told = read_text("i.json", &infrastructure).expect_err("no application");
        assert!(told.contains("kind: this is an infrastructure, not an application"), "{told}");
        let told = read_text("a.json", r#"{ "library": "sock_shop" }"#).expect_err("not written out");
        assert!(told.contains("the application of a file is written out in it"), "{told}");
        let told = read_text("a.json", r#"{ "services": [] }"#).expect_err("nothing");
        assert!(told.contains("services: an application without services does nothing"), "{told}");
    }
}
