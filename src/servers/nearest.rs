//! "Did you mean": the known name that is nearest to one that is not known.

/// The nearest of `known`, if it is near enough to be what was meant; case and `_` count for nothing.
pub(super) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    // Below this the suggestion puzzles more than it helps.
    const NEAR: f64 = 0.75;

    let bare = |text: &str| text.replace(['_', '-'], "").to_lowercase();
    let name = bare(&name.chars().take(64).collect::<String>());
    let scored =
        known.into_iter().map(|known| (strsim::normalized_damerau_levenshtein(&name, &bare(known)), known));
    let best = scored.max_by(|(one, _), (other, _)| one.total_cmp(other));
    best.filter(|(score, _)| *score >= NEAR).map(|(_, known)| known)
}
