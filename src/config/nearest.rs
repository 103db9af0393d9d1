//! "Did you mean": the known name that is nearest to one that is not known.

/// The nearest of `known`, if it is near enough to be what was meant.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Below this the suggestion puzzles more than it helps.
    const NEAR: f64 = 0.75;

    let scored = known.into_iter().map(|known| (strsim::normalized_damerau_levenshtein(name, known), known));
    let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(score, _)| *score >= NEAR).map(|(_, known)| known)
}
