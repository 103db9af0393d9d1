//! The demo's host: a real MCP client that says yes to every dialog, and says so.

use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, ElicitRequestParams, ElicitResult,
    ElicitationAction, Implementation,
};
use rmcp::service::{RequestContext, RunningService};
use rmcp::{ClientHandler, ErrorData, RoleClient};
use serde_json::{Value, json};

use super::error::DemoError;
use super::print::Printer;

/// The host.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub printer: Printer,
}

/// A connection of the host.
pub(super) type Connection = RunningService<RoleClient, Host>;

impl ClientHandler for Host {
    fn get_info(&self) -> ClientConfig {
        let capabilities = ClientCapabilities::builder().enable_elicitation().build();
        ClientConfig::new(capabilities, Implementation::new("codex-bridge-demo", env!("CARGO_PKG_VERSION")))
    }

    async fn create_elicitation(
        &self,
        request: ElicitRequestParams,
        _: RequestContext<RoleClient>,
    ) -> Result<ElicitResult, ErrorData> {
        let question = match &request {
            ElicitRequestParams::FormElicitationParams { message, .. } => {
                message.lines().next().unwrap_or_default()
            }
            _ => "",
        };
        self.printer.person(&format!("{question} → approve"));
        let mut answer = ElicitResult::new(ElicitationAction::Accept);
        answer.content = Some(json!({ "decision": "approve" }));
        Ok(answer)
    }
}

/// Calls a tool; its `structuredContent`, or its words as an error.
pub(super) async fn call(
    connection: &Connection,
    tool: &'static str,
    arguments: Value,
) -> Result<Value, DemoError> {
    let mut params = CallToolRequestParams::new(tool);
    params.arguments = arguments.as_object().cloned();
    let result = connection.call_tool(params).await.map_err(|error| DemoError::Bridge(error.to_string()))?;
    if result.is_error == Some(true) {
        let words = serde_json::to_string(&result.content).unwrap_or_default();
        return Err(DemoError::Turn(words));
    }
    Ok(result.structured_content.unwrap_or_default())
}
