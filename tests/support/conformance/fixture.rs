//! The handler of the fixtures. What is of the protocol is the product's: [`Tasks`] over the journal,
//! and [`Rounds`].

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use codex_bridge::journal::SqliteJournal;
use codex_bridge::mcp::dialog::Forms;
use codex_bridge::mcp::rounds::{Binding, Rounds};
use codex_bridge::mcp::tasks::Tasks;
use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CallToolResult, CancelTaskParams, ClientCapabilities,
    ContentBlock, GetPromptRequestParams, GetPromptResponse, GetPromptResult, GetTaskParams, GetTaskResult,
    ListPromptsResult, ListToolsResult, PaginatedRequestParams, PromptMessage, Role, ServerCapabilities,
    ServerConfig, Tool, UpdateTaskParams,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};
use serde_json::Value;

use super::forms::{self, Round};
use super::jobs::{self, Job, Jobs};
use super::tools;

/// Who calls: whoever can reach the port.
const PRINCIPAL: &str = "conformance";

#[derive(Clone)]
pub struct Fixture {
    jobs: Jobs,
    tasks: Arc<Tasks<Jobs>>,
    rounds: Arc<Rounds>,
}

impl Fixture {
    /// With its tasks in a journal here.
    pub fn new(journal: &Path) -> Self {
        let jobs = Jobs::default();
        let journal = Arc::new(SqliteJournal::open(journal).unwrap());
        Self {
            tasks: Arc::new(Tasks::new(journal, jobs.clone(), Duration::from_hours(1))),
            jobs,
            rounds: Arc::default(),
        }
    }

    async fn task(&self, job: Job) -> Result<CallToolResponse, ErrorData> {
        let made = self.tasks.create(self.jobs.begin(job), "turn".into(), "starting".into()).await;
        made.map(CallToolResponse::Task).map_err(|error| ErrorData::internal_error(error.to_string(), None))
    }

    async fn job(
        &self,
        name: &str,
        argument: impl Fn(&str) -> Value,
        can: &ClientCapabilities,
    ) -> Result<CallToolResponse, ErrorData> {
        let seconds = Duration::from_secs_f64(argument("seconds").as_f64().unwrap_or_default());
        let job = match name {
            "slow_compute" => Job::new(seconds, jobs::text(format!("computed {}", argument("label")))),
            "failing_job" => Job::new(Duration::from_secs(1), jobs::failed("this job always fails")),
            "protocol_error_job" => Job::new(Duration::ZERO, jobs::broken("this job breaks")),
            "confirm_delete" => Job::new(Duration::ZERO, jobs::text("deleted")).asking(&["confirm"]),
            "multi_input" => Job::new(Duration::ZERO, jobs::text("both")).asking(&["first", "second"]),
            other => return Err(ErrorData::invalid_params(format!("there is no tool `{other}`"), None)),
        };
        match name {
            _ if can.supports_tasks() => self.task(job).await,
            "slow_compute" => {
                // The suite calls it for taking so long; nothing is waited for.
                tokio::time::sleep(seconds).await;
                Ok(text("computed").into())
            }
            _ => Err(tasks_are_needed()),
        }
    }
}

fn tasks_are_needed() -> ErrorData {
    ErrorData::missing_required_client_capability(ClientCapabilities::builder().enable_tasks().build())
}

fn text(words: impl Into<String>) -> CallToolResult {
    CallToolResult::success(vec![ContentBlock::text(words)])
}

fn can(context: &RequestContext<RoleServer>) -> ClientCapabilities {
    context.client_capabilities().unwrap_or_default()
}

impl ServerHandler for Fixture {
    fn get_info(&self) -> ServerConfig {
        ServerConfig::new(
            ServerCapabilities::builder().enable_tools().enable_prompts().enable_tasks().build(),
        )
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(tools::tools()))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        tools::tools().into_iter().find(|tool| tool.name == name)
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let CallToolRequestParams { name, arguments, input_responses, request_state, .. } = request;
        let argument =
            |key: &str| arguments.as_ref().and_then(|all| all.get(key)).cloned().unwrap_or_default();
        if name == "greet" {
            return Ok(text(format!("Hello, {}!", argument("name").as_str().unwrap_or_default())).into());
        }
        let Some(form) = forms::of(&name) else { return self.job(&name, argument, &can(&context)).await };
        let call = Binding::of(PRINCIPAL, "tools/call", &name, arguments.as_ref());
        let (sealed, responses) = (request_state.as_deref(), input_responses.as_ref());
        match form.round(&self.rounds, &call, sealed, responses, &can(&context))? {
            Round::Ask(asked) => Ok(CallToolResponse::InputRequired(asked)),
            Round::Done(answers) if name == "test_tool_with_task" => {
                if !can(&context).supports_tasks() {
                    return Err(tasks_are_needed());
                }
                let user = &answers["user_name"]["content"]["name"];
                self.task(Job::new(Duration::ZERO, jobs::text(format!("Hello, {user}!")))).await
            }
            Round::Done(answers) => Ok(text(format!("state-ok {}", Value::from_iter(answers))).into()),
        }
    }

    async fn list_prompts(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListPromptsResult, ErrorData> {
        Ok(ListPromptsResult::with_all_items(tools::prompts()))
    }

    async fn get_prompt(
        &self,
        request: GetPromptRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetPromptResponse, ErrorData> {
        let GetPromptRequestParams { name, arguments, input_responses, request_state, .. } = request;
        let form = forms::of(&name).filter(|_| name == tools::PROMPT);
        let form = form.ok_or_else(|| ErrorData::invalid_params("there is no such prompt", None))?;
        let call = Binding::of(PRINCIPAL, "prompts/get", &name, arguments.as_ref());
        let (sealed, responses) = (request_state.as_deref(), input_responses.as_ref());
        match form.round(&self.rounds, &call, sealed, responses, &can(&context))? {
            Round::Ask(asked) => Ok(GetPromptResponse::InputRequired(asked)),
            Round::Done(answers) => {
                let words = Value::from_iter(answers).to_string();
                Ok(GetPromptResult::new(vec![PromptMessage::new_text(Role::User, words)]).into())
            }
        }
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        let elicitation = can(&context).elicitation;
        let forms = elicitation.map(|_| Forms { form: true, ..Forms::default() });
        self.tasks.get(&request.task_id, forms).await
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.tasks.update(&request.task_id, request.input_responses).await
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.tasks.cancel(&request.task_id).await
    }
}
