//! Applications from files of any form that is read.

use super::compose::read_compose;
use super::eclypse::{self, EclypseGraph};
use crate::scenario::application_check::{application_faults, diagnose};
use crate::scenario::format::ServiceApplicationSpec;
use crate::scenario::{Diagnostics, Document, Path, read};

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
    Ok((application, Vec::new()))
}
