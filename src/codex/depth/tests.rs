//! Whatever depth: nothing is lost, and every event can be read again where it lies inside of others.

use serde_json::{Value, json};

use super::super::answers::Shape;
use super::super::asks::question;
use super::super::inbound::{Notice, notice};
use crate::event::{Body, RequestKind};
use crate::session::AgentEvent;

fn nested(levels: usize) -> String {
    format!("{}1{}", "[".repeat(levels), "]".repeat(levels))
}

fn said(method: &str, params: &str) -> Body {
    let Notice::Session(_, event) = notice(method, params) else { panic!("{method} {params}") };
    let AgentEvent::Said { body, .. } = *event else { panic!("{event:?}") };
    body
}

fn reads_again(body: &Body) {
    let text = format!(r#"{{"result":{{"structuredContent":{{"events":[{}]}}}}}}"#, json!(body));
    serde_json::from_str::<Value>(&text).unwrap();
    let read: Body = serde_json::from_str(&json!(body).to_string()).unwrap();
    assert_eq!(read, *body);
}

#[test]
fn what_is_not_known_is_kept_however_deep() {
    for levels in [1, 98, 99, 100, 120, 126, 127, 128, 100_000] {
        let params = format!(r#"{{"threadId":"t","a":{}}}"#, nested(levels));
        let body = said("some/new", &params);
        reads_again(&body);
        let Body::Raw { params: kept, .. } = body else { panic!("{body:?}") };
        if levels < 100 {
            assert_eq!(kept.to_string().len(), params.len());
        } else {
            assert_eq!(kept, json!(params), "{levels}");
        }
        let params =
            format!(r#"{{"threadId":"t","item":{{"type":"newThing","id":"i","a":{}}}}}"#, nested(levels));
        let body = said("item/completed", &params);
        reads_again(&body);
        let Body::Raw { params: kept, .. } = body else { panic!("{body:?}") };
        assert!(kept.is_object() == (levels < 100) && !kept.is_null(), "{levels}");
    }
}

#[test]
fn a_tool_has_its_arguments_and_its_result_however_deep() {
    for levels in [1, 99, 100, 101, 120, 125] {
        let (item, deep) =
            (|more: &str| format!(r#"{{"threadId":"t","item":{{"id":"i",{more}}}}}"#), nested(levels));
        let call = said("item/started", &item(&format!(r#""type":"mcpToolCall","arguments":{deep}"#)));
        reads_again(&call);
        let Body::ToolCall(call) = call else { panic!("{call:?}") };
        assert_eq!(call.arguments.unwrap().is_string(), levels > 100);
        for member in ["mcpToolCall\",\"result", "webSearch\",\"action"] {
            let done = said("item/completed", &item(&format!(r#""type":"{member}":{deep}"#)));
            reads_again(&done);
            let Body::ToolResult(result) = done else { panic!("{done:?}") };
            assert!(result.result.is_some(), "{member} {levels}");
        }
    }
}

#[test]
fn a_question_that_is_nested_too_deep_is_recorded_and_declined() {
    for levels in [1, 99, 100, 101, 126, 127, 100_000] {
        let params =
            format!(r#"{{"threadId":"t","command":"x","additionalPermissions":{}}}"#, nested(levels));
        let question = question(Shape::Command, &params).unwrap();
        let wanted = if levels <= 100 { RequestKind::Command } else { RequestKind::Other };
        assert_eq!(question.ask.kind, wanted, "{levels}");
    }
}

/// Of a message that cannot be read, it is known all the same whose it is.
#[test]
fn a_member_of_another_type_hides_no_session() {
    for params in [r#"{"threadId":"t","turnId":5}"#, r#"{"turnId":{"a":[]},"threadId":"t"}"#] {
        for method in ["some/new", "turn/completed", "item/started"] {
            assert!(matches!(said(method, params), Body::Raw { .. }));
        }
        let question = question(Shape::FileChange, params).unwrap();
        assert_eq!((question.thread.as_str(), question.turn), ("t", None));
    }
}
