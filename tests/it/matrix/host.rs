//! The host is broken. Each row twice: with the bridge in the background, and all in one process.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{Case, ask, asked, cases, next, state, whole};
use crate::common::{Host, Place, Setup};

/// The same with both ways to run.
fn both(place: &Place, run: fn(&mut Host) -> String) -> String {
    let mut alone = Setup::fake(place).alone().start();
    let one = run(&mut alone);
    drop(alone);
    let two = run(&mut Setup::fake(place).shared().start());
    assert_eq!(one, two, "embedded and in the background");
    one
}

/// Says bytes, and asks for something after them.
fn said(place: &Place, bytes: &'static [u8]) -> String {
    let mut seen = BTreeSet::new();
    for setup in [Setup::fake(place).alone(), Setup::fake(place).shared()] {
        let mut host = setup.start();
        host.say(bytes);
        seen.insert(asked(&mut host, "say done"));
    }
    seen.into_iter().collect::<Vec<_>>().join(" or ")
}

const CASES: &[Case] = &[
    Case {
        fault: "says what is no JSON",
        ends: "completed done",
        run: |place| said(place, b"this is no json\n{]\n"),
    },
    Case {
        fault: "says what is no UTF-8",
        ends: "completed done",
        run: |place| said(place, b"\xff\xfe\x00{\n"),
    },
    Case { fault: "says empty lines", ends: "completed done", run: |place| said(place, b"\n\n  \n\r\n") },
    Case {
        fault: "answers what nobody has asked",
        ends: "completed done",
        run: |place| {
            said(place, b"{\"jsonrpc\":\"2.0\",\"id\":77,\"result\":{}}\n{\"jsonrpc\":\"2.0\",\"id\":\"x\",\"error\":{\"code\":1,\"message\":\"m\"}}\n")
        },
    },
    Case {
        fault: "tells of what nobody knows",
        ends: "completed done",
        run: |place| {
            said(place, b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/new\",\"params\":[]}\n{\"jsonrpc\":\"2.0\",\"method\":\"notifications/cancelled\",\"params\":{\"requestId\":{}}}\n")
        },
    },
    Case {
        fault: "says JSON that is no message",
        ends: "completed done",
        run: |place| said(place, b"[]\n[1,2]\n7\nnull\n\"x\"\n{}\n{\"jsonrpc\":\"1.0\"}\n"),
    },
    Case {
        fault: "nests without end",
        ends: "completed done",
        run: |place| {
            let deep: &'static [u8] =
                Box::leak(format!("{}\n", "[".repeat(100_000)).into_bytes().into_boxed_slice());
            said(place, deep)
        },
    },
    Case {
        fault: "asks for what there is not",
        ends: "-32601 -32602 null -32002; completed done",
        run: |place| {
            both(place, |host| {
                let code = |answer: Value| answer["error"]["code"].to_string();
                let mut codes = vec![code(host.request("no/such", json!({})))];
                codes.push(code(host.request("tools/call", json!({ "name": "no-such", "arguments": {} }))));
                codes.push(code(host.request("tools/call", json!({ "arguments": 7 }))));
                codes.push(code(host.request("resources/read", json!({ "uri": "codex://none" }))));
                format!("{}; {}", codes.join(" "), asked(host, "say done"))
            })
        },
    },
    Case {
        fault: "asks with odd ids",
        ends: "completed done",
        run: |place| {
            both(place, |host| {
                let long = "i".repeat(10_000);
                for id in [json!("a"), json!(long), json!(-1), json!("")] {
                    host.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }));
                    host.find(|message| message["id"] == id);
                }
                for id in [json!(null), json!(1.5), json!({}), json!([1])] {
                    host.send(&json!({ "jsonrpc": "2.0", "id": id, "method": "ping" }));
                }
                asked(host, "say done")
            })
        },
    },
    Case {
        fault: "asks two things with one id",
        ends: r#"{"completed one", "error"}; completed done"#,
        run: |place| {
            both(place, |host| {
                for prompt in ["say one", "say two"] {
                    let arguments = json!({ "prompt": prompt, "wait": 50 });
                    let params = json!({ "name": "codex", "arguments": arguments });
                    host.send(
                        &json!({ "jsonrpc": "2.0", "id": "same", "method": "tools/call", "params": params }),
                    );
                }
                let told: Vec<_> = (0..2)
                    .map(|_| {
                        let answer = host.find(|message| message["id"] == "same");
                        if answer.get("error").is_some() {
                            "error".to_owned()
                        } else {
                            state(&answer["result"])
                        }
                    })
                    .collect();
                let told: BTreeSet<_> = told.into_iter().collect();
                format!("{told:?}; {}", asked(host, "say done"))
            })
        },
    },
    Case {
        fault: "shakes hands twice",
        ends: "completed done",
        run: |place| {
            both(place, |host| {
                let info = json!({ "name": "mcp", "version": "1" });
                let params =
                    json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": info });
                let again = host.request("initialize", params);
                assert!(again.get("result").is_some() || again.get("error").is_some(), "{again}");
                asked(host, "say done")
            })
        },
    },
    Case {
        fault: "asks before it has shaken hands",
        ends: "-32602",
        run: |place| {
            let mut seen = BTreeSet::new();
            for setup in [Setup::fake(place).alone(), Setup::fake(place).shared()] {
                let mut host = setup.spawn();
                let id = host.post("tools/call", json!({ "name": "codex-sessions", "arguments": {} }));
                let early = host.answer(id);
                seen.insert(early["error"]["code"].to_string());
            }
            seen.into_iter().collect::<Vec<_>>().join(" or ")
        },
    },
    Case {
        fault: "ends in the middle of a message",
        ends: "completed done",
        run: |place| {
            for setup in [Setup::fake(place).alone(), Setup::fake(place).shared()] {
                let mut host = setup.start();
                host.say(b"{\"jsonrpc\":\"2.0\",\"id\":5,\"method\":\"tools/ca");
                host.close_stdin();
                assert_eq!(host.ended(), 0);
            }
            asked(&mut Setup::fake(place).start(), "say done")
        },
    },
    Case {
        fault: "says a line of 17 MB",
        ends: "error -32600; completed done",
        run: |place| {
            both(place, |host| {
                let arguments = json!({ "prompt": "x".repeat(17 << 20) });
                let answer = host.request("tools/call", json!({ "name": "codex", "arguments": arguments }));
                format!("error {}; {}", answer["error"]["code"], asked(host, "say done"))
            })
        },
    },
    Case {
        fault: "asks 10,000 things at once",
        ends: "10000 answers; completed on",
        run: |place| {
            both(place, |host| {
                let first = ask(host, "say before")["structuredContent"]["threadId"].clone();
                let look = json!({ "name": "codex-events", "arguments": { "threadId": first, "limit": 1 } });
                let ids: Vec<_> = (0..10_000).map(|_| host.post("tools/call", look.clone())).collect();
                let mut open: BTreeSet<_> = ids.into_iter().collect();
                while !open.is_empty() {
                    let answer =
                        host.find(|message| message["id"].as_u64().is_some_and(|id| open.contains(&id)));
                    open.remove(&answer["id"].as_u64().unwrap());
                    assert!(answer.get("result").is_some() || answer["error"]["code"] == -32005, "{answer}");
                }
                format!("10000 answers; {}", next(host, &first))
            })
        },
    },
    Case {
        fault: "begins 200 tasks and cancels them all",
        ends: "completed done",
        run: |place| {
            both(place, |host| {
                let call = json!({ "name": "codex", "arguments": { "prompt": "stall", "wait": 50 } });
                let ids: Vec<_> = (0..200).map(|_| host.post("tools/call", call.clone())).collect();
                for id in ids {
                    let params = json!({ "requestId": id, "reason": "all of it" });
                    host.send(
                        &json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params }),
                    );
                }
                let done = asked(host, "say done");
                let busy = |host: &mut Host| {
                    let listed = host.structured("codex-sessions", json!({ "limit": 50 }));
                    let all = listed["sessions"].as_array().unwrap().clone();
                    all.iter().filter(|one| one["status"] == "running" || one["status"] == "queued").count()
                };
                let until = std::time::Instant::now() + crate::common::PATIENCE;
                while busy(host) > 0 {
                    assert!(std::time::Instant::now() < until, "{} go on", busy(host));
                }
                done
            })
        },
    },
    Case {
        fault: "takes nothing while codex floods",
        ends: "completed",
        run: |place| {
            both(place, |host| {
                // What it is told of fills its pipe; the turn does not wait for it.
                let call = json!({ "name": "codex", "arguments": { "prompt": "flood 30000\ndeltas 30000", "wait": 50 },
                "_meta": { "progressToken": "p" } });
                let id = host.post("tools/call", call);
                let answer = host.answer(id)["result"].clone();
                let thread = answer["structuredContent"]["threadId"].clone();
                whole(&host.events(&thread));
                answer["structuredContent"]["status"].as_str().unwrap().to_owned()
            })
        },
    },
    Case {
        fault: "ends its input in a call",
        ends: "running; embedded interrupted host_gone",
        run: |place| {
            let mut host = Setup::fake(place).shared().start();
            let (open, thread) = {
                let begun = host.structured("codex", json!({ "prompt": "stall", "wait": 0 }));
                let wait = json!({ "threadId": begun["threadId"], "wait": 50 });
                (
                    host.post("tools/call", json!({ "name": "codex-wait", "arguments": wait })),
                    begun["threadId"].clone(),
                )
            };
            let _ = open;
            host.close_stdin();
            assert_eq!(host.ended(), 0);
            let mut second = Setup::fake(place).shared().start();
            let looks = second.structured("codex-wait", json!({ "threadId": thread, "wait": 0 }));
            let shared = looks["status"].as_str().unwrap().to_owned();
            second.structured("codex-cancel", json!({ "threadId": thread }));
            let mut alone = Setup::fake(place).alone().start();
            let thread =
                alone.structured("codex", json!({ "prompt": "stall", "wait": 0 }))["threadId"].clone();
            alone.close_stdin();
            assert_eq!(alone.ended(), 0);
            let looks = second.call("codex-wait", json!({ "threadId": thread, "wait": 0 }));
            format!("{shared}; embedded {}", state(&looks))
        },
    },
];

#[test]
fn the_host_is_broken() {
    cases(CASES);
}
