//! Suggestions for misspelled keys.

use super::{KEYS, is_name};

/// Maximum length of a name that is compared, in bytes. Comparing two names takes time proportional to the product of
/// their lengths, and a file may come from a stranger.
const MAX_NAME_LEN: usize = 64;

/// Returns the known key or section that the unknown path most likely means.
///
/// The last part may be misspelled (`images.paralel`), or a single part may lack its section (`parallel`).
pub(crate) fn suggest(path: &[String]) -> Option<String> {
    let (name, sections) = path.split_last()?;
    let siblings = KEYS.iter().filter_map(|key| {
        let mut parts = key.parts();
        let is_sibling = sections.iter().all(|section| parts.next().is_some_and(|part| part == "*" || part == section));
        is_sibling.then(|| parts.next()).flatten()
    });
    if let Some(sibling) = closest(name, siblings) {
        return Some([sections, &[sibling.to_owned()]].concat().join("."));
    }
    if !sections.is_empty() {
        return None;
    }
    let without_names = || KEYS.iter().map(|key| key.path).filter(|path| !path.contains('*'));
    let last = |path: &'static str| path.rsplit('.').next().unwrap_or(path);
    let found = closest(name, without_names().map(last))?;
    without_names().find(|path| last(path) == found).map(str::to_owned)
}

/// Returns the candidate that is closest to the name, if it is close enough to be a misspelling.
pub fn closest<'a>(name: &str, candidates: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    if name.len() > MAX_NAME_LEN {
        return None;
    }
    let distances = candidates.filter(|candidate| is_name(candidate)).map(|candidate| {
        let distance = strsim::damerau_levenshtein(&name.to_lowercase(), candidate);
        (distance, candidate)
    });
    let (distance, candidate) = distances.min_by_key(|(distance, _)| *distance)?;
    (distance <= candidate.len() / 3).then_some(candidate)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misspelled_keys_get_the_closest_known_key() {
        let table = [
            ("modle", Some("model")),
            ("imgaes", Some("images")),
            ("images.paralel", Some("images.parallel")),
            ("paralel", Some("images.parallel")),
            ("parallel", Some("images.parallel")),
            ("Model", Some("model")),
            ("features.imagegennext", Some("features.imagegenext")),
            ("model_providers.studio.baseurl", Some("model_providers.studio.base_url")),
            ("model_providers.studio.images.max", None),
            ("colour", None),
            ("features.plugins", None),
            ("a", None),
            ("", None),
        ];
        for (path, expected) in table {
            let path: Vec<String> = path.split('.').map(str::to_owned).collect();
            assert_eq!(suggest(&path).as_deref(), expected, "{path:?}");
        }
        assert_eq!(suggest(&["x".repeat(1 << 20)]), None);
    }
}
