//! What a line is taken for, strange ones among them.

use bytes::Bytes;

use super::super::Message;

/// A message in one line of text.
fn show(line: &str) -> String {
    match Message::decode(&Bytes::copy_from_slice(line.as_bytes())) {
        Ok(Message::Request { id, method, params }) => format!("request {id} {method} {params}"),
        Ok(Message::Notification { method, params }) => format!("notification {method} {params}"),
        Ok(Message::Response { id, result: Ok(result) }) => format!("result {id} {result}"),
        Ok(Message::Response { id, result: Err(error) }) => {
            format!("error {id} {error} {}", error.data.clone().unwrap_or_default())
        }
        Ok(Message::Unknown) => "unknown".to_owned(),
        Err(_) => "not JSON".to_owned(),
    }
}

#[test]
fn each_line_is_what_it_is() {
    let strange = "an error in a form that is not JSON-RPC's";
    for (line, expected) in [
        (r#"{"method":"m","id":0,"params":{"a": 1}}"#, r#"request 0 m {"a": 1}"#),
        (r#"{"method":"m","id":"x"}"#, r#"request "x" m null"#),
        (r#"{"method":"m"}"#, "notification m null"),
        (r#"{"method":"m","params":null,"emittedAtMs":1,"jsonrpc":"2.0"}"#, "notification m null"),
        (r#"{"method":"m","id":null,"params":[]}"#, "notification m []"),
        (r#"{"id":1,"result":{}}"#, "result 1 {}"),
        (r#"{"id":1,"result":null}"#, "result 1 null"),
        (r#"{"id":1,"result":2,"error":null}"#, "result 1 2"),
        (r#"{"error":{"code":-32600,"message":"no"},"id":1}"#, "error 1 no (code -32600) null"),
        (r#"{"id":1,"error":{"code":5,"data":[7]},"result":null}"#, "error 1  (code 5) [7]"),
        (r#"{"id":1,"error":"no"}"#, &format!("error 1 {strange} (code -32603) \"no\"")),
        (r#"{"meth\u006fd":"\u006d"}"#, "notification m null"),
        // Not to be dealt with, each for a reason of its own.
        (r#"{"method":7,"id":1}"#, "unknown"),
        (r#"{"method":"m","id":1.5}"#, "unknown"),
        (r#"{"method":"m","method":"n"}"#, "unknown"),
        (r#"{"id":1}"#, "unknown"),
        (r#"{"result":1}"#, "unknown"),
        ("{}", "unknown"),
        (r#"[{"method":"m"}]"#, "unknown"),
        ("7", "unknown"),
        ("{", "not JSON"),
        (r#"{"method":"m"} x"#, "not JSON"),
        (r#"{"method":"m","method":"n""#, "not JSON"),
        ("codex: hello", "not JSON"),
    ] {
        assert_eq!(show(line), expected, "{line}");
    }
}
