//! What is found in a line, against a table and against `serde_json`, in whatever pieces the line comes.

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;

fn scan(line: &[u8], piece: usize) -> (Option<String>, Option<String>) {
    let mut scanner = Scanner::default();
    line.chunks(piece.max(1)).for_each(|piece| scanner.feed(piece));
    let Message { id, method } = scanner.end();
    (id.map(|id| String::from_utf8(id).unwrap()), method)
}

#[test]
fn id_and_method_are_found_wherever_they_stand_at_the_top() {
    let long = "x".repeat(ID);
    let name = "m".repeat(METHOD);
    let cases = [
        (r#"{"id":7,"method":"tools/call","params":{}}"#.to_owned(), Some("7"), Some("tools/call")),
        (
            r#" { "params" : {"id":1,"method":"no"} , "method" : "m" , "id" : "a b" } "#.into(),
            Some("\"a b\""),
            Some("m"),
        ),
        (r#"{"params":[{"id":1},"id",":"],"id":-1.5e3}"#.into(), Some("-1.5e3"), None),
        (r#"{"a":"\",\"id\":9,","id":"\\\"","method":"\u006d"}"#.into(), Some(r#""\\\"""#), Some("m")),
        (r#"{"\u0069d":3,"\u006d\u0065\u0074\u0068\u006f\u0064":"m"}"#.into(), Some("3"), Some("m")),
        (r#"{"id":null,"method":null}"#.into(), None, None),
        (r#"{"id":{"id":1},"method":["m"]}"#.into(), None, None),
        (r#"{"id":1,"id":{"a":2}}"#.into(), None, None),
        (r#"{"id":1,"id":2,"method":"a","method":"b"}"#.into(), Some("2"), Some("b")),
        (r#"{"idx":1,"methods":"m","":2}"#.into(), None, None),
        (r#"[{"id":1,"method":"m"}]"#.into(), None, None),
        (r#""id""#.into(), None, None),
        ("".into(), None, None),
        (r#"{"id":1}{"id":2}"#.into(), Some("1"), None),
        // Cut off: what was whole before that counts.
        (r#"{"id":1,"method":"m","params":{"a":"b"#.into(), Some("1"), Some("m")),
        (r#"{"id":12"#.into(), None, None),
        (format!(r#"{{"id":"{}"}}"#, &long[2..]), Some(&format!("\"{}\"", &long[2..])), None),
        (format!(r#"{{"id":"{}"}}"#, &long[1..]), None, None),
        (format!(r#"{{"method":"{name}"}}"#), None, Some(&name)),
        (format!(r#"{{"method":"{name}m"}}"#), None, None),
    ];
    for (line, id, method) in &cases {
        for piece in [1, 2, 3, 7, line.len()] {
            let (found, named) = scan(line.as_bytes(), piece);
            assert_eq!((found.as_deref(), named.as_deref()), (*id, *method), "{line} by {piece}");
        }
    }
}

#[test]
fn little_is_held_of_a_long_line() {
    let mut scanner = Scanner::default();
    scanner.feed(br#"{"id":""#);
    for _ in 0..1000 {
        scanner.feed(&[b'x'; 1000]);
    }
    assert!(scanner.caught.capacity() < 4 * ID, "{}", scanner.caught.capacity());
    scanner.feed(br#"","method":"m"}"#);
    assert_eq!(scanner.end(), Message { id: None, method: Some("m".to_owned()) });
    scanner.feed(br#"{"id":1}"#);
    assert_eq!(scanner.end().id, Some(b"1".to_vec()), "the next line begins anew");
}

fn any_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "[a-z\\\\\"{}\\[\\]:, é\n]{0,12}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 24, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::vec((name(), inner), 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

fn name() -> impl Strategy<Value = String> {
    prop_oneof![Just("id".to_owned()), Just("method".to_owned()), "[a-z\"\\\\]{0,4}"]
}

proptest! {
    #[test]
    fn it_finds_what_serde_json_finds(
        members in prop::collection::vec((name(), any_value()), 0..6),
        pretty: bool,
        piece in 1_usize..9,
    ) {
        let object = Value::Object(members.into_iter().collect());
        let line = if pretty { format!("{object:#}") } else { object.to_string() };
        let (id, method) = scan(line.as_bytes(), piece);
        let scalar = |value: &&Value| !(value.is_null() || value.is_object() || value.is_array());
        let id = id.map(|id| serde_json::from_str::<Value>(&id).unwrap());
        prop_assert_eq!(id.as_ref(), object.get("id").filter(scalar));
        prop_assert_eq!(method.as_deref(), object.get("method").and_then(Value::as_str));
    }

    #[test]
    fn it_takes_any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..200), piece in 1_usize..9) {
        let mut scanner = Scanner::default();
        bytes.chunks(piece).for_each(|piece| scanner.feed(piece));
        scanner.end();
        scanner.feed(json!({ "id": 1 }).to_string().as_bytes());
        prop_assert_eq!(scanner.end().id, Some(b"1".to_vec()));
    }
}
