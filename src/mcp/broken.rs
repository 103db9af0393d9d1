//! The server where the bridge cannot work: it answers as always, and each call says why not. A host
//! that saw the process end instead would show "connection closed" and nothing else.

use std::sync::Arc;

use rmcp::model::{
    CallToolRequestParams, CallToolResponse, ListToolsResult, PaginatedRequestParams, ServerConfig, Tool,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer, ServerHandler};

use super::{result, schema, server};
use crate::event::ErrorInfo;

/// The handler of one connection, where nothing can be done.
#[derive(Clone, Debug)]
pub struct BrokenServer {
    error: ErrorInfo,
    tools: Arc<[Tool]>,
}

impl BrokenServer {
    /// A server whose every call gives this error.
    #[must_use]
    pub fn new(code: &str, message: String) -> Self {
        let error = ErrorInfo { code: code.to_owned(), message, remedy: None, retryable: false };
        Self { error, tools: schema::tools().into() }
    }
}

impl ServerHandler for BrokenServer {
    fn get_info(&self) -> ServerConfig {
        server::about()
    }

    async fn list_tools(
        &self,
        _: Option<PaginatedRequestParams>,
        _: RequestContext<RoleServer>,
    ) -> Result<ListToolsResult, ErrorData> {
        Ok(ListToolsResult::with_all_items(self.tools.to_vec()))
    }

    async fn call_tool(
        &self,
        _: CallToolRequestParams,
        _: RequestContext<RoleServer>,
    ) -> Result<CallToolResponse, ErrorData> {
        Ok(CallToolResponse::Complete(result::of_error(&self.error)))
    }

    fn get_tool(&self, name: &str) -> Option<Tool> {
        self.tools.iter().find(|tool| tool.name == name).cloned()
    }
}
