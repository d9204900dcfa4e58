//! A map of sites in memory: a small one that is built in, or one of names and ways.

use super::resolve::{SiteIndex, Sites};
use crate::infra::{LonLat, fibre_latency_s, great_circle_m};
use crate::names::did_you_mean;
use petgraph::algo::dijkstra;
use petgraph::graph::{NodeIndex, UnGraph};

/// Fibre is this much longer than the great circle on the built-in map.
const ROUTE_FACTOR: f64 = 1.5;

/// Cities of France by (longitude, latitude) in degrees, rounded to 0.01 degrees (1 km).
const FRANCE: [(&str, f64, f64); 12] = [
    ("Bordeaux", -0.58, 44.84),
    ("Brest", -4.49, 48.39),
    ("Grenoble", 5.72, 45.19),
    ("Lille", 3.06, 50.63),
    ("Lyon", 4.84, 45.76),
    ("Marseille", 5.37, 43.30),
    ("Nantes", -1.55, 47.22),
    ("Nice", 7.27, 43.70),
    ("Paris", 2.35, 48.86),
    ("Rennes", -1.68, 48.11),
    ("Strasbourg", 7.75, 48.58),
    ("Toulouse", 1.44, 43.60),
];

/// Why a map is none.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SiteMapError {
    /// Nothing to choose from.
    #[error("there are no sites")]
    Empty,
    /// A name must tell sites apart.
    #[error("the site \"{0}\" is there twice")]
    Twice(String),
    /// A way ends nowhere.
    #[error("a link names \"{name}\", which is no site{hint}")]
    UnknownEnd {
        /// The name.
        name: String,
        /// A name that is near, as a question.
        hint: String,
    },
    /// A latency that is none.
    #[error(
        "the latency between \"{a}\" and \"{b}\" is {latency_s} s; it must be zero or more and finite"
    )]
    Latency {
        /// One end.
        a: String,
        /// The other.
        b: String,
        /// What it was to be.
        latency_s: f64,
    },
}

/// Sites with the latency of the shortest way between any two.
#[derive(Clone, Debug, PartialEq)]
pub struct SiteMap {
    names: Vec<String>,
    /// Seconds by from and to, infinite without a way.
    latency_s: Vec<f64>,
    services: Option<Vec<String>>,
}

impl SiteMap {
    /// Twelve cities of France, with latencies of fibre half as long again as the great circle.
    #[must_use]
    pub fn france() -> Self {
        let place = |&(_, longitude_deg, latitude_deg): &(&str, f64, f64)| LonLat {
            longitude_deg,
            latitude_deg,
        };
        let latency_s = FRANCE
            .iter()
            .flat_map(|from| {
                FRANCE
                    .iter()
                    .map(move |to| fibre_latency_s(great_circle_m(place(from), place(to)), ROUTE_FACTOR))
            })
            .collect();
        let names = FRANCE.iter().map(|&(name, ..)| name.to_owned()).collect();
        SiteMap { names, latency_s, services: None }
    }

    /// A map of sites and of links (a site, another, seconds one way), which go both ways. Takes
    /// O(sites * links * log sites).
    ///
    /// # Errors
    /// If there is no site, two have the same name, a link ends at none, or a latency is negative or not finite.
    pub fn new(names: Vec<String>, links: &[(String, String, f64)]) -> Result<Self, SiteMapError> {
        if names.is_empty() {
            return Err(SiteMapError::Empty);
        }
        let mut graph = UnGraph::<(), f64>::with_capacity(names.len(), links.len());
        let mut nodes = std::collections::BTreeMap::new();
        for name in &names {
            if nodes.insert(name.as_str(), graph.add_node(())).is_some() {
                return Err(SiteMapError::Twice(name.clone()));
            }
        }
        let end = |name: &String| {
            nodes.get(name.as_str()).copied().ok_or_else(|| SiteMapError::UnknownEnd {
                name: name.clone(),
                hint: did_you_mean(name, names.iter().map(String::as_str))
                    .map_or(String::new(), |near| format!("; did you mean \"{near}\"?")),
            })
        };
        for (a, b, latency_s) in links {
            let (from, to) = (end(a)?, end(b)?);
            if !(latency_s.is_finite() && *latency_s >= 0.0) {
                return Err(SiteMapError::Latency { a: a.clone(), b: b.clone(), latency_s: *latency_s });
            }
            graph.add_edge(from, to, *latency_s);
        }
        let count = names.len();
        let mut latency_s = vec![f64::INFINITY; count * count];
        for from in 0..count {
            for (to, seconds) in dijkstra(&graph, NodeIndex::new(from), None, |edge| *edge.weight()) {
                latency_s[from * count + to.index()] = seconds;
            }
        }
        Ok(SiteMap { names, latency_s, services: None })
    }

