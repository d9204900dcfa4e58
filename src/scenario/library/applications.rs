//! The applications of the library, and finding those that a scenario names.

use crate::scenario::application_check::application_faults;
use crate::scenario::diagnostic::unknown;
use crate::scenario::format::{AssetSpecification, ServiceApplicationSpec};
use crate::scenario::import::read_application;
use crate::scenario::{Segment, Site};
use std::collections::BTreeMap;

/// An application of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LibraryApplication {
    /// Its name.
    pub name: &'static str,
    /// What it is.
    pub summary: &'static str,
    text: &'static str,
}

macro_rules! applications {
    ($($name:literal $summary:literal;)*) => {
        &[$(LibraryApplication {
            name: $name,
            summary: $summary,
            text: include_str!(concat!("applications/", $name, ".json")),
        }),*]
    };
}

/// The applications of the library.
pub const APPLICATIONS: &[LibraryApplication] = applications! {
    "sock_shop" "An online shop: catalogue, cart, orders, payment and shipping behind a front end.";
    "hotel_reservation" "Search, profiles, reservation and payment (DeathStarBench).";
    "social_network" "Posts and timelines (DeathStarBench).";
    "media_service" "Film reviews (DeathStarBench).";
    "crud_api" "A gateway with authentication, items and an audit log.";
    "video_analytics_serving" "Detection, tracking and analytics of camera streams, on accelerators.";
    "anomaly_detection" "Features and inference of a sensor's telemetry, and an alert.";
    "keyword_spotting" "Audio features and inference, and an action.";
    "thumbnailer" "Pictures are uploaded, transformed, stored and told of.";
};

/// A name that no application of the library has.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct UnknownApplication {
    message: String,
}

/// The application of the library that has this name.
///
/// # Errors
/// If there is none; the message names the nearest.
pub fn application(name: &str) -> Result<ServiceApplicationSpec, UnknownApplication> {
    let found = APPLICATIONS.iter().find(|application| application.name == name);
    // The texts are part of the program, and a test reads them all.
    let read = found.and_then(|application| serde_json::from_str(application.text).ok());
    read.ok_or_else(|| {
        let known: Vec<&str> = APPLICATIONS.iter().map(|application| application.name).collect();
        UnknownApplication { message: unknown("application", name, &known, "known") }
    })
}

/// The application that a scenario names at `site`, written out and found good, with what the scenario says of it
/// put in place; `None`, and errors at the site, if it is not good. What a file holds that is not used is added
/// to `notes`.
#[must_use]
pub fn resolve_application(
    spec: &ServiceApplicationSpec,
    declared: Option<&BTreeMap<String, AssetSpecification>>,
    site: &Site<'_>,
    notes: &mut Vec<String>,
) -> Option<ServiceApplicationSpec> {
    let application = match (&spec.library, &spec.file) {
        (None, None) => spec.clone(),
        (Some(_), Some(_)) => {
            site.key("file").error_with_help(
                "both `library` and `file` are given",
                "an application comes from the library or from a file",
            );
            return None;
        }
        _ if !spec.services.is_empty() || !spec.interactions.is_empty() => {
            let key = if spec.services.is_empty() { "interactions" } else { "services" };
            site.key(key).error_with_help(
                "an application of the library or of a file has services and interactions already",
                "leave them out here, or leave out `library` and `file`",
            );
            return None;
        }
        (Some(name), None) => changed(site.key("library").check(application(name))?, spec),
        (None, Some(file)) => {
            let (application, told) = site.key("file").check(read_application(&site.file(file)))?;
            notes.extend(told);
            changed(application, spec)
        }
    };
    let faults = application_faults(&application, declared);
    let good = faults.is_empty();
    for fault in faults {
        // What is not written out here has its place where it is named.
        let key = match fault.path.segments().first() {
            Some(Segment::Key(key)) if key == "flows" && !spec.flows.is_empty() => None,
            Some(Segment::Key(key)) if key == "arrival" && spec.arrival.is_some() => None,
            _ if spec.library.is_some() => Some("library"),
            _ => spec.file.as_ref().map(|_| "file"),
        };
        match key {
            Some(key) => site.key(key).fault(fault.from_afar()),
            None => site.fault(fault),
        }
    }
    good.then_some(application)
}

