//! scope-lang: where a request of a geo-distributed application is executed.
//!
//! A whole instance of an application runs on every site. A request carries a *scope*, which says for each service
//! which instances serve it (Delavergne, "Cheops, a service-mesh to geo-distribute micro-service applications at the
//! Edge", thesis, IMT Atlantique, 2023). A service that the scope does not name runs where the request is.
//!
//! | form | meaning |
//! | --- | --- |
//! | `Paris` | one site |
//! | `Paris & Nantes` | replication: on all of them |
//! | `Paris % Nantes` | cross: one resource spread over all of them |
//! | `Paris ; Nantes` | otherwise: the next if the one before fails |
//! | `around(Paris, 10 ms)` | the sites within a latency, nearest first, joined by `;` |
//!
//! `&` and `%` bind tighter than `;`. Neither of the two binds tighter than the other: an expression with both needs
//! parentheses, because `a & b % c` reads both ways and the difference is where data ends up.
//!
//! ```
//! use stratosim::scope::{Plan, Scope, SiteMap, plan, resolve};
//! let map = SiteMap::france();
//! let scope = Scope::parse("s: Nantes & Rennes ; Brest, t: Paris").unwrap();
//! let resolved = resolve(&scope, &map).unwrap();
//! let [nantes, rennes, brest] = ["Nantes", "Rennes", "Brest"].map(|name| map.site(name).unwrap());
//! // At Nantes, `s` is a replication whose first part is local.
//! assert_eq!(
//!     plan(&resolved, "s", nantes),
//!     Plan::Otherwise(vec![
//!         Plan::Replicate(vec![Plan::Local, Plan::Forward(rennes)]),
//!         Plan::Forward(brest),
//!     ])
//! );
//! assert_eq!(plan(&resolved, "u", nantes), Plan::Local);
//! ```
//!
//! Parsing, resolving, planning and checking are apart, so that a mistake is told where it is made.

mod ast;
mod check;
mod error;
mod lexer;
mod map;
mod parser;
mod plan;
mod resolve;

pub use ast::{Location, Name, Part, Scope};
pub use check::{
    Catalogue, CatalogueError, Dependency, Finding, Ownership, Relation, ResourceKind, Severity, check,
};
pub use error::ScopeError;
pub use map::{SiteMap, SiteMapError};
pub use plan::{Plan, explain, plan};
pub use resolve::{Place, Resolved, ResolvedPart, SiteIndex, Sites, resolve};
