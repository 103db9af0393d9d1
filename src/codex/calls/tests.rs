//! What codex's refusals become.

use super::*;
use crate::rpc::RpcError;

#[test]
fn a_method_that_codex_lacks_is_named() {
    let answer = |message: &str| {
        let rejected = RpcError { code: -32600, message: message.to_owned(), data: None };
        translate("thread/fork", CallError::Rejected(rejected)).0
    };
    let lacking =
        answer("Invalid request: unknown variant `thread/fork`, expected one of `initialize`, `a/b`");
    assert_eq!((lacking.code.as_str(), lacking.retryable), ("codex_too_old", false));
    assert_eq!(lacking.message, "this codex does not have `thread/fork`, which the call needs");
    assert!(lacking.remedy.unwrap().contains("npm i -g @openai/codex"));
    // An unknown value is another matter.
    let other = answer("Invalid request: unknown variant `zz`, expected one of `thread/fork`");
    assert_eq!(other.code, "codex_refused");
}
