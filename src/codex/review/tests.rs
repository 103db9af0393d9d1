//! The forms in which codex 0.169 was seen to give a review.

use proptest::prelude::*;
use serde_json::json;

use super::*;

fn finding(title: &str, body: &str, priority: Option<u8>, file: &str, start: u64, end: u64) -> Finding {
    Finding {
        title: title.into(),
        body: body.into(),
        priority,
        file: file.into(),
        lines: Lines { start, end },
    }
}

#[test]
fn the_list_of_codex() {
    let one = "It breaks.\n\nReview comment:\n\n- [P1] Guard it — /w/a.txt:3-5\n  Because.";
    let two = "It breaks.\n\nFull review comments:\n\n- [P0] T — /w/a.txt:3-5\n  B\n\n- U — rel — b.rs:1-1\n  \
               para one\n  \n  para two\n  - item\n    indented";
    let bare = "Review comment:\n\n- [P3] T — a.txt:3-5";
    let twice = "a\n\nReview comment:\n\nb\n\nReview comment:\n\n- [P9] T: x — C:\\w\\a.rs:3-5\n  B\n";
    let long = "para one\n\npara two\n- item\n  indented";
    for (text, explanation, findings) in [
        (one, "It breaks.", vec![finding("[P1] Guard it", "Because.", Some(1), "/w/a.txt", 3, 5)]),
        (
            two,
            "It breaks.",
            vec![
                finding("[P0] T", "B", Some(0), "/w/a.txt", 3, 5),
                finding("U — rel", long, None, "b.rs", 1, 1),
            ],
        ),
        (bare, "", vec![finding("[P3] T", "", Some(3), "a.txt", 3, 5)]),
        (twice, "a\n\nReview comment:\n\nb", vec![finding("[P9] T: x", "B", None, "C:\\w\\a.rs", 3, 5)]),
    ] {
        let explanation = explanation.to_owned();
        assert_eq!(super::findings(text), Some(Review { findings, explanation }), "{text}");
    }
}

#[test]
fn the_json_that_codex_could_not_read_itself() {
    let location = json!({ "absolute_file_path": "/w/a", "line_range": { "start": 1, "end": 2 } });
    let one = |more: serde_json::Value| {
        let mut one =
            json!({ "title": "[P2] T", "body": "B", "confidence_score": 0.5, "code_location": location });
        one.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "findings": [one], "overall_correctness": "patch is incorrect", "overall_explanation": "E" })
    };
    for (text, priority) in [
        (one(json!({})), Some(2)),
        (one(json!({ "priority": null })), Some(2)),
        (one(json!({ "priority": 0 })), Some(0)),
        (one(json!({ "title": "T" })), None),
    ] {
        let review = findings(&text.to_string()).unwrap();
        assert_eq!((review.explanation.as_str(), review.findings.len()), ("E", 1), "{text}");
        assert_eq!((review.findings[0].priority, review.findings[0].lines.end), (priority, 2), "{text}");
    }
    assert_eq!(findings(r#"{"findings":[]}"#), Some(Review::default()));
}

#[test]
fn any_other_text_has_no_findings() {
    for text in [
        "",
        "Looks good.",
        "Review comment:\n\n",
        "Review comment:\n\n- no place\n  B",
        "Review comment:\n\n- T — a:1-2\nnot indented",
        "Review comment:\n\n- T — a:1-2\n  B\n\nand then words",
        "Review comment:\n\n- T — a:one-2",
        "See. Review comment:\n\n- T — a:1-2",
        "{\"findings\": 1}",
        "{\"findings\": [{\"title\": \"T\"}]}",
        "Reviewer failed to output a response.",
    ] {
        assert_eq!(findings(text), None, "{text}");
    }
}

/// As codex writes it.
fn written(review: &Review) -> String {
    let head = if review.findings.len() > 1 { "Full review comments:" } else { "Review comment:" };
    let item = |one: &Finding| {
        let body = one.body.split('\n').map(|line| format!("\n  {line}")).collect::<String>();
        let body = if one.body.is_empty() { String::new() } else { body };
        format!("- {} — {}:{}-{}{body}", one.title, one.file, one.lines.start, one.lines.end)
    };
    let items = review.findings.iter().map(item).collect::<Vec<_>>().join("\n\n");
    let explanation = review.explanation.as_str();
    let gap = if explanation.is_empty() { "" } else { "\n\n" };
    format!("{explanation}{gap}{head}\n\n{items}")
}

fn some_finding() -> impl Strategy<Value = Finding> {
    let title = "(\\[P[0-3]\\] )?[A-Za-z][ -~é—]{0,30}[a-z]";
    let body = "([!-~é][ -~é\n]{0,60}[!-~])?";
    (title, body, "[A-Za-z/][A-Za-z0-9/_. -]{0,20}", 0u64..9999, 0u64..9999).prop_map(
        |(title, body, file, start, end)| {
            let priority = priority(&title);
            Finding { title, body, priority, file, lines: Lines { start, end } }
        },
    )
}

proptest! {
    #[test]
    fn what_codex_writes_is_read(
        findings in proptest::collection::vec(some_finding(), 1..5),
        explanation in "([A-Za-z][ -~]{0,60}\n\n)?[A-Za-z][ -~]{0,30}[.]",
    ) {
        let review = Review { findings, explanation };
        prop_assert_eq!(super::findings(&written(&review)), Some(review));
    }

    #[test]
    fn nothing_makes_it_fail(text in "(Review comment:|\n|- |  | — |a:1-2|[ -~é]){0,12}") {
        let _ = super::findings(&text);
    }
}
