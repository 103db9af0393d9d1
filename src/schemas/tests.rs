//! What is refused, what must go on to work, and that no more is done than was counted.

mod counted;

use serde_json::{Value, json};

use super::*;

fn refusal(schema: &Value) -> Unusable {
    Schema::new(schema).err().unwrap_or_else(|| panic!("it was taken: {schema}"))
}

fn faults(schema: &Value, value: &Value) -> Result<Vec<String>, TooMuch> {
    Schema::new(schema).unwrap_or_else(|error| panic!("{error}: {schema}")).faults(value, 5)
}

/// Definitions each of which names the next twice.
fn doubling(levels: usize) -> Value {
    let mut all: serde_json::Map<_, _> = (0..levels)
        .map(|n| {
            let next = json!({ "$ref": format!("#/$defs/a{}", n + 1) });
            (format!("a{n}"), json!({ "allOf": [next, next] }))
        })
        .collect();
    all.insert(format!("a{levels}"), json!({ "type": "string" }));
    json!({ "$ref": "#/$defs/a0", "$defs": all })
}

#[test]
fn a_reference_that_gets_nowhere_is_refused() {
    for schema in [
        json!({ "$ref": "#" }),
        json!({ "anyOf": [{ "type": "number" }, { "$ref": "#" }] }),
        json!({ "allOf": [{ "$ref": "#" }] }),
        json!({ "not": { "$ref": "#" } }),
        json!({ "if": true, "then": { "oneOf": [{ "$ref": "#/then" }] } }),
        json!({ "dependentSchemas": { "a": { "$ref": "#" } } }),
        json!({ "dependencies": { "a": { "$ref": "#" }, "b": ["c"] } }),
        json!({ "$ref": "#/$defs/a", "$defs": { "a": { "$ref": "#/$defs/b" }, "b": { "$ref": "#/$defs/a" } } }),
        json!({ "properties": { "deep": { "items": { "$ref": "#/$defs/a" } } },
                "$defs": { "a": { "anyOf": [{ "$ref": "#/$defs/a" }, { "type": "null" }] } } }),
        json!({ "$id": "https://example.com/tree", "anyOf": [{ "$ref": "tree" }] }),
        json!({ "$ref": "json-schema:///" }),
        json!({ "allOf": [{ "$ref": "#me" }], "$anchor": "me" }),
        json!({ "$dynamicAnchor": "n", "anyOf": [{ "$dynamicRef": "#n" }] }),
        json!({ "$schema": "https://json-schema.org/draft/2019-09/schema", "anyOf": [{ "$recursiveRef": "#" }] }),
        json!({ "$schema": "http://json-schema.org/draft-07/schema#", "anyOf": [{ "$ref": "#" }] }),
    ] {
        assert_eq!(refusal(&schema), Unusable::Ring, "{schema}");
    }
}

#[test]
fn what_would_take_too_much_is_refused() {
    assert_eq!(refusal(&doubling(28)), Unusable::Large);
    assert_eq!(faults(&doubling(8), &json!("x")), Ok(vec![]));
    let chain: serde_json::Map<_, _> = (0..300)
        .map(|n| (format!("a{n}"), json!({ "allOf": [{ "$ref": format!("#/$defs/a{}", n + 1) }] })))
        .chain([("a300".to_owned(), json!(true))])
        .collect();
    assert_eq!(refusal(&json!({ "$ref": "#/$defs/a0", "$defs": chain })), Unusable::Large);
    let deep = (0..60).fold(json!({}), |inner, _| json!({ "items": [inner] }));
    assert_eq!(refusal(&deep), Unusable::Nested);
    let long = json!({ "enum": ["x".repeat(300 << 10)] });
    assert!(matches!(refusal(&long), Unusable::Long(_)));
    for wrong in
        [json!({ "type": 5 }), json!({ "$ref": "#/nowhere" }), json!({ "$ref": "file:///etc/hostname" })]
    {
        assert!(matches!(refusal(&wrong), Unusable::Invalid(_)), "{wrong}");
    }
}

