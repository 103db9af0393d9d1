//! The MCP server: what it says of itself, and which tool a call goes to.

use std::sync::Arc;
use std::time::Duration;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, CancelTaskParams, CustomRequest, CustomResult, ErrorCode,
    GetTaskParams, GetTaskResult, Implementation, InitializeRequestParams, InitializeResult,
    ListResourceTemplatesResult, ListResourcesResult, ListToolsResult, PaginatedRequestParams,
    ReadResourceRequestParams, ReadResourceResponse, ServerCapabilities, ServerConfig,
    SubscribeRequestParams, SubscriptionFilter, Tool, UnsubscribeRequestParams, UpdateTaskParams,
};
use rmcp::service::{NotificationContext, RequestContext, SubscriptionContext};
use rmcp::{ErrorData, RoleServer, ServerHandler};
use tokio::sync::mpsc;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::call::{Asking, Call, Host};
use super::options::{Closing, ServerOptions};
use super::resources::{Outlet, Uri, Wants, run_notices, seen_now};
use super::rounds::{Binding, Rounds};
use super::sign_in::Held;
use super::tasks::Tasks;
use super::work::Turns;
use super::{hosts, result, schema};
use crate::access::Right;
use crate::event::Timestamp;
use crate::ids::Principal;
use crate::session::{CallId, Handle, Sessions};

/// How the tools belong together, for the agent that reads it once.
const INSTRUCTIONS: &str = "codex-bridge delegates work to OpenAI's codex, a coding agent with its own sandbox.\n\
- `codex` starts a session with a prompt, `codex-reply` continues it by threadId. Both return codex's last message.\n\
- `codex-review` reviews changes in git.\n\
- status `running`: the time you allowed is over, the work goes on; call `codex-wait`.\n\
- status `needs_decision`: codex asks before it acts; read `decisions`, then call `codex-approve` with approvalId.\n\
- `codex-events` pages through what codex did (`after` = the last `next`); `codex-cancel` ends the turn.\n\
- `codex-sessions` lists threads, also those of the codex CLI and IDEs.";

/// The handler of one connection.
#[derive(Clone, Debug)]
pub struct Server {
    pub(super) sessions: Sessions,
    pub(super) options: Arc<ServerOptions>,
    pub(super) rounds: Arc<Rounds>,
    pub(super) tasks: Arc<Tasks<Turns>>,
    pub(super) sign_ins: Arc<Held>,
    /// What a legacy host has subscribed to.
    wants: tokio::sync::watch::Sender<Wants>,
    list: Arc<[Tool]>,
    /// When it was made.
    begun: Timestamp,
    /// Who hears what its host begins.
    mine: Option<mpsc::Sender<Mine>>,
    /// Fires when its connection is over, where nothing around it says so.
    gone: CancellationToken,
    closing: Closing,
}

/// A turn that a host has begun.
#[derive(Debug)]
pub struct Mine {
    /// Of this session.
    pub handle: Handle,
    /// By this call of it.
    pub start: CallId,
}

/// Turns that a host may begin before anybody hears of the first.
const MINE: usize = 256;

/// Resources that one host may watch: more than it has sessions to show.
const MAX_WATCHED: usize = 256;

/// Who calls where the process is one host's alone.
const HOST: &str = "stdio";

/// What a caller is told who would begin work at the end.
const CLOSING: &str = "the bridge is being stopped and begins no work; what runs can still be waited for and decided. Call again \
                       once it is back";

/// A tool call as it came.
#[derive(Debug)]
pub(super) struct Context<'a> {
    pub request: &'a RequestContext<RoleServer>,
    /// What binds a retry to it.
    pub binding: Binding,
}

