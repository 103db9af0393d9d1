//! Which arguments go together, and what is said where they do not.

use serde_json::{Value, json};

use super::*;
use crate::mcp::args::parse;

fn review(arguments: Value) -> Result<ReviewTarget, String> {
    let parsed = parse::<ReviewArgs>(arguments.as_object().cloned());
    parsed.map(|args| args.target).map_err(|error| error.to_string())
}

#[test]
fn what_is_meant() {
    let (base, commit) = (ReviewTarget::Base("main".into()), ReviewTarget::Commit("abc".into()));
    let custom = ReviewTarget::Custom("look".into());
    for (arguments, target) in [
        (json!({}), ReviewTarget::Uncommitted),
        (json!({ "target": "uncommitted" }), ReviewTarget::Uncommitted),
        (json!({ "target": null, "base": "main" }), base.clone()),
        (json!({ "target": "base", "base": "main" }), base),
        (json!({ "commit": "abc" }), commit.clone()),
        (json!({ "target": "commit", "commit": "abc", "base": null }), commit),
        (json!({ "instructions": "look" }), custom.clone()),
        (json!({ "target": "custom", "instructions": "look", "wait": 0 }), custom),
    ] {
        assert_eq!(review(arguments.clone()), Ok(target), "{arguments}");
    }
}

#[test]
fn what_does_not_go_together() {
    for (arguments, words) in [
        (json!({ "target": "base" }), "`base` is missing: give the branch"),
        (json!({ "target": "commit" }), "`commit` is missing: give the commit"),
        (json!({ "target": "custom" }), "`instructions` is missing: give what to review"),
        (json!({ "target": "custom", "instructions": " " }), "`instructions` is empty"),
        (
            json!({ "target": "base", "base": "main", "commit": "a" }),
            "`commit` is not for a review of target `base`",
        ),
        (
            json!({ "base": "main", "instructions": "x" }),
            "`instructions` is not for a review of target `base`",
        ),
        (
            json!({ "target": "uncommitted", "base": "main" }),
            "`base` is not for a review of target `uncommitted`",
        ),
        (json!({ "target": "all" }), "`target` is `all`; it takes uncommitted, base, commit, custom"),
        (json!({ "prompt": "x" }), "unknown parameter `prompt`"),
    ] {
        let error = review(arguments.clone()).unwrap_err();
        assert!(error.contains(words), "{arguments}: {error}");
    }
}
