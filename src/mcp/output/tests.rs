//! A value, or an error that shows both sides.

use serde_json::json;

use super::*;

#[test]
fn a_message_fits_or_the_error_shows_why() {
    let schema = json!({ "type": "object", "properties": { "n": { "type": "integer" } }, "required": ["n"] });
    assert_eq!(fitting(" {\"n\": 1}\n", &schema), Ok(json!({ "n": 1 })));
    for (content, schema, words) in [
        ("no json", schema.clone(), "it is no JSON"),
        ("", schema.clone(), "it is no JSON"),
        ("{}", schema.clone(), "required"),
        ("{\"n\": \"x\"}", schema.clone(), "/n"),
        ("{\"n\": 1}", json!({ "type": 5 }), "cannot be used"),
    ] {
        let error = fitting(content, &schema).unwrap_err();
        assert!(error.message.contains(words), "{content}: {}", error.message);
        assert!(error.message.contains(&schema.to_string()), "it shows the schema");
    }
    let long = fitting(&"x".repeat(100_000), &schema).unwrap_err();
    assert!(long.message.len() < 5000);
}

#[test]
fn only_a_turn_that_ended_well_has_one() {
    let view = |status| View {
        status,
        content: "1".into(),
        output_schema: Some(json!({ "type": "integer" })),
        ..View::new("t".into())
    };
    assert_eq!(output(&view(Status::Ended(TurnStatus::Completed))), Some(Ok(json!(1))));
    for status in [
        Status::Running,
        Status::NeedsDecision,
        Status::Ended(TurnStatus::Interrupted),
        Status::Ended(TurnStatus::Failed),
    ] {
        assert_eq!(output(&view(status)), None);
    }
    let without = View { output_schema: None, ..view(Status::Ended(TurnStatus::Completed)) };
    assert_eq!(output(&without), None);
}

/// A journal of an older bridge may hold one.
#[test]
fn a_schema_that_cannot_be_used_is_harmless() {
    let next = json!({ "$ref": "#/$defs/b" });
    for (schema, words) in [
        (json!({ "anyOf": [{ "type": "number" }, { "$ref": "#" }] }), "leads back to itself"),
        (json!({ "$ref": "#/$defs/a", "$defs": { "a": next, "b": { "$ref": "#/$defs/a" } } }), "leads back"),
        ((0..60).fold(json!({}), |inner, _| json!({ "not": { "not": inner } })), "nested deeper"),
    ] {
        let error = fitting("\"x\"", &schema).unwrap_err();
        assert_eq!(error.code, "output_unfit");
        assert!(
            error.message.contains("cannot be used") && error.message.contains(words),
            "{}",
            error.message
        );
    }
}
