//! The tool that has codex review changes. Its run is a turn like any other.

use rmcp::model::{CallToolResponse, CallToolResult, JsonObject, Tool};
use serde_json::json;

use super::args::{self, ApprovalPolicy, CodexArgs, ReviewArgs, Sandbox};
use super::faults::{bad, call_error, open_error, too_slow};
use super::progress::Progress;
use super::server::{Context, Server};
use super::{result, schema};
use crate::ids::Seq;
use crate::session::{Query, ReviewTarget, TurnParams, WhenBusy};

/// What `tools/list` says of it.
pub(super) fn tool() -> Tool {
    let properties = json!({
        "target": {"type": "string", "enum": ["uncommitted", "base", "commit", "custom"]},
        "base": {"type": "string", "description": "Branch"},
        "commit": {"type": "string"},
        "instructions": {"type": "string"},
        "cwd": {"type": "string"},
        "model": {"type": "string"},
        "wait": {"type": "number"}
    });
    schema::tool::<ReviewArgs>(
        "Review with codex",
        "Have codex review git changes; findings as `output`.",
        schema::input(&[], properties),
    )
    .with_annotations(schema::reading())
}

impl Server {
    pub(super) async fn review(
        &self,
        arguments: Option<JsonObject>,
        context: &Context<'_>,
    ) -> CallToolResponse {
        self.try_review(arguments, context).await.unwrap_or_else(CallToolResponse::Complete)
    }

    async fn try_review(
        &self,
        arguments: Option<JsonObject>,
        context: &Context<'_>,
    ) -> Result<CallToolResponse, CallToolResult> {
        let ReviewArgs { target, cwd, model, wait } = args::parse(arguments).map_err(|e| bad(&e))?;
        let args = CodexArgs {
            cwd,
            model,
            // A tool that only reads must need nobody's decision.
            sandbox: Some(Sandbox::ReadOnly),
            approval_policy: Some(ApprovalPolicy::Never),
            ..CodexArgs::default()
        };
        self.may_review()?;
        let mut params = self.thread_params(&args)?;
        let call = self.call(context, wait);
        let mut progress = Progress::of(call.context);
        let known = call.before(self.model_of_review(args.model.as_deref(), &mut params));
        progress.during("looking for its model", known).await.map_err(too_slow)??;
        let variables = self.sessions.variables();
        let reviewable = self.sessions.ask(Query::Reviewable(params.cwd.clone(), target.clone(), variables));
        let there = progress.during("looking at the repository", call.before(reviewable)).await;
        there.map_err(too_slow)?.map_err(|error| open_error(&error))?;
        let title = title(&target);
        let creating = Box::pin(call.before(self.sessions.create(params, &title)));
        let created = progress.during("starting a session of codex", creating).await;
        let handle = created.map_err(too_slow)?.map_err(|error| open_error(&error))?;
        let turn = TurnParams { review: Some(Box::new(target)), ..TurnParams::default() };
        let begun = self.start(&handle, turn, WhenBusy::Reject, &call, &mut progress).await;
        let begun = begun.map_err(|error| call_error(&error, handle.thread()))?;
        Ok(self.run(&handle, begun, &call, progress, Seq::ZERO).await)
    }
}

impl Server {
    /// A caller can choose no other policy: it must hear whose limit that is.
    fn may_review(&self) -> Result<(), CallToolResult> {
        let allowed = &self.options.reach.limits.approval_policies;
        let never = ApprovalPolicy::Never.name();
        if allowed.is_empty() || allowed.iter().any(|policy| policy == never) {
            return Ok(());
        }
        let message = format!(
            "`codex-review` runs with the approval policy `{never}` in the sandbox `read-only`, and \
             limits.approval_policies ({}) does not have `{never}`; no argument changes that. Whoever runs this \
             bridge can add it there",
            allowed.join(", ")
        );
        Err(result::refused("limit", message))
    }
}

/// How the session is called in lists.
fn title(target: &ReviewTarget) -> String {
    match target {
        ReviewTarget::Uncommitted => "Review of uncommitted changes".into(),
        ReviewTarget::Base(branch) => format!("Review against {branch}"),
        ReviewTarget::Commit(sha) => format!("Review of {sha}"),
        ReviewTarget::Custom(instructions) => format!("Review: {instructions}"),
    }
}
