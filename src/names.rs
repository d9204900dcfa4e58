//! Names as users type them.

/// Longer names are not compared: no mistyped name is that long.
const LONGEST_NAME: usize = 64;

/// The candidate that `name` most likely was meant to be, if one is near enough: at most a third of its
/// characters inserted, removed, replaced or swapped with a neighbour, letter case and `-` for `_` aside.
///
/// ```
/// use stratosim::scenario::did_you_mean;
/// assert_eq!(did_you_mean("neerest", ["random", "nearest"]), Some("nearest"));
/// assert_eq!(did_you_mean("Cloud-Only", ["cloud_only"]), Some("cloud_only"));
/// assert_eq!(did_you_mean("colour", ["random", "nearest"]), None);
/// ```
#[must_use]
pub fn did_you_mean<'c>(name: &str, candidates: impl IntoIterator<Item = &'c str>) -> Option<&'c str> {
    if name.len() > LONGEST_NAME {
        return None;
    }
    let plain = |text: &str| text.to_lowercase().replace(['-', ' '], "_");
    let name = plain(name);
    candidates
        .into_iter()
        .filter_map(|candidate| {
            let distance = strsim::osa_distance(&name, &plain(candidate));
            let longest = name.chars().count().max(candidate.chars().count());
            (distance <= (longest / 3).max(1) && distance < longest).then_some((distance, candidate))
        })
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}