impl Server {
    /// A server over these sessions.
    #[must_use]
    pub fn new(sessions: Sessions, options: ServerOptions) -> Self {
        let (reach, budget) = (options.reach.clone(), options.budget);
        let work = Turns { sessions: sessions.clone(), reach, budget };
        let mut server = Self {
            tasks: Arc::new(Tasks::new(sessions.journal().clone(), work, options.keep)),
            sessions,
            options: Arc::new(options),
            rounds: Arc::default(),
            sign_ins: Arc::default(),
            // List changes are told to every legacy host: it has no way to ask for them.
            wants: tokio::sync::watch::Sender::new(Wants { list: true, ..Wants::default() }),
            list: Vec::new().into(),
            begun: Timestamp::now(),
            mine: None,
            gone: CancellationToken::new(),
            closing: Closing::default(),
        };
        server.list = server.allowed(schema::tools()).into();
        server
    }

    /// The same, in a bridge that takes its time to end.
    #[must_use]
    pub fn closing(self, closing: Closing) -> Self {
        Self { closing, ..self }
    }

    /// The same for one more connection, which is over when `gone` fires.
    pub(super) fn connection(&self, gone: CancellationToken) -> Self {
        let wants = Wants { list: true, ..Wants::default() };
        let wants = tokio::sync::watch::Sender::new(wants);
        Self { wants, begun: Timestamp::now(), gone, ..self.clone() }
    }

    /// Whose its host is.
    pub(super) fn principal(&self) -> Option<&Principal> {
        self.options.principal.as_ref()
    }

    /// Who calls, by name.
    pub(super) fn caller(&self) -> &str {
        self.principal().map_or(HOST, Principal::as_str)
    }

    /// The same, and what its host begins from here on.
    #[must_use]
    pub fn telling(self) -> (Self, Option<mpsc::Receiver<Mine>>) {
        let (mine, begun) = mpsc::channel(MINE);
        (Self { mine: Some(mine), ..self }, Some(begun))
    }

    /// Tells that its host has begun a turn.
    pub(super) async fn tell(&self, handle: &Handle, start: CallId) {
        if let Some(mine) = &self.mine {
            let _ = mine.send(Mine { handle: handle.clone(), start }).await;
        }
    }

    /// A call that begins now.
    pub(super) fn call<'a>(&self, context: &'a Context<'_>, wait: Option<Duration>) -> Call<'a> {
        let closing = self.closing.late.clone();
        Call::new(self.host(context.request), context.request, &context.binding, wait, closing)
    }

    /// What the host of a request can.
    fn host(&self, context: &RequestContext<RoleServer>) -> Host {
        let name = context.client_info().map(|info| info.name).unwrap_or_default();
        let policy = hosts::for_host(&name, self.options.drop_in, &self.options.waits);
        let dialogs = self.options.dialogs && self.options.rights.has(Right::Decide);
        Host::of(context, policy, dialogs)
    }

    async fn route(
        &self,
        request: CallToolRequestParams,
        context: &RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let CallToolRequestParams { name, arguments, input_responses, request_state, .. } = request;
        let binding = Binding::of(self.caller(), "tools/call", &name, arguments.as_ref());
        let context = &Context { request: context, binding };
        let runs = matches!(
            name.as_ref(),
            "codex" | "codex-reply" | "codex-review" | "codex-wait" | "codex-approve"
        );
        match (request_state, input_responses) {
            (Some(state), responses) if runs => {
                return self.retry(context, &state, &responses.unwrap_or_default()).await;
            }
            (Some(_), _) | (None, Some(_)) if !runs => {
                let message =
                    format!("`{name}` asks for nothing, and takes no `requestState` and no `inputResponses`");
                return Err(ErrorData::invalid_params(message, None));
            }
            (None, Some(_)) => {
                // A new start would do the work twice.
                let message =
                    "`inputResponses` without the `requestState` that asked for them; give both back";
                return Err(ErrorData::invalid_params(message, None));
            }
            _ => {}
        }
        if let Err(refused) = self.may_call(&name) {
            return Ok(refused.into());
        }
        if self.closing.begun.is_cancelled()
            && matches!(name.as_ref(), "codex" | "codex-reply" | "codex-review")
        {
            return Ok(result::refused("closing", CLOSING).into());
        }
        Ok(match name.as_ref() {
            "codex" => self.codex(arguments, context).await,
            "codex-reply" => self.reply(arguments, context).await,
            "codex-review" => self.review(arguments, context).await,
            "codex-wait" => self.wait(arguments, context).await,
            "codex-events" => self.events(arguments, context).await.into(),
            "codex-approve" => self.approve(arguments, context).await,
            "codex-cancel" => self.cancel(arguments).await.into(),
            "codex-sessions" => self.sessions(arguments, context).await.into(),
            other => {
                let names = self.list.iter().map(|t| t.name.as_ref()).collect::<Vec<_>>().join(", ");
                let message = format!("there is no tool `{other}`; there are {names}");
                return Err(ErrorData::invalid_params(message, None));
            }
        })
    }
}

