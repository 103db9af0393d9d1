//! Which texts are a trace context.

use super::*;

#[test]
fn a_trace_context_has_the_form_of_w3c() {
    let good = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    assert!(TraceContext::parse(good, None).is_some());
    let bad = [
        "",
        "00",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01-x",
        "ff-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        "00-00000000000000000000000000000000-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
        "00-0AF7651916CD43DD8448EB211C80319C-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319-b7ad6b7169203331-01",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-0g",
        "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\n",
    ];
    for text in bad {
        assert_eq!(TraceContext::parse(text, None), None, "{text:?}");
    }
    let state = |state: &str| {
        serde_json::to_value(TraceContext::parse(good, Some(state))).unwrap()["tracestate"].clone()
    };
    assert_eq!(state("a=b"), "a=b");
    for left_out in ["", "a=\u{e9}", "a=\n", &"x".repeat(513)] {
        assert_eq!(state(left_out), serde_json::Value::Null, "{left_out:?}");
    }
}
