//! The account of the fake. With `CODEX_FAKE_SIGNED_OUT` nobody is signed in at its start, and `CODEX_FAKE_LOGIN` says what
//! becomes of a sign-in: `ok` (without a word too), `error WORDS` ends it so, `refuse WORDS` does not begin it,
//! `silent` never answers, `wait` until it is given up, `until ADDRESS` until that
//! socket closes, `die` ends the process. Each request about the account is a line of the file
//! `CODEX_FAKE_ACCOUNT_LOG`. With `CODEX_FAKE_ACCOUNT_FILE` no thread is started by a process that did not find that file at its
//! start: codex reads what it is signed in with once. The words are those of codex 0.169.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::{Value, json};

use crate::server::Server;

static SIGNED_IN: AtomicBool = AtomicBool::new(false);
static LOGINS: AtomicU64 = AtomicU64::new(0);

static EXPIRED: AtomicBool = AtomicBool::new(false);

/// What is looked at once.
pub fn look() {
    let file = std::env::var_os("CODEX_FAKE_ACCOUNT_FILE");
    EXPIRED.store(file.is_some_and(|file| !Path::new(&file).exists()), Ordering::Relaxed);
}

/// Whether a thread may be started.
pub fn may_start() -> Result<(), String> {
    if EXPIRED.load(Ordering::Relaxed) {
        return Err(
            "failed to load configuration: Your access token could not be refreshed because your refresh \
                    token has expired. Please log out and sign in again."
                .to_owned(),
        );
    }
    Ok(())
}

/// Whether a turn may run.
pub fn is_signed_in() -> bool {
    std::env::var_os("CODEX_FAKE_SIGNED_OUT").is_none() || SIGNED_IN.load(Ordering::Relaxed)
}

/// The error of a turn of one that is not, as the provider's 401 becomes.
pub fn refused() -> Value {
    json!({
        "message": "unexpected status 401 Unauthorized: Missing bearer, url: http://127.0.0.1:1/v1/responses",
        "codexErrorInfo": { "httpConnectionFailed": { "httpStatusCode": 401 } },
        "additionalDetails": null, "misalignment": null,
    })
}

pub fn request(server: &Server, method: &str, message: &Value) -> Result<(), String> {
    log(method);
    let params = &message["params"];
    match method {
        "account/read" => {
            let account = if SIGNED_IN.load(Ordering::Relaxed) {
                json!({ "type": "chatgpt", "email": null, "planType": "plus", "workspaceName": null })
            } else if is_signed_in() {
                json!({ "type": "apiKey" })
            } else {
                Value::Null
            };
            server.result(message, json!({ "account": account, "requiresOpenaiAuth": true }));
        }
        "account/login/start" => return start(server, message),
        "account/login/cancel" => {
            server.result(message, json!({ "status": "canceled" }));
            over(server, params["loginId"].as_str().unwrap_or_default(), Some("Login was not completed"));
        }
        "account/logout" => {
            SIGNED_IN.store(false, Ordering::Relaxed);
            server.result(message, json!({}));
        }
        _ => return Err(format!("Invalid request: unknown variant `{method}`")),
    }
    Ok(())
}

fn start(server: &Server, message: &Value) -> Result<(), String> {
    let how = std::env::var("CODEX_FAKE_LOGIN").unwrap_or_default();
    let (how, words) = how.split_once(' ').unwrap_or((&how, ""));
    let kind = message["params"]["type"].as_str().unwrap_or_default();
    // Of `refuse-code` only the code is refused, so that a browser is left.
    if how == "refuse" || (how == "refuse-code" && kind == "chatgptDeviceCode") {
        return Err(words.to_owned());
    }
    if how == "silent" {
        return Ok(());
    }
    let id = format!("login-{}", LOGINS.fetch_add(1, Ordering::Relaxed));
    let address = std::env::var("CODEX_FAKE_LOGIN_ADDRESS")
        .unwrap_or_else(|_| "https://accounts.test/device".to_owned());
    let begun = match kind {
        "chatgpt" => json!({ "type": kind, "loginId": id, "authUrl": address }),
        "chatgptDeviceCode" => {
            json!({ "type": kind, "loginId": id, "verificationUrl": address, "userCode": "ABCD-EFGH" })
        }
        _ => return Err(format!("the fake knows no sign-in `{kind}`")),
    };
    server.result(message, begun);
    match how {
        "wait" => {}
        "die" => std::process::exit(3),
        "until" => {
            let (server, mut held) = (server.clone(), TcpStream::connect(words).unwrap());
            std::thread::spawn(move || {
                let _ = held.read_to_end(&mut Vec::new());
                over(&server, &id, None);
            });
        }
        "error" => over(server, &id, Some(words)),
        _ => over(server, &id, None),
    }
    Ok(())
}

fn over(server: &Server, id: &str, error: Option<&str>) {
    SIGNED_IN.fetch_or(error.is_none(), Ordering::Relaxed);
    let ended =
        json!({ "loginId": id, "success": error.is_none(), "error": error, "onboardingEntrypoint": null });
    server.tell("account/login/completed", ended);
}

fn log(method: &str) {
    let Some(path) = std::env::var_os("CODEX_FAKE_ACCOUNT_LOG") else { return };
    let mut file = std::fs::File::options().create(true).append(true).open(path).unwrap();
    writeln!(file, "{method}").unwrap();
}
