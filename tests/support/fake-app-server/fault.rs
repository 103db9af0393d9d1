//! A fault at a request. `CODEX_FAKE_FAULT` names a file with a method and a word, as `thread/start die`; it happens once,
//! and the file is gone then. `start` is no method: the process ends before it reads anything.
//!
//! | Word | What happens |
//! |---|---|
//! | `die`, `mid-line` | the process ends, the second inside an answer |
//! | `never` | no answer comes |
//! | `late` | the answer comes after a second |
//! | `twice` | a made-up answer comes first, the true one after it |
//! | `null`, `wrong` | an answer of another shape |
//! | `error`, `odd-error` | a refusal, the second of another shape |
//! | `strange` | an answer with an id that nobody has asked with comes first |

use std::time::Duration;

use serde_json::{Value, json};

use crate::server::Server;

/// The word for this method, once.
pub fn take(method: &str) -> Option<String> {
    let path = std::env::var_os("CODEX_FAKE_FAULT")?;
    let text = std::fs::read_to_string(&path).ok()?;
    let word = text.strip_prefix(method)?.strip_prefix(' ')?.to_owned();
    std::fs::remove_file(path).unwrap();
    Some(word)
}

/// Whether a fault stands for the answer to this request.
pub fn at(server: &Server, method: &str, message: &Value) -> bool {
    let Some(word) = take(method) else { return false };
    match word.as_str() {
        "die" => {
            eprintln!("fake: told to die at {method}");
            std::process::exit(3);
        }
        "mid-line" => {
            server.raw(format!("{{\"id\":{},\"result\":{{\"thr", message["id"]).as_bytes());
            std::process::exit(3);
        }
        "never" => return true,
        // That it is late is what is played: nothing is waited for.
        "late" => std::thread::sleep(Duration::from_secs(1)),
        "twice" | "wrong" => server.result(message, json!({ "thread": 7, "turn": [], "userAgent": {} })),
        "null" => server.result(message, Value::Null),
        "error" => server.refuse(message, "the fault was asked for"),
        "odd-error" => server.raw(format!("{{\"id\":{},\"error\":\"odd\"}}\n", message["id"]).as_bytes()),
        "strange" => server.raw(b"{\"id\":987654321,\"result\":{}}\n"),
        _ => panic!("no such fault: {word}"),
    }
    matches!(word.as_str(), "wrong" | "null" | "error" | "odd-error")
}
