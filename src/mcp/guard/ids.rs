//! The ids of our requests to the host: rmcp counts them from 0 on each connection. A host whose bridge was replaced
//! under it speaks to several one after the other, and what it answers to a dialog of one must not count for
//! another's: so each connection counts from a number of its own.

use rmcp::RoleServer;
use rmcp::model::{JsonRpcMessage, RequestId, ServerNotification};
use rmcp::service::{RxJsonRpcMessage, TxJsonRpcMessage};

/// Requests of one connection, in bits: far more than there will be.
const COUNT: u32 = 20;

/// How many numbers there are to begin at: together with the others no more than a double holds.
const BEGIN: u64 = (1 << 32) - 1;

/// Where one connection counts from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ids {
    begin: i64,
}

impl Ids {
    pub fn fresh() -> Self {
        let (random, _) = uuid::Uuid::new_v4().as_u64_pair();
        Self { begin: i64::try_from((random & BEGIN) << COUNT).unwrap_or_default() }
    }

    /// A message on its way to the host.
    pub fn out(self, mut message: TxJsonRpcMessage<RoleServer>) -> TxJsonRpcMessage<RoleServer> {
        match &mut message {
            JsonRpcMessage::Request(request) => shift(&mut request.id, self.begin),
            JsonRpcMessage::Notification(notice) => {
                if let ServerNotification::CancelledNotification(cancelled) = &mut notice.notification
                    && let Some(id) = &mut cancelled.params.request_id
                {
                    shift(id, self.begin);
                }
            }
            _ => {}
        }
        message
    }

    /// A message of the host: an answer to another connection's request is to none of ours.
    pub fn back(self, mut message: RxJsonRpcMessage<RoleServer>) -> RxJsonRpcMessage<RoleServer> {
        match &mut message {
            JsonRpcMessage::Response(response) => shift(&mut response.id, -self.begin),
            JsonRpcMessage::Error(error) => {
                if let Some(id) = &mut error.id {
                    shift(id, -self.begin);
                }
            }
            _ => {}
        }
        message
    }
}

fn shift(id: &mut RequestId, by: i64) {
    if let RequestId::Number(number) = id {
        *number = number.wrapping_add(by);
    }
}
