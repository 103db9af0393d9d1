//! What happened, in words. They may have anything in them that codex said: `fit` makes that visible.

use std::time::Duration;

use crate::event::{
    Body, DecidedBy, ErrorInfo, FileChange, ItemStatus, Origin, PermissionDecision, PlanStep, SessionInfo,
    Tokens, ToolCall, ToolKind, ToolResult, TurnStatus,
};

pub(super) fn words(body: &Body, origin: Option<Origin>) -> String {
    match body {
        Body::SessionStarted(info) => session(info),
        Body::TurnStarted { .. } => match origin {
            None => "started".into(),
            Some(Origin::Codex) => "was made by the codex CLI or an IDE".into(),
        },
        Body::UserMessage { text, images, .. } if images.is_empty() => text.clone(),
        Body::UserMessage { text, images, .. } => format!("{text} [{} images]", images.len()),
        Body::AssistantDelta { text, .. }
        | Body::AssistantMessage { text, .. }
        | Body::Reasoning { text, .. }
        | Body::ToolOutput { text, .. } => text.clone(),
        Body::Plan { steps, explanation } if steps.is_empty() => explanation.clone().unwrap_or_default(),
        Body::Plan { steps, .. } => steps.iter().map(step).collect::<Vec<_>>().join(" · "),
        Body::ToolCall(call) => tool(call),
        Body::ToolResult(result) => ended(result),
        Body::Diff { diff } => size(diff),
        Body::PermissionRequest(request) => request.summary.clone(),
        Body::PermissionDecision(decision) => decided(decision),
        Body::Usage { turn, .. } => tokens(*turn),
        Body::McpServer { name, status, error, .. } => because(format!("{name} {status}"), error.as_deref()),
        Body::Warning { message, .. } => message.clone(),
        Body::Error(error) => fault(error),
        Body::TurnFinished { status, error, duration_ms, .. } => {
            let status = match status {
                TurnStatus::Completed => "completed",
                TurnStatus::Interrupted => "interrupted",
                TurnStatus::Failed => "failed",
            };
            because(lasted(status.to_owned(), *duration_ms), error.as_ref().map(fault).as_deref())
        }
        Body::SessionFinished { reason } => format!("finished: {reason}"),
        Body::Raw { method, params } => format!("{method} {params}"),
    }
}

fn session(info: &SessionInfo) -> String {
    let codex = info.codex_version.as_ref().map(|version| format!("codex {version}"));
    let resumed = info.resumed.then_some("taken up again");
    let parts = [resumed, info.model.as_deref(), info.sandbox.as_deref(), info.approval_policy.as_deref()];
    let parts = parts.into_iter().chain([codex.as_deref()]).flatten();
    std::iter::once(info.cwd.as_str()).chain(parts).collect::<Vec<_>>().join(" · ")
}

fn step(step: &PlanStep) -> String {
    let mark = match step.status.as_str() {
        "completed" => '✓',
        "in_progress" => '▸',
        _ => '○',
    };
    format!("{mark} {}", step.step)
}

fn tool(call: &ToolCall) -> String {
    let name = call.name.as_deref().unwrap_or(match call.tool {
        ToolKind::WebSearch => "web search",
        ToolKind::Image => "image",
        ToolKind::Agent => "agent",
        _ => "",
    });
    let arguments = call.arguments.as_ref().map(|arguments| format!(" {arguments}")).unwrap_or_default();
    match (call.tool, &call.server) {
        (ToolKind::Command, _) => format!("$ {}", call.command.as_deref().unwrap_or_default()),
        (ToolKind::FileChange, _) => files(&call.changes),
        (_, Some(server)) => format!("{server}: {name}{arguments}"),
        (_, None) => format!("{name}{arguments}"),
    }
}

fn files(changes: &[FileChange]) -> String {
    let file = |change: &FileChange| match &change.moved_to {
        Some(to) => format!("{} {} → {to}", change.kind, change.path),
        None => format!("{} {}", change.kind, change.path),
    };
    changes.iter().map(file).collect::<Vec<_>>().join(", ")
}

fn ended(result: &ToolResult) -> String {
    let status = match (result.exit_code, result.status) {
        (Some(code), ItemStatus::Completed | ItemStatus::Failed) => format!("exit code {code}"),
        (_, ItemStatus::Completed) => "completed".into(),
        (_, ItemStatus::Failed) => "failed".into(),
        (_, ItemStatus::Declined) => "declined".into(),
        (_, ItemStatus::Other) => "ended".into(),
    };
    let value = || result.result.as_ref().map(ToString::to_string);
    let changed = || (!result.changes.is_empty()).then(|| files(&result.changes));
    let output = || result.output.clone().filter(|output| !output.trim().is_empty());
    let more = result.error.clone().or_else(output).or_else(changed).or_else(value);
    because(lasted(status, result.duration_ms), more.as_deref())
}

fn size(diff: &str) -> String {
    let count = |first: char, head: &str| {
        diff.lines().filter(|line| line.starts_with(first) && !line.starts_with(head)).count()
    };
    let files = diff.lines().filter(|line| line.starts_with("+++ ")).count();
    format!("+{} −{} lines in {files} {}", count('+', "+++ "), count('-', "--- "), plural(files, "file"))
}

fn plural(count: usize, word: &str) -> String {
    if count == 1 { word.to_owned() } else { format!("{word}s") }
}

fn decided(decision: &PermissionDecision) -> String {
    let by = match decision.by {
        DecidedBy::Rule => "a rule",
        DecidedBy::Person => "a person",
        DecidedBy::Agent => "the agent",
        DecidedBy::Deadline => "the deadline",
        DecidedBy::Codex => "codex",
        DecidedBy::Shutdown => "the end of the bridge or of codex",
    };
    let how = decision.rule.as_ref().or(decision.way.as_ref());
    let how = how.map(|how| format!(" ({how})")).unwrap_or_default();
    because(format!("{} by {by}{how}", decision.decision.name()), decision.reason.as_deref())
}

fn tokens(tokens: Tokens) -> String {
    let Tokens { input, cached, output, reasoning } = tokens;
    format!("{input} in, {cached} cached, {output} out, {reasoning} reasoning")
}

fn fault(error: &ErrorInfo) -> String {
    let remedy = error.remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
    format!("{}{remedy}", error.message)
}

fn because(what: String, why: Option<&str>) -> String {
    match why {
        Some(why) if !why.is_empty() => format!("{what}: {why}"),
        _ => what,
    }
}

fn lasted(what: String, duration_ms: Option<u64>) -> String {
    match duration_ms {
        Some(ms) => format!("{what} after {}", humantime::format_duration(rounded(ms))),
        None => what,
    }
}

/// In milliseconds below a second, in seconds above: nobody wants both.
fn rounded(ms: u64) -> Duration {
    if ms < 1000 { Duration::from_millis(ms) } else { Duration::from_secs(ms / 1000) }
}