/// What the server says of itself.
pub(super) fn about() -> ServerConfig {
    let capabilities = ServerCapabilities::builder().enable_tools().build();
    let name = Implementation::new("codex-bridge", env!("CARGO_PKG_VERSION")).with_title("codex");
    ServerConfig::new(capabilities).with_server_info(name).with_instructions(INSTRUCTIONS)
}

impl ServerHandler for Server {
    fn get_info(&self) -> ServerConfig {
        let mut about = about();
        let more = ServerCapabilities::builder()
            .enable_tasks()
            .enable_resources()
            .enable_resources_list_changed()
            .enable_resources_subscribe()
            .build();
        about.capabilities.resources = more.resources;
        about.capabilities.extensions = more.extensions;
        about
    }

    /// The tasks extension is of the revisions that have no `initialize`.
    async fn initialize(
        &self,
        request: InitializeRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<InitializeResult, ErrorData> {
        context.peer.set_peer_info(request.clone());
        let mut hello = self.negotiate_initialize(&request)?;
        hello.capabilities.extensions = None;
        Ok(hello)
    }

    async fn get_task(
        &self,
        request: GetTaskParams,
        context: RequestContext<RoleServer>,
    ) -> Result<GetTaskResult, ErrorData> {
        self.may("`tasks/get`", Right::Read)?;
        let forms = match self.host(&context).asking {
            Asking::Retry(forms) => Some(forms),
            Asking::Dialog(_) | Asking::Nobody => None,
        };
        self.tasks.get(&request.task_id, forms).await
    }

    async fn update_task(
        &self,
        request: UpdateTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.may("`tasks/update`", Right::Decide)?;
        self.tasks.update(&request.task_id, request.input_responses).await
    }

    async fn cancel_task(
        &self,
        request: CancelTaskParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.may("`tasks/cancel`", Right::Run)?;
        self.tasks.cancel(&request.task_id).await
    }

    async fn on_initialized(&self, context: NotificationContext<RoleServer>) {
        // Once a connection, and as long as it lives: rmcp runs each notice's handler by itself, and the guard
        // ends it. Asked under the lock of what is wanted, so that of two notices at once one is the first.
        let mut first = None;
        self.wants.send_if_modified(|_| {
            first = (self.wants.receiver_count() == 0).then(|| self.wants.subscribe());
            false
        });
        if let Some(wants) = first
            && self.options.rights.has(Right::Read)
        {
            let journal = self.sessions.journal().as_ref();
            let outlet = Outlet::Peer(&context.peer);
            tokio::select! {
                () = self.gone.cancelled() => {}
                () = run_notices(journal, &self.options.reach, outlet, wants, self.begun) => {}
            }
        }
    }

    fn accepted_subscription_filter(&self, requested: &SubscriptionFilter) -> Option<SubscriptionFilter> {
        let known = requested.resource_subscriptions.iter().flatten().filter(|uri| Uri::parse(uri).is_ok());
        let mut accepted = requested.clone();
        accepted.resource_subscriptions = Some(known.take(MAX_WATCHED).cloned().collect());
        Some(accepted)
    }

    async fn listen(&self, context: SubscriptionContext) -> Result<(), ErrorData> {
        self.may("`subscriptions/listen`", Right::Read)?;
        let begun = Timestamp::now();
        let accepted = context.accepted();
        let addresses =
            accepted.resource_subscriptions.iter().flatten().map(|uri| (uri.clone(), None)).collect();
        let wants = Wants { addresses, list: accepted.resources_list_changed == Some(true) };
        // Nobody changes what one subscription wants; its sender lives as long as it.
        let wants = tokio::sync::watch::Sender::new(wants);
        let journal = self.sessions.journal().as_ref();
        tokio::select! {
            () = context.cancelled() => {}
            () = self.closing.begun.cancelled() => {}
            () = run_notices(journal, &self.options.reach, Outlet::Sink(context.sink()), wants.subscribe(), begun) => {}
        }
        Ok(())
    }

    async fn subscribe(
        &self,
        request: SubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.may("`resources/subscribe`", Right::Read)?;
        if !Uri::is_ours(&request.uri) {
            // A host may watch whatever it has heard of; of what is not ours there is never news.
            return Ok(());
        }
        Uri::parse(&request.uri).map_err(|error| ErrorData::resource_not_found(error.to_string(), None))?;
        // Looked at before the answer: what changes after it is told.
        let state = seen_now(self.sessions.journal().as_ref(), &self.options.reach, &request.uri).await;
        let mut full = false;
        self.wants.send_if_modified(|wants| {
            let known = wants.addresses.contains_key(&request.uri);
            full = wants.addresses.len() >= MAX_WATCHED && !known;
            if !full && !known {
                wants.addresses.insert(request.uri.clone(), state);
            }
            !full && !known
        });
        if full {
            let message =
                format!("{MAX_WATCHED} resources are watched, and no more are: unsubscribe from one");
            return Err(ErrorData::invalid_params(message, None));
        }
        Ok(())
    }

    async fn unsubscribe(
        &self,
        request: UnsubscribeRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<(), ErrorData> {
        self.wants.send_if_modified(|wants| wants.addresses.remove(&request.uri).is_some());
        Ok(())
    }

    async fn list_resources(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourcesResult, ErrorData> {
        self.may("`resources/list`", Right::Read)?;
        Ok(ListResourcesResult::with_all_items(self.list_all().await?))
    }

    async fn list_resource_templates(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListResourceTemplatesResult, ErrorData> {
        Ok(ListResourceTemplatesResult::with_all_items(Self::templates()))
    }

    async fn read_resource(
        &self,
        request: ReadResourceRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<ReadResourceResponse, ErrorData> {
        self.may("`resources/read`", Right::Read)?;
        self.read_one(&request.uri).await.map(ReadResourceResponse::Complete)
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.list.to_vec()))
    }

    async fn call_tool(
        &self,
        request: CallToolRequestParams,
        context: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        let begun = Instant::now();
        // What there is: a name of somebody's own would be a number of its own.
        let tool = self.get_tool(&request.name).map(|tool| tool.name);
        let answering = Box::pin(self.route(request, &context));
        let answered = tokio::select! {
            biased;
            // Then rmcp cancels what is open: that is no cancel of the host's, which would end its turns.
            () = self.gone.cancelled() => Err(ErrorData::internal_error("the connection is over", None)),
            answered = answering => answered,
        };
        let failed = match &answered {
            Ok(CallToolResponse::Complete(result)) => result.is_error == Some(true),
            Ok(_) => false,
            Err(_) => true,
        };
        if let Some(tool) = tool {
            (self.options.meter.0)(&tool, failed, begun.elapsed());
        }
        answered
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.list.iter().find(|tool| tool.name == name).cloned()
    }

    /// Arguments that are no object arrive here, as a request that rmcp could not read.
    async fn on_custom_request(
        &self,
        request: CustomRequest,
        _: RequestContext<RoleServer>,
    ) -> Result<CustomResult, ErrorData> {
        if request.method == "tools/call" {
            let message = "`arguments` must be an object, as the tool's inputSchema says";
            let refused = result::refused("bad_arguments", message);
            return Ok(CustomResult::new(serde_json::to_value(refused).unwrap_or_default()));
        }
        Err(ErrorData::new(ErrorCode::METHOD_NOT_FOUND, request.method, None))
    }
}