/// What lets the work double with each level of the value: the schema by itself is small.
#[test]
fn a_value_that_would_take_too_much_is_not_checked() {
    let below = json!({ "properties": { "c": { "$ref": "#" } } });
    let schema = json!({ "allOf": [below, below] });
    let tree = |depth| (0..depth).fold(json!({}), |inner, _| json!({ "c": inner }));
    assert_eq!(faults(&schema, &tree(8)), Ok(vec![]));
    assert_eq!(faults(&schema, &tree(100)), Err(TooMuch));
    let alternatives: Vec<_> = (0..100).map(|_| json!({ "type": "number" })).collect();
    let schema = json!({ "items": { "anyOf": alternatives } });
    assert_eq!(faults(&schema, &json!(vec!["x"; 10])).map(|all| all.len()), Ok(5));
    let large = faults(&schema, &json!(vec!["x"; 1000])).unwrap();
    assert_eq!(large, ["somewhere (it is too large to say where)"]);
    assert_eq!(faults(&schema, &json!(vec![1; 1000])), Ok(vec![]));
    assert_eq!(faults(&schema, &json!(vec!["x"; 10_000])), Err(TooMuch));
}

#[test]
fn a_schema_may_recur_below_members_and_items() {
    let tree = json!({
        "type": "object",
        "properties": { "v": { "type": "number" }, "c": { "type": "array", "items": { "$ref": "#" } } },
        "required": ["v"],
    });
    assert_eq!(faults(&tree, &json!({ "v": 1, "c": [{ "v": 2, "c": [] }] })), Ok(vec![]));
    let unfit = faults(&tree, &json!({ "v": 1, "c": [{ "v": 2 }, { "v": "x" }] })).unwrap();
    assert!(unfit.len() == 1 && unfit[0].contains("/c/1/v"), "{unfit:?}");
    // As deep as a value can come out of a message.
    let deep = (0..60).fold(json!({ "v": 0 }), |inner, _| json!({ "v": 1, "c": [inner] }));
    assert_eq!(faults(&tree, &deep), Ok(vec![]));
    let expression = json!({
        "$ref": "#/$defs/expression",
        "$defs": {
            "expression": { "anyOf": [{ "type": "number" }, { "$ref": "#/$defs/sum" }] },
            "sum": { "type": "object", "additionalProperties": { "$ref": "#/$defs/expression" } },
        },
    });
    assert_eq!(faults(&expression, &json!({ "a": { "b": 1 }, "c": 2 })), Ok(vec![]));
    for recursive in [
        json!({ "prefixItems": [{ "$ref": "#" }] }),
        json!({ "contains": { "$ref": "#" } }),
        json!({ "patternProperties": { "^x": { "$ref": "#" } } }),
        json!({ "propertyNames": { "$ref": "#" } }),
        json!({ "unevaluatedProperties": { "$ref": "#" } }),
        json!({ "$id": "https://example.com/tree", "properties": { "c": { "$ref": "tree" } } }),
        json!({ "$dynamicAnchor": "n", "properties": { "c": { "$dynamicRef": "#n" } } }),
        json!({ "$defs": { "unused": { "$ref": "#/$defs/unused" } } }),
        json!({ "properties": { "$ref": { "type": "string" }, "anyOf": { "type": "array" } } }),
        json!({ "$ref": "https://json-schema.org/draft/2020-12/schema" }),
        json!({ "$schema": "http://json-schema.org/draft-07/schema#", "$ref": "http://json-schema.org/draft-07/schema#" }),
        json!(true),
    ] {
        assert!(faults(&recursive, &json!({ "x": { "c": [{}] } })).is_ok(), "{recursive}");
    }
}

#[test]
fn a_pattern_that_goes_back_and_forth_ends() {
    let schema = json!({ "type": "array", "items": { "type": "string", "pattern": "^(?=(a|aa)+c)" } });
    assert_eq!(faults(&schema, &json!(vec!["a".repeat(30); 300])).map(|all| all.is_empty()), Ok(false));
    let huge = json!({ "pattern": "((a{200}){200}){50}" });
    assert!(matches!(refusal(&huge), Unusable::Invalid(_)));
}
