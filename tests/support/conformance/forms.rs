//! Tools and a prompt that ask their host before they answer: what each round asks, as data, and the
//! rounds over [`Rounds`].

use std::collections::BTreeMap;
use std::time::Duration;

use codex_bridge::mcp::rounds::{Binding, Rounds};
use rmcp::ErrorData;
use rmcp::model::{ClientCapabilities, InputRequest, InputRequests, InputRequiredResult, InputResponses};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// How long a retry may take.
const TTL: Duration = Duration::from_mins(1);

/// What a name asks, round by round.
pub struct Form {
    rounds: &'static [&'static [Ask]],
    /// Whether answers count only with the state that asked for them. The suite also answers tools of
    /// which it has no state; that such a call begins the work at once does no harm here.
    bound: bool,
}

/// One request to the host.
#[derive(Clone, Copy)]
enum Ask {
    /// A form with one field: its name, its type, the words.
    Form(&'static str, &'static str, &'static str, &'static str),
    Sampling(&'static str, &'static str),
    Roots(&'static str),
}

const NAME: Ask = Ask::Form("user_name", "name", "string", "What is your name?");
const CONFIRM: Ask = Ask::Form("confirm", "ok", "boolean", "Please confirm");
const GREETING: Ask = Ask::Sampling("greeting", "Generate a greeting");
const ROOTS: Ask = Ask::Roots("client_roots");

/// What a tool or prompt of this name asks.
pub fn of(name: &str) -> Option<Form> {
    let (rounds, bound): (&'static [&'static [Ask]], bool) = match name {
        "test_input_required_result_elicitation" => (&[&[NAME]], false),
        "test_input_required_result_sampling" => {
            (&[&[Ask::Sampling("capital_question", "What is the capital of France?")]], false)
        }
        "test_input_required_result_list_roots" => (&[&[ROOTS]], false),
        "test_input_required_result_prompt" => (
            &[&[Ask::Form("user_context", "context", "string", "What context should the prompt use?")]],
            false,
        ),
        "test_input_required_result_request_state" | "test_input_required_result_tampered_state" => {
            (&[&[CONFIRM]], true)
        }
        "test_input_required_result_multiple_inputs" | "test_input_required_result_capabilities" => {
            (&[&[NAME, GREETING, ROOTS]], true)
        }
        "test_input_required_result_multi_round" => (
            &[
                &[Ask::Form("step1", "name", "string", "Step 1: What is your name?")],
                &[Ask::Form("step2", "color", "string", "Step 2: What is your favorite color?")],
            ],
            true,
        ),
        "test_tool_with_task" => (&[&[NAME]], true),
        _ => return None,
    };
    Some(Form { rounds, bound })
}

/// What one round hands to the next, through the host.
#[derive(Default, Serialize, Deserialize)]
struct State {
    round: usize,
    answers: BTreeMap<String, Value>,
}

/// How a round ends.
pub enum Round {
    Ask(InputRequiredResult),
    /// All is answered.
    Done(BTreeMap<String, Value>),
}

impl Form {
    /// One call, or the retry of one, from a host that can what it declares.
    ///
    /// # Errors
    /// When the state is not one of this call.
    pub fn round(
        &self,
        rounds: &Rounds,
        call: &Binding,
        sealed: Option<&str>,
        responses: Option<&InputResponses>,
        can: &ClientCapabilities,
    ) -> Result<Round, ErrorData> {
        let mut state: State = match sealed {
            Some(sealed) => rounds
                .take(call, sealed)
                .map_err(|error| ErrorData::invalid_params(error.to_string(), None))?,
            None => State::default(),
        };
        if sealed.is_some() || !self.bound {
            let asked = self.rounds[state.round].iter();
            let answers = asked.filter_map(|ask| Some((ask.key(), responses?.get(ask.key())?)));
            let read = answers.filter(|(_, answer)| answer.is_object());
            state.answers.extend(read.map(|(key, answer)| (key.to_owned(), answer.clone())));
        }
        while let Some(asks) = self.rounds.get(state.round) {
            let open = asks.iter().filter(|ask| ask.shown_by(can) && !state.answers.contains_key(ask.key()));
            let requests: InputRequests = open.map(|ask| (ask.key().to_owned(), ask.request())).collect();
            if !requests.is_empty() {
                let asked = rounds.ask(call, requests, state, TTL);
                return asked.map(Round::Ask).map_err(|e| ErrorData::internal_error(e.to_string(), None));
            }
            state.round += 1;
        }
        Ok(Round::Done(state.answers))
    }
}

impl Ask {
    fn key(&self) -> &'static str {
        match self {
            Self::Form(key, ..) | Self::Sampling(key, _) | Self::Roots(key) => key,
        }
    }

    fn shown_by(self, can: &ClientCapabilities) -> bool {
        match self {
            Self::Form(..) => can.elicitation.is_some(),
            Self::Sampling(..) => can.sampling.is_some(),
            Self::Roots(_) => can.roots.is_some(),
        }
    }

    fn request(self) -> InputRequest {
        match self {
            Self::Form(_, field, kind, words) => form(field, kind, words),
            Self::Sampling(_, words) => {
                let message = json!({ "role": "user", "content": { "type": "text", "text": words } });
                let params = json!({ "messages": [message], "maxTokens": 100 });
                request(json!({ "method": "sampling/createMessage", "params": params }))
            }
            Self::Roots(_) => request(json!({ "method": "roots/list", "params": {} })),
        }
    }
}

/// A form with one field.
pub fn form(field: &str, kind: &str, words: &str) -> InputRequest {
    let schema = json!({ "type": "object", "properties": { field: { "type": kind } }, "required": [field] });
    let params = json!({ "mode": "form", "message": words, "requestedSchema": schema });
    request(json!({ "method": "elicitation/create", "params": params }))
}

fn request(value: Value) -> InputRequest {
    serde_json::from_value(value).unwrap()
}
