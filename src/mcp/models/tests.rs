//! What is refused, and above all what is not.

use super::*;

fn model(id: &str, hidden: bool, default: bool) -> Model {
    let efforts = vec!["low".into(), "high".into()];
    Model { id: id.into(), hidden, default, efforts }
}

fn catalog() -> Catalog {
    let mut plain = model("plain", false, false);
    plain.efforts.clear();
    let models = vec![model("big", false, true), model("secret", true, false), plain];
    Catalog { whole: true, configured: Some("tuned".into()), review: None, models }
}

fn says(catalog: &Catalog, model: Option<&str>, effort: Option<&str>) -> String {
    check(catalog, model, effort, &["tuned", "flag"], IN_CODEX).err().unwrap_or_default()
}

#[test]
fn an_unknown_model_is_refused_with_those_that_there_are() {
    let said = says(&catalog(), Some("bigg"), None);
    assert!(said.contains("`bigg`") && said.contains("it has big, plain."), "{said}");
    assert!(!said.contains("secret"), "{said}");
}

#[test]
fn an_effort_is_refused_that_the_model_does_not_take() {
    let said = says(&catalog(), Some("big"), Some("max"));
    assert!(said.contains("`max`, which `big` does not take; it takes low, high"), "{said}");
    let plain = Catalog { configured: None, ..catalog() };
    let said = check(&plain, None, Some("max"), &[], IN_CODEX).unwrap_err();
    assert!(said.contains("`big`"), "codex's default: {said}");
}

#[test]
fn what_codex_would_run_is_not() {
    let other = Catalog { whole: false, ..catalog() };
    let empty = Catalog { models: vec![], ..catalog() };
    for (catalog, model, effort) in [
        (&catalog(), Some("big"), Some("high")),
        (&catalog(), Some("secret"), Some("low")),
        (&catalog(), Some("tuned"), Some("any")),
        (&catalog(), Some("flag"), None),
        // One that says of no effort.
        (&catalog(), Some("plain"), Some("any")),
        // The configured one is on no list.
        (&catalog(), None, Some("any")),
        // Of another provider.
        (&other, Some("llama"), Some("any")),
        (&empty, Some("any"), None),
    ] {
        assert_eq!(says(catalog, model, effort), "", "{model:?} {effort:?}");
    }
}
