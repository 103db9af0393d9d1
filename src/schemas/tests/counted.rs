//! The count of steps is compared with what the validator does, by a keyword that counts its calls.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use jsonschema::{Keyword, ValidationError};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::super::graph::Graph;
use super::super::weigh::{Bounds, weigh};
use super::super::{Schema, Unusable};

struct Counter(Arc<AtomicU64>);

impl<'i> Keyword<'i> for Counter {
    fn validate(&self, _: &'i Value) -> Result<(), ValidationError<'i>> {
        self.0.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }

    fn is_valid(&self, _: &'i Value) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed);
        true
    }
}

/// A schema that refers to any of three others, with a counter in each of its parts.
fn part() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(json!({ "type": "string", "count": true })),
        Just(json!({ "type": "object", "count": true })),
        (0..3).prop_map(|n| json!({ "$ref": format!("#/$defs/d{n}"), "count": true })),
    ];
    leaf.prop_recursive(3, 12, 3, |inner| {
        let list = prop::collection::vec(inner.clone(), 1..3);
        prop_oneof![
            list.clone().prop_map(|all| json!({ "allOf": all, "count": true })),
            list.clone().prop_map(|all| json!({ "anyOf": all, "count": true })),
            list.prop_map(|all| json!({ "oneOf": all, "count": true })),
            inner.clone().prop_map(|one| json!({ "not": one, "count": true })),
            inner.clone().prop_map(|one| json!({ "properties": { "a": one }, "count": true })),
            inner.clone().prop_map(|one| json!({ "additionalProperties": one, "count": true })),
            inner.clone().prop_map(|one| json!({ "items": one, "count": true })),
            inner.clone().prop_map(|one| json!({ "contains": one, "count": true })),
            (inner.clone(), inner.clone()).prop_map(
                |(one, other)| json!({ "if": one, "then": other, "unevaluatedProperties": false, "count": true })
            ),
            (inner.clone(), inner).prop_map(|(one, other)| {
                json!({ "anyOf": [one], "unevaluatedProperties": other, "count": true })
            }),
        ]
    })
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![Just(json!("x")), Just(json!({})), Just(json!(1))];
    leaf.prop_recursive(5, 20, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..3).prop_map(Value::from),
            inner.clone().prop_map(|one| json!({ "a": one })),
            (inner.clone(), inner).prop_map(|(one, other)| json!({ "a": one, "b": other })),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_more_is_done_than_was_counted(
        (root, defs, value) in (part(), prop::collection::vec(part(), 3), value()),
    ) {
        let mut schema = root;
        schema["$defs"] = json!({ "d0": defs[0], "d1": defs[1], "d2": defs[2] });
        match Schema::new(&schema) {
            Err(Unusable::Ring | Unusable::Large) => return Ok(()),
            Err(error) => return Err(TestCaseError::fail(error.to_string())),
            Ok(_) => {}
        }
        let graph = Graph::of(&schema).unwrap();
        let all = Bounds { steps: u64::MAX, depth: u32::MAX };
        let counted = weigh(&graph, [(0, Some(&value))], all).unwrap();
        let calls = Arc::new(AtomicU64::new(0));
        let counter = Arc::clone(&calls);
        let validator = jsonschema::options()
            .with_keyword("count", move |_, _, _| Ok(Box::new(Counter(counter.clone()))))
            .build(&schema)
            .unwrap();
        let _ = validator.is_valid(&value);
        let asked = calls.swap(0, Ordering::Relaxed);
        prop_assert!(asked <= counted, "{asked} calls, {counted} counted: {schema} with {value}");
        // Each alternative is asked first whether it fits, and then why not: once a level.
        let _ = validator.iter_errors(&value).count();
        let told = calls.load(Ordering::Relaxed);
        prop_assert!(told <= 20 * counted, "{told} calls, {counted} counted: {schema} with {value}");
    }
}
