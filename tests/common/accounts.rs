//! A scripted account server: what codex 0.169 asks of OpenAI's while somebody signs in, and a provider
//! that takes only those who have. codex is pointed at it by `CODEX_APP_SERVER_LOGIN_ISSUER`, by
//! `CODEX_AUTHAPI_BASE_URL` (access tokens) and by `chatgpt_base_url` of its configuration.

use super::PATIENCE;
use std::net::SocketAddr;
use std::sync::{Arc, Condvar, Mutex};

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, Router};
use serde_json::{Value, json};

/// What it does, and what it has seen.
#[derive(Debug)]
pub struct Script {
    /// How often a code is not typed in yet.
    pub pending: usize,
    /// What becomes of a code then: 200, or how it is refused.
    pub code: u16,
    /// Whether it never says whose access token it is.
    pub silent: bool,
    /// The access tokens that it knows.
    pub tokens: Vec<&'static str>,
    /// Of each request the path and the `authorization`.
    pub seen: Vec<(String, String)>,
    /// Told of each.
    heard: Arc<Condvar>,
}

/// The running server.
pub struct Accounts {
    address: SocketAddr,
    pub script: Arc<Mutex<Script>>,
    _runtime: tokio::runtime::Runtime,
}

impl Accounts {
    pub fn start() -> Self {
        let script = Script {
            pending: 0,
            code: 200,
            silent: false,
            tokens: Vec::new(),
            seen: Vec::new(),
            heard: Arc::default(),
        };
        let script = Arc::new(Mutex::new(script));
        let runtime =
            tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind(("127.0.0.1", 0))).unwrap();
        let address = listener.local_addr().unwrap();
        let routes = Router::new().fallback(answer).with_state(script.clone());
        runtime.spawn(async move { axum::serve(listener, routes).await });
        Self { address, script, _runtime: runtime }
    }

    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// A config.toml whose model is here, and takes only those who are signed in. codex's own provider
    /// would try for 13 s before it gives up.
    pub fn config(&self, provider: &str) -> String {
        let url = self.url();
        format!(
            "model = \"gpt-5.5\"\nmodel_provider = \"here\"\nchatgpt_base_url = \"{url}/backend-api/\"\n\
             [model_providers.here]\nname = \"here\"\nbase_url = \"{url}/v1\"\nwire_api = \"responses\"\n\
             supports_websockets = false\nrequest_max_retries = 0\nstream_max_retries = 0\n{provider}\n"
        )
    }

    /// What came with the requests to the model.
    pub fn of_turns(&self) -> Vec<String> {
        let script = self.script.lock().unwrap();
        let turns = script.seen.iter().filter(|(path, _)| path == "/v1/responses");
        turns.map(|(_, authorization)| authorization.clone()).collect()
    }

    /// Waits until something has been asked.
    pub fn wait_asked(&self, path: &str) {
        let script = self.script.lock().unwrap();
        let heard = script.heard.clone();
        let unasked = |script: &mut Script| script.seen.iter().all(|(seen, _)| seen != path);
        let (_script, waited) = heard.wait_timeout_while(script, PATIENCE, unasked).unwrap();
        assert!(!waited.timed_out(), "nobody asked for {path}");
    }
}

async fn answer(State(script): State<Arc<Mutex<Script>>>, request: Request) -> Response {
    let path = request.uri().path().to_owned();
    let authorization = request.headers().get(header::AUTHORIZATION);
    let authorization = authorization.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    let silent = {
        let mut script = script.lock().unwrap();
        script.seen.push((path.clone(), authorization.clone()));
        script.heard.notify_all();
        script.silent
    };
    if silent && path == WHOAMI {
        std::future::pending::<()>().await;
    }
    let mut script = script.lock().unwrap();
    let json = |code: u16, value: Value| (StatusCode::from_u16(code).unwrap(), Json(value)).into_response();
    match path.as_str() {
        "/api/accounts/deviceauth/usercode" => {
            // An interval of none: what codex would wait for is no part of the test.
            json(200, json!({ "device_auth_id": "device-1", "user_code": "ABCD-EFGH", "interval": "0" }))
        }
        "/api/accounts/deviceauth/token" if script.pending > 0 => {
            script.pending -= 1;
            json(403, json!({}))
        }
        "/api/accounts/deviceauth/token" => json(
            script.code,
            json!({ "authorization_code": "c", "code_challenge": "c", "code_verifier": "v" }),
        ),
        "/oauth/token" => {
            json(200, json!({ "id_token": TOKEN, "access_token": TOKEN, "refresh_token": "refresh-secret" }))
        }
        "/backend-api/wham/accounts/check" => json(
            200,
            json!({ "accounts": [{
                "id": "account-1", "plan_type": "plus", "account_routing_override": "NO_CONSTRAINT",
                // It must be HTTPS; nothing is sent there, since the model is here.
                "workspace_backend_origin": "https://127.0.0.1:9",
            }] }),
        ),
        WHOAMI => {
            if !script.tokens.iter().any(|token| authorization == format!("Bearer {token}")) {
                return json(401, json!({}));
            }
            json(
                200,
                json!({
                    "email": "a@b.example", "chatgpt_user_id": "user-1", "chatgpt_account_id": "account-1",
                    "chatgpt_plan_type": "plus", "chatgpt_account_is_fedramp": false,
                }),
            )
        }
        "/v1/responses" if authorization.is_empty() || authorization.ends_with("bad") => {
            json(401, json!({ "error": { "message": "Missing bearer", "code": "invalid_api_key" } }))
        }
        "/v1/responses" => ([(header::CONTENT_TYPE, "text/event-stream")], said()).into_response(),
        _ => json(404, json!({})),
    }
}

/// Where codex asks whose an access token is.
pub const WHOAMI: &str = "/v1/user-auth-credential/whoami";

/// The model says `hi`.
fn said() -> String {
    let message = json!({
        "type": "message", "role": "assistant", "id": "m", "content": [{ "type": "output_text", "text": "hi" }],
    });
    let usage = json!({
        "input_tokens": 1, "input_tokens_details": { "cached_tokens": 0 }, "output_tokens": 1,
        "output_tokens_details": { "reasoning_tokens": 0 }, "total_tokens": 2,
    });
    let frames = [
        json!({ "type": "response.created", "response": { "id": "r" } }),
        json!({ "type": "response.output_item.done", "output_index": 0, "item": message }),
        json!({ "type": "response.completed", "response": { "id": "r", "usage": usage } }),
    ];
    let frame = |data: &Value| format!("event: {}\ndata: {data}\n\n", data["type"].as_str().unwrap());
    frames.iter().map(frame).collect()
}

/// A token as OpenAI makes them, signed by nobody: account-1 of a@b.example, plan plus, until the year 2100.
const TOKEN: &str = "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0.\
    eyJlbWFpbCI6ImFAYi5leGFtcGxlIiwic3ViIjoidXNlci0xIiwiaWF0IjoxLCJleHAiOjQxMDI0NDQ4MDAsImh0dH\
    BzOi8vYXBpLm9wZW5haS5jb20vYXV0aCI6eyJjaGF0Z3B0X3BsYW5fdHlwZSI6InBsdXMiLCJjaGF0Z3B0X2FjY291\
    bnRfaWQiOiJhY2NvdW50LTEiLCJjaGF0Z3B0X3VzZXJfaWQiOiJ1c2VyLTEiLCJ1c2VyX2lkIjoidXNlci0xIn19.c2ln";
