//! Networks in the native format of SNDlib (Orlowski and others, SNDlib 1.0 - Survivable Network Design Library,
//! Networks 55(3), 2010).

use super::{ImportError, open_plain};
use crate::infra::{LonLat, Role, Topology, TopologyEdge, TopologyNode};
use std::collections::BTreeMap;
use std::io::BufRead;
use std::path::Path;

/// What the file begins with.
const MAGIC: &str = "?SNDlib native format";

/// Reads a file in the native format of SNDlib, plain or gzipped: the nodes with their longitudes and latitudes, and
/// the links. The bandwidth of a link is its capacity that is installed already, in each direction, if the file counts
/// in megabits a second (`unit = MBITPERSEC`) and it is above 0; else it is unknown, as are latencies:
/// [`Topology::set_fibre_latencies`] sets these.
///
/// # Errors
/// If the file cannot be read or is not in this format, a node has no place, or a link leads to a node that is not
/// there.
pub fn read_sndlib(path: impl AsRef<Path>) -> Result<Topology, ImportError> {
    let path = path.as_ref();
    let mut reader = Reader {
        path,
        line: 0,
        topology: Topology::default(),
        numbers: BTreeMap::new(),
        in_mbps: false,
        seen: [false; 2],
    };
    reader.read(open_plain(path)?)?;
    Ok(reader.topology)
}

/// Whether a file, plain or gzipped, begins as those of SNDlib's native format do.
///
/// # Errors
/// If it cannot be read.
pub fn is_sndlib(path: impl AsRef<Path>) -> Result<bool, ImportError> {
    let path = path.as_ref();
    let mut source = open_plain(path)?;
    let start = source.fill_buf().map_err(|source| ImportError::Read {
        file: path.to_owned(),
        line: 1,
        column: 1,
        source,
    })?;
    Ok(start.starts_with(MAGIC.as_bytes()))
}

/// The part of the file that is being read.
#[derive(Clone, Copy, PartialEq)]
enum Section {
    Outside,
    Meta,
    Nodes,
    Links,
    Other,
}

struct Reader<'a> {
    path: &'a Path,
    line: u64,
    topology: Topology,
    numbers: BTreeMap<String, usize>,
    in_mbps: bool,
    /// Whether there were nodes and links.
    seen: [bool; 2],
}

