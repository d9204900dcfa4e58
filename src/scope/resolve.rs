//! Names to sites, `around` to the sites within the latency.

use super::ScopeError;
use super::ast::{Location, Name, Scope};
use crate::names::did_you_mean;

/// A site, by its place in what [`Sites`] knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SiteIndex(pub u32);

impl SiteIndex {
    /// The number as an index.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What is known of sites: a map, or a world at an instant.
///
/// ```
/// use stratosim::scope::{Place, Scope, SiteIndex, Sites, resolve};
/// struct Line;
/// impl Sites for Line {
///     fn count(&self) -> usize {
///         3
///     }
///     fn name(&self, site: SiteIndex) -> &str {
///         ["west", "middle", "east"][site.index()]
///     }
///     fn latency_s(&self, from: SiteIndex, to: SiteIndex) -> Option<f64> {
///         Some(0.005 * f64::from(from.0.abs_diff(to.0)))
///     }
/// }
/// let resolved = resolve(&Scope::parse("s: around(east, 5 ms)").unwrap(), &Line).unwrap();
/// let [middle, east] = [1, 2].map(|site| Place::Site(SiteIndex(site)));
/// assert_eq!(resolved.parts[0].place, Place::Otherwise(vec![east, middle]));
/// ```
pub trait Sites {
    /// How many there are.
    fn count(&self) -> usize;

    /// The name of a site below [`count`](Self::count).
    fn name(&self, site: SiteIndex) -> &str;

    /// Seconds of a message one way; `None` if there is no way.
    fn latency_s(&self, from: SiteIndex, to: SiteIndex) -> Option<f64>;

    /// The services of the application; `None` if any name is one.
    fn services(&self) -> Option<&[String]> {
        None
    }
}

/// Where a service runs, in sites.
#[derive(Clone, Debug, PartialEq)]
pub enum Place {
    /// One site.
    Site(SiteIndex),
    /// A replica on each.
    Both(Vec<Place>),
    /// One resource spread over all.
    Across(Vec<Place>),
    /// The first that does not fail.
    Otherwise(Vec<Place>),
}

impl Place {
    /// Every site in it once, in the order of writing.
    #[must_use]
    pub fn sites(&self) -> Vec<SiteIndex> {
        let mut sites = Vec::new();
        self.visit(&mut |site| {
            if !sites.contains(&site) {
                sites.push(site);
            }
        });
        sites
    }

    fn visit(&self, see: &mut impl FnMut(SiteIndex)) {
        match self {
            Place::Site(site) => see(*site),
            Place::Both(list) | Place::Across(list) | Place::Otherwise(list) => {
                list.iter().for_each(|place| place.visit(see));
            }
        }
    }
}

/// A service and where it runs, in sites.
#[derive(Clone, Debug, PartialEq)]
pub struct ResolvedPart {
    /// The service.
    pub service: String,
    /// Where it runs.
    pub place: Place,
}

/// A scope whose sites are known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Resolved {
    /// The services it names, in the order of writing.
    pub parts: Vec<ResolvedPart>,
}

impl Resolved {
    /// Where the scope says that a service runs; `None` if it does not name it.
    #[must_use]
    pub fn place(&self, service: &str) -> Option<&Place> {
        self.parts.iter().find(|part| part.service == service).map(|part| &part.place)
    }
}

/// Finds the sites and services that a scope names. `around` looks at each site once.
///
/// # Errors
/// For the first name that no site or service has, and for a site that a replication or a cross names twice; the
/// error points into the expression as it was written, or as it is printed if it was made otherwise.
pub fn resolve(scope: &Scope, sites: &impl Sites) -> Result<Resolved, ScopeError> {
    let resolver = Resolver { scope, sites };
    let mut resolved = Resolved::default();
    for part in &scope.parts {
        let service = &part.service;
        if let Some(known) = sites.services()
            && !known.contains(&service.text)
        {
            let names = known.iter().map(String::as_str);
            return Err(resolver.unknown(service, "service", names));
        }
        let place = resolver.place(&part.location)?;
        resolved.parts.push(ResolvedPart { service: service.text.clone(), place });
    }
    Ok(resolved)
}

