//! The ids of the host's requests that are open. rmcp answers one of two with the same id, whichever ends first, and
//! what the other has begun nobody hears of: so the second is refused.

use std::collections::HashSet;

use rmcp::RoleServer;
use rmcp::model::{ClientNotification, ErrorCode, ErrorData, JsonRpcMessage, RequestId};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};

/// Requests that have no answer yet: as many as the service takes, and those that it is about to refuse.
#[derive(Debug, Default)]
pub(super) struct Open(HashSet<RequestId>);

impl Open {
    /// A message of the host comes in; the answer to one that is refused.
    pub fn comes(&mut self, message: &RxJsonRpcMessage<RoleServer>) -> Option<TxJsonRpcMessage<RoleServer>> {
        match message {
            JsonRpcMessage::Request(request) if !self.0.insert(request.id.clone()) => {
                let message =
                    "a request with this `id` is open, and goes on: give each request an `id` of its own";
                let refused = ErrorData::new(ErrorCode::INVALID_REQUEST, message, None);
                Some(JsonRpcMessage::error(refused, Some(request.id.clone())))
            }
            JsonRpcMessage::Notification(notice) => {
                // It gets no answer any more.
                if let ClientNotification::CancelledNotification(cancelled) = &notice.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.0.remove(id);
                }
                None
            }
            _ => None,
        }
    }

    /// A message goes out to the host.
    pub fn goes(&mut self, message: &TxJsonRpcMessage<RoleServer>) {
        match message {
            JsonRpcMessage::Response(response) => drop(self.0.remove(&response.id)),
            JsonRpcMessage::Error(error) => {
                if let Some(id) = &error.id {
                    self.0.remove(id);
                }
            }
            _ => {}
        }
    }
}