/// An application from elsewhere with what the scenario says of it.
fn changed(application: ServiceApplicationSpec, by: &ServiceApplicationSpec) -> ServiceApplicationSpec {
    let standard = ServiceApplicationSpec::default();
    let flows = if by.flows.is_empty() { application.flows } else { by.flows.clone() };
    let state = if by.state == standard.state { application.state } else { by.state };
    let is_standard = by.start_time == standard.start_time;
    let start_time = if is_standard { application.start_time } else { by.start_time };
    let message = if by.message == standard.message { application.message } else { by.message.clone() };
    ServiceApplicationSpec {
        name: by.name.clone().or(application.name),
        library: None,
        file: None,
        count: by.count,
        services: application.services,
        interactions: application.interactions,
        flows,
        message,
        state,
        start_time,
        arrival: by.arrival.clone().or(application.arrival),
        sources: by.sources.clone().or(application.sources),
        deadline: by.deadline.clone().or(application.deadline),
        placement: by.placement.clone().or(application.placement),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::{Diagnostics, Document, read};
    use std::cell::RefCell;

    /// Services, directed interactions, flows, needs of cores, GB of memory and of storage and accelerators in
    /// all, least and greatest latency in ms and bandwidth in Mbps, as the builders of ECLYPSE 0.9.1 give them.
    type Sums = (&'static str, usize, usize, usize, [f64; 4], [f64; 4]);
    const SUMS: [Sums; 9] = [
        ("sock_shop", 7, 12, 5, [11.0, 10.0, 3.0, 0.0], [40.0, 70.0, 2.0, 10.0]),
        ("hotel_reservation", 5, 8, 3, [10.0, 8.0, 3.75, 0.0], [14.0, 20.0, 8.0, 12.0]),
        ("social_network", 11, 24, 3, [18.0, 15.25, 12.5, 0.0], [10.0, 14.0, 6.0, 14.0]),
        ("media_service", 12, 24, 4, [18.0, 14.75, 12.75, 0.0], [10.0, 14.0, 6.0, 14.0]),
        ("crud_api", 4, 8, 2, [5.0, 3.25, 2.0, 0.0], [6.0, 15.0, 4.0, 10.0]),
        ("video_analytics_serving", 4, 12, 2, [8.0, 10.0, 4.5, 2.5], [10.0, 20.0, 8.0, 25.0]),
        ("anomaly_detection", 4, 10, 1, [4.0, 2.0, 0.95, 0.5], [4.0, 8.0, 2.0, 5.0]),
        ("keyword_spotting", 4, 10, 1, [4.0, 2.0, 0.95, 0.5], [4.0, 8.0, 2.0, 5.0]),
        ("thumbnailer", 4, 10, 1, [4.0, 2.0, 2.35, 0.5], [4.0, 10.0, 2.0, 10.0]),
    ];

    #[test]
    fn each_application_is_good_and_comes_to_the_published_sums() {
        assert_eq!(APPLICATIONS.len(), SUMS.len());
        for (listed, (name, services, interactions, flows, needs, ways)) in APPLICATIONS.iter().zip(SUMS)
        {
            assert_eq!(listed.name, name);
            let document = Document::parse(name, listed.text).expect("JSON");
            let application: ServiceApplicationSpec = read(&document).expect("an application");
            assert_eq!(application_faults(&application, None), [], "{name}");
            assert_eq!(application.application_name(), name);
            let directed = application.interactions.iter().map(|i| 1 + usize::from(i.symmetric));
            let counts = (application.services.len(), directed.sum(), application.flows.len());
            assert_eq!(counts, (services, interactions, flows), "{name}");
            let mut sums = [0.0; 4];
            for service in &application.services {
                let requires = &service.requires;
                sums[0] += requires.cores;
                sums[1] += requires.memory.as_bytes() / 1e9;
                sums[2] += requires.storage.as_bytes() / 1e9;
                sums[3] += requires.accelerators;
                assert!(requires.availability.as_fraction() > 0.9 && service.processing_time.is_some());
            }
            for (sum, need) in sums.iter().zip(needs) {
                assert!((sum - need).abs() < 1e-9, "{name}: {sums:?}");
            }
            let latencies_ms = application
                .interactions
                .iter()
                .map(|interaction| interaction.latency.expect("each has one").as_secs() * 1e3);
            let bandwidths = application.interactions.iter().map(|i| i.bandwidth.as_bps() / 1e6);
            let extremes = [
                latencies_ms.clone().fold(f64::INFINITY, f64::min),
                latencies_ms.fold(0.0, f64::max),
                bandwidths.clone().fold(f64::INFINITY, f64::min),
                bandwidths.fold(0.0, f64::max),
            ];
            for (found, expected) in extremes.iter().zip(ways) {
                assert!((found - expected).abs() < 1e-9, "{name}: {extremes:?}");
            }
        }
    }

    /// On one node without delay the slowest flow is as long as its services take: 20 + 20 + 15 + 20 + 20 ms.
    #[test]
    fn the_slowest_flow_of_the_sock_shop_takes_95_ms() {
        let shop = application("sock_shop").expect("known");
        let time_s = |name: &String| {
            let service = shop.services.iter().find(|service| service.name == *name).expect("known");
            let time = service.processing_time.as_ref().expect("given");
            time.distribution().expect("constant").mean()
        };
        let worst = shop.flows.iter().map(|flow| flow.path.iter().map(time_s).sum::<f64>());
        assert!((worst.fold(0.0, f64::max) - 0.095).abs() < 1e-12);
    }

    fn resolve(text: &str) -> Result<ServiceApplicationSpec, String> {
        let document = Document::parse("scenario.json", text).expect("JSON");
        let spec: ServiceApplicationSpec = read(&document).expect("the form is good");
        let errors = RefCell::new(Diagnostics::default());
        let site = Site::root(&document, &errors, std::path::Path::new("."));
        let resolved = resolve_application(&spec, None, &site, &mut Vec::new());
        match resolved {
            Some(application) if errors.borrow().is_empty() => Ok(application),
            _ => Err(errors.borrow().to_string()),
        }
    }

    #[test]
    fn what_a_scenario_says_of_an_application_takes_its_place() {
        let shop = resolve(
            r#"{ "library": "sock_shop", "name": "shop", "count": 50, "deadline": "1 s", "message": "5 kB",
                "sources": ["phone"], "arrival": { "kind": "periodic", "period": "1 s" } }"#,
        )
        .expect("good");
        assert_eq!((shop.application_name(), shop.count, shop.services.len()), ("shop", 50, 7));
        assert_eq!((shop.flows.len(), shop.library), (5, None));
        assert!(shop.deadline.is_some() && shop.sources.is_some() && shop.arrival.is_some());
        assert_eq!(shop.message.distribution().expect("constant").mean(), 5000.0);
        let other = resolve(
            r#"{ "library": "sock_shop", "flows": [ { "name": "look", "path": ["frontend", "catalog"] } ] }"#,
        );
        assert_eq!(other.expect("good").flows.len(), 1);
    }

    #[test]
    fn what_does_not_fit_together_is_told_where_it_is() {
        for (text, told) in [
            (
                r#"{ "library": "sock-shop" }"#,
                "library: unknown application \"sock-shop\"; did you mean \"sock_shop\"?",
            ),
            (r#"{ "library": "sock_shop", "file": "a.json" }"#, "file: both `library` and `file`"),
            (
                r#"{ "library": "sock_shop", "services": [ { "name": "x" } ] }"#,
                "services: an application of the library or of a file has services",
            ),
            (r#"{ "file": "nowhere.json" }"#, "file: ./nowhere.json: cannot be read"),
            (
                r#"{ "library": "sock_shop", "flows": [ { "name": "x", "path": ["frontnd"] } ] }"#,
                "flows[0].path[0]: no service is named \"frontnd\"",
            ),
        ] {
            let error = resolve(text).expect_err(text);
            assert!(error.contains(told), "{error}");
        }
    }
}