    /// The same with the services that scopes may name.
    #[must_use]
    pub fn with_services(mut self, services: Vec<String>) -> Self {
        self.services = Some(services);
        self
    }

    /// The site of this name.
    #[must_use]
    pub fn site(&self, name: &str) -> Option<SiteIndex> {
        let index = self.names.iter().position(|known| known == name)?;
        u32::try_from(index).ok().map(SiteIndex)
    }

    /// The names of all sites, in the order of their indices.
    #[must_use]
    pub fn sites(&self) -> &[String] {
        &self.names
    }
}

impl Sites for SiteMap {
    fn count(&self) -> usize {
        self.names.len()
    }

    fn name(&self, site: SiteIndex) -> &str {
        &self.names[site.index()]
    }

    fn latency_s(&self, from: SiteIndex, to: SiteIndex) -> Option<f64> {
        let latency_s = self.latency_s[from.index() * self.names.len() + to.index()];
        latency_s.is_finite().then_some(latency_s)
    }

    fn services(&self) -> Option<&[String]> {
        self.services.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    /// Paris to Lyon is 392 km by great circle: 392e3 * 1.5 / 2e8 = 2.94 ms.
    #[test]
    fn france_has_latencies_of_fibre() {
        let map = SiteMap::france();
        let between = |a, b| map.latency_s(map.site(a).unwrap(), map.site(b).unwrap()).unwrap();
        assert!((between("Paris", "Lyon") - 2.94e-3).abs() < 0.02e-3, "{}", between("Paris", "Lyon"));
        assert_eq!(between("Paris", "Lyon"), between("Lyon", "Paris"));
        assert_eq!(between("Nice", "Nice"), 0.0);
    }

    /// a - 1 ms - b - 2 ms - c, a - 5 ms - c; d alone.
    #[test]
    fn the_shortest_way_counts() {
        let link = |a: &str, b: &str, seconds| (a.to_owned(), b.to_owned(), seconds);
        let links = [link("a", "b", 1e-3), link("b", "c", 2e-3), link("a", "c", 5e-3)];
        let map = SiteMap::new(names(&["a", "b", "c", "d"]), &links).unwrap();
        assert_eq!(map.latency_s(SiteIndex(2), SiteIndex(0)), Some(3e-3));
        assert_eq!(map.latency_s(SiteIndex(0), SiteIndex(3)), None);
    }

    #[test]
    fn faults_are_named() {
        let link = |a: &str, b: &str, seconds| [(a.to_owned(), b.to_owned(), seconds)];
        let message =
            |list: &[&str], links: &[_]| SiteMap::new(names(list), links).unwrap_err().to_string();
        assert_eq!(message(&[], &[]), "there are no sites");
        assert_eq!(message(&["a", "a"], &[]), "the site \"a\" is there twice");
        assert_eq!(
            message(&["Paris"], &link("Paris", "Pari", 1.0)),
            "a link names \"Pari\", which is no site; did you mean \"Paris\"?"
        );
        assert!(message(&["a", "b"], &link("a", "b", -1.0)).contains("zero or more"));
        assert!(message(&["a", "b"], &link("a", "b", f64::NAN)).contains("NaN"));
    }
}