struct Resolver<'s, S> {
    scope: &'s Scope,
    sites: &'s S,
}

impl<S: Sites> Resolver<'_, S> {
    fn all(&self) -> impl Iterator<Item = SiteIndex> + Clone {
        (0..u32::try_from(self.sites.count()).unwrap_or(u32::MAX)).map(SiteIndex)
    }

    fn site(&self, name: &Name) -> Result<SiteIndex, ScopeError> {
        self.all()
            .find(|&site| self.sites.name(site) == name.text)
            .ok_or_else(|| self.unknown(name, "site", self.all().map(|site| self.sites.name(site))))
    }

    fn place(&self, location: &Location) -> Result<Place, ScopeError> {
        Ok(match location {
            Location::Site(name) => Place::Site(self.site(name)?),
            Location::Around { site, radius } => {
                let centre = self.site(site)?;
                let mut near: Vec<(f64, SiteIndex)> = self
                    .all()
                    .filter_map(|other| {
                        let latency_s =
                            if other == centre { 0.0 } else { self.sites.latency_s(centre, other)? };
                        (latency_s <= radius.as_secs()).then_some((latency_s, other))
                    })
                    .collect();
                // The centre is first even where another site is no time away.
                near.sort_by(|a, b| {
                    a.0.total_cmp(&b.0).then((a.1 != centre, a.1).cmp(&(b.1 != centre, b.1)))
                });
                match near[..] {
                    [(_, only)] => Place::Site(only),
                    _ => Place::Otherwise(near.into_iter().map(|(_, site)| Place::Site(site)).collect()),
                }
            }
            Location::Both(list) => Place::Both(self.apart(list, "replication", '&')?),
            Location::Across(list) => Place::Across(self.apart(list, "cross", '%')?),
            Location::Otherwise(list) => {
                // A radius within a list of alternatives adds its sites to the list.
                let mut flat = Vec::with_capacity(list.len());
                for location in list {
                    match self.place(location)? {
                        Place::Otherwise(inner) => flat.extend(inner),
                        place => flat.push(place),
                    }
                }
                Place::Otherwise(flat)
            }
        })
    }

    /// The places of a list whose single sites must differ.
    fn apart(&self, list: &[Location], what: &str, operator: char) -> Result<Vec<Place>, ScopeError> {
        let mut places: Vec<Place> = Vec::with_capacity(list.len());
        for location in list {
            let place = self.place(location)?;
            if let (Location::Site(name), true) = (location, places.contains(&place)) {
                let problem = format!(
                    "a {what} names the site `{name}` twice; the sites that `{operator}` joins must differ"
                );
                return Err(self.error(name, problem));
            }
            places.push(place);
        }
        Ok(places)
    }

    fn unknown<'n>(
        &self,
        name: &Name,
        what: &str,
        known: impl Iterator<Item = &'n str> + Clone,
    ) -> ScopeError {
        let hint = match did_you_mean(&name.text, known.clone()) {
            Some(near) => format!("; did you mean `{}`?", Name::new(near)),
            None => {
                let some: Vec<String> =
                    known.clone().take(8).map(|known| Name::new(known).to_string()).collect();
                let more = known.count().saturating_sub(some.len());
                let more = if more > 0 { format!(" and {more} more") } else { String::new() };
                format!("; there are {}{more}", some.join(", "))
            }
        };
        self.error(name, format!("there is no {what} `{name}`{hint}"))
    }

    /// An error at a name: in the expression as it was written, if the scope was read from one.
    fn error(&self, name: &Name, problem: String) -> ScopeError {
        let source = self.scope.source.as_str();
        if source.get(name.at..name.at + name.length).is_some_and(|text| !text.is_empty()) {
            return ScopeError::new(source, name.at, name.length, problem);
        }
        let printed = self.scope.to_string();
        let shown = name.to_string();
        let at = printed.find(&shown).unwrap_or_default();
        ScopeError::new(&printed, at, shown.len(), problem)
    }
}

#[cfg(test)]
#[path = "tests/resolving.rs"]
mod tests;