impl Reader<'_> {
    fn error(&self, found: impl Into<String>, expected: impl Into<String>) -> ImportError {
        ImportError::Content {
            file: self.path.to_owned(),
            line: self.line,
            column: 1,
            found: found.into(),
            expected: expected.into(),
        }
    }

    fn read(&mut self, source: impl BufRead) -> Result<(), ImportError> {
        let mut section = Section::Outside;
        for line in source.lines() {
            self.line += 1;
            let line = line.map_err(|source| ImportError::Read {
                file: self.path.to_owned(),
                line: self.line,
                column: 1,
                source,
            })?;
            if self.line == 1 && !line.starts_with(MAGIC) {
                let found: String = line.chars().take(40).collect();
                return Err(self.error(format!("{found:?}"), format!("{MAGIC:?}")));
            }
            let words: Vec<&str> = line.split_whitespace().collect();
            if words.first().is_none_or(|word| word.starts_with(['#', '?'])) {
                continue;
            }
            match (section, &words[..]) {
                (Section::Outside, [name, "("]) => {
                    section = match *name {
                        "META" => Section::Meta,
                        "NODES" => Section::Nodes,
                        "LINKS" => Section::Links,
                        _ => Section::Other,
                    };
                }
                (Section::Outside, _) => {
                    return Err(self.error(format!("{line:?}"), "a section such as NODES ("));
                }
                (_, [")"]) => section = Section::Outside,
                (Section::Meta, ["unit", "=", unit]) => self.in_mbps = *unit == "MBITPERSEC",
                (Section::Nodes, words) => self.node(words, &line)?,
                (Section::Links, words) => self.link(words, &line)?,
                (Section::Meta | Section::Other, _) => {}
            }
        }
        if section != Section::Outside || self.seen != [true; 2] {
            return Err(
                self.error("the end of the file", "the sections NODES and LINKS, each up to its )")
            );
        }
        Ok(())
    }

    fn node(&mut self, words: &[&str], line: &str) -> Result<(), ImportError> {
        self.seen[0] = true;
        let place = match words {
            [_, "(", longitude, latitude, ")"] => {
                let degrees = longitude.parse().ok().zip(latitude.parse().ok());
                degrees.and_then(|(longitude, latitude)| LonLat::new(longitude, latitude))
            }
            _ => None,
        };
        let Some(place) = place else {
            return Err(self.error(format!("{line:?}"), "NAME ( LONGITUDE LATITUDE ) in degrees"));
        };
        let name = words[0].to_owned();
        if self.numbers.insert(name.clone(), self.topology.nodes.len()).is_some() {
            return Err(self.error(format!("a second node {name:?}"), "names used once"));
        }
        let node = TopologyNode { lon_lat: Some(place), ..TopologyNode::new(name, Role::Router) };
        self.topology.nodes.push(node);
        Ok(())
    }

    fn link(&mut self, words: &[&str], line: &str) -> Result<(), ImportError> {
        self.seen[1] = true;
        let [_, "(", source, target, ")", rest @ ..] = words else {
            return Err(self.error(format!("{line:?}"), "NAME ( SOURCE TARGET ) CAPACITY ..."));
        };
        let node = |name: &str| {
            self.numbers.get(name).copied().ok_or_else(|| {
                self.error(format!("a link to node {name:?}"), "a node of the section NODES")
            })
        };
        let (a, b) = (node(source)?, node(target)?);
        let capacity = match rest.first() {
            None => None,
            Some(word) => {
                let capacity: Option<f64> =
                    word.parse().ok().filter(|&mbps: &f64| mbps >= 0.0 && mbps.is_finite());
                Some(capacity.ok_or_else(|| {
                    self.error(format!("the capacity {word:?}"), "a number of at least 0")
                })?)
            }
        };
        let mbps = capacity.filter(|&mbps| self.in_mbps && mbps > 0.0);
        self.topology.edges.push(TopologyEdge {
            bandwidth_bps: mbps.map(|mbps| mbps * 1e6),
            ..TopologyEdge::new(a, b)
        });
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::import::test_data;

    const SMALL: &str = "?SNDlib native format; type: network; version: 1.0\n# network small\n\nMETA (\n  unit  = \
        MBITPERSEC\n  origin  = someone ( else )\n)\n\nNODES (\n  a ( 13.40 52.52 )\n  b ( 11.58 48.14 )\n  c ( 8.68 50.11 \
        )\n)\nLINKS (\n  L1 ( a b ) 155.00 0.00 0.00 0.00 ( 622.00 1.00 )\n  L2 ( b c ) 0.00 0.00 0.00 0.00 ( )\n)\nDEMANDS (\n  D1 ( \
        a c ) 1 9.00 UNLIMITED\n)\n";

    fn read(text: &str) -> Result<Topology, String> {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("net.txt");
        std::fs::write(&path, text).expect("written");
        read_sndlib(&path).map_err(|error| error.to_string())
    }

    #[test]
    fn nodes_have_places_and_links_their_capacity() {
        let small = read(SMALL).expect("good");
        assert_eq!((small.nodes.len(), small.edges.len()), (3, 2));
        assert_eq!(small.edges[0].bandwidth_bps, Some(155e6));
        assert_eq!(small.edges[1].bandwidth_bps, None);
        // Berlin to Munich is about 504 km.
        let length_m = small.edge_length_m(&small.edges[0]).expect("both have places");
        assert!((length_m / 504e3 - 1.0).abs() < 0.01, "{length_m}");
        let other = read(&SMALL.replace("MBITPERSEC", "STM1")).expect("good");
        assert_eq!(other.edges[0].bandwidth_bps, None);
    }

    #[test]
    fn faults_are_told_with_their_line() {
        for (from, to, told) in [
            ("?SNDlib native", "<?xml", "net.txt:1:1: found \"<?xml format"),
            (
                "( 13.40 52.52 )",
                "( 213.40 52.52 )",
                "net.txt:10:1: found \"  a ( 213.40 52.52 )\", expected NAME",
            ),
            ("  b ( ", "  a ( ", "net.txt:11:1: found a second node \"a\""),
            ("( b c )", "( b d )", "net.txt:16:1: found a link to node \"d\""),
            ("155.00", "x", "net.txt:15:1: found the capacity \"x\""),
            ("LINKS (", "LINES (", "found the end of the file, expected the sections NODES and LINKS"),
        ] {
            let text = SMALL.replacen(from, to, 1);
            assert_ne!(text, SMALL, "{from}");
            let error = read(&text).expect_err(to);
            assert!(error.contains(told), "{told}: {error}");
        }
    }

    #[test]
    fn abilene_is_read_as_it_was_published() {
        let Some(file) = test_data("topology/sndlib_abilene.txt") else { return };
        let abilene = read_sndlib(file).expect("good");
        assert_eq!((abilene.nodes.len(), abilene.edges.len(), abilene.components().len()), (12, 15, 1));
        let installed: Vec<Option<f64>> = abilene.edges.iter().map(|edge| edge.bandwidth_bps).collect();
        assert_eq!(installed.iter().filter(|&&bps| bps == Some(9920e6)).count(), 14);
        assert_eq!(installed.iter().filter(|&&bps| bps == Some(2480e6)).count(), 1);
    }
}
