//! What codex 0.169 says, field by field. No state here.

use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

pub fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or_default()
}

/// As codex makes them: sorted by time.
pub fn new_id() -> String {
    uuid::Uuid::now_v7().to_string()
}

pub fn cwd(params: &Value) -> String {
    params["cwd"].as_str().unwrap_or("/workspace").to_owned()
}

/// The answer to `initialize`.
pub fn initialized(params: &Value) -> Value {
    let name = params["clientInfo"]["name"].as_str().unwrap_or("client");
    json!({
        "userAgent": format!("{name}/0.169.0 (Fake 1; x86_64) fake"), "codexHome": "/fake/.codex",
        "platformFamily": std::env::consts::FAMILY, "platformOs": std::env::consts::OS,
    })
}

/// The answer to `thread/start`.
pub fn opened(id: &str, params: &Value) -> Result<Value, String> {
    let or = |name: &str, default: &str| params[name].as_str().unwrap_or(default).to_owned();
    let sandbox = match or("sandbox", "read-only").as_str() {
        "read-only" => json!({ "type": "readOnly", "networkAccess": false }),
        "danger-full-access" => json!({ "type": "dangerFullAccess" }),
        "workspace-write" => json!({
            "type": "workspaceWrite", "writableRoots": [], "networkAccess": false,
            "excludeTmpdirEnvVar": false, "excludeSlashTmp": false,
        }),
        other => {
            return Err(format!(
                "Invalid request: unknown variant `{other}`, expected one of `read-only`, `workspace-write`, `danger-full-access`"
            ));
        }
    };
    // The parameter counts above the key, as with the real one.
    let configured = params["config"]["model"].as_str().unwrap_or("gpt-5.5");
    let (cwd, model, provider) = (cwd(params), or("model", configured), or("modelProvider", "fake"));
    Ok(json!({
        "thread": thread(id, &cwd, &model, &provider), "model": model, "modelProvider": provider,
        "serviceTier": null, "disabledPluginIds": [], "cwd": cwd, "runtimeWorkspaceRoots": [cwd],
        "instructionSources": [], "approvalPolicy": or("approvalPolicy", "on-request"),
        "approvalsReviewer": "user", "sandbox": sandbox, "activePermissionProfile": null,
        "reasoningEffort": null, "multiAgentMode": "explicitRequestOnly",
    }))
}

/// The answer to `thread/resume`.
pub fn resumed(id: &str, params: &Value) -> Result<Value, String> {
    let mut opened = opened(id, params)?;
    opened["collaborationMode"] = json!({
        "mode": "default",
        "settings": { "model": opened["model"], "reasoning_effort": null, "developer_instructions": null },
    });
    for name in ["initialTurnsPage", "turnsBackwardsCursor", "itemsBackwardsCursor"] {
        opened[name] = Value::Null;
    }
    Ok(opened)
}

fn thread(id: &str, cwd: &str, model: &str, provider: &str) -> Value {
    let seconds = now() / 1000;
    json!({
        "id": id, "sessionId": id, "preview": "", "ephemeral": false, "historyMode": "paginated",
        "environments": [{ "environmentId": "local", "cwd": cwd, "runtimeWorkspaceRoots": [cwd] }],
        "modelProvider": provider, "model": model, "reasoningEffort": null, "cwd": cwd,
        "createdAt": seconds, "updatedAt": seconds, "recencyAt": seconds, "status": { "type": "idle" },
        "path": format!("/fake/.codex/sessions/{id}.jsonl"), "cliVersion": "0.169.0", "originator": "fake",
        "source": "vscode", "canAcceptDirectInput": true, "turns": [],
        "extra": null, "forkedFromId": null, "attachedToThreadId": null, "parentThreadId": null,
        "section": null, "sectionEnteredAt": null, "projectId": null, "threadSource": null,
        "agentNickname": null, "agentRole": null, "gitInfo": null, "name": null, "daybreakEnabled": null,
    })
}

/// A turn, with the last message in it when it has one to show.
pub fn turn(id: &str, status: &str, said: Option<&Value>) -> Value {
    let items: Vec<&Value> = said.into_iter().collect();
    json!({
        "id": id, "rootTurnId": id, "itemsView": if items.is_empty() { "notLoaded" } else { "summary" },
        "items": items, "status": status, "error": null, "startedAt": null, "completedAt": null, "durationMs": null,
    })
}

/// The same counts each turn, summed over `turns`.
pub fn usage(turns: u64) -> Value {
    let counts = |times: u64| {
        json!({
            "totalTokens": 120 * times, "inputTokens": 100 * times, "cachedInputTokens": 10 * times,
            "cacheWriteInputTokens": 0, "outputTokens": 20 * times, "reasoningOutputTokens": 5 * times,
        })
    };
    json!({ "total": counts(turns), "last": counts(1), "modelContextWindow": 258_400 })
}

pub fn user_message(id: &str, text: &str) -> Value {
    let content = json!([{ "type": "text", "text": text, "text_elements": [] }]);
    json!({ "type": "userMessage", "id": id, "clientId": null, "content": content })
}

pub fn agent_message(id: &str, text: &str) -> Value {
    json!({
        "type": "agentMessage", "id": id, "text": text, "moderation": null, "phase": null,
        "memoryCitation": null, "delivery": null, "questions": null,
    })
}

pub fn command(id: &str, command: &str, cwd: &str) -> Value {
    json!({
        "type": "commandExecution", "id": id, "pluginId": null, "scriptPath": null,
        "command": wrapped(command), "cwd": cwd, "processId": null, "source": "agent",
        "status": "inProgress", "commandActions": actions(command), "aggregatedOutput": null,
        "exitCode": null, "durationMs": null,
    })
}

/// The parameters of the question whether a command may run.
pub fn command_question(id: &str, command: &str, cwd: &str) -> Value {
    let prefix: Vec<&str> = command.split_whitespace().collect();
    let amendment = json!({ "acceptWithExecpolicyAmendment": { "execpolicy_amendment": prefix } });
    json!({
        "kind": "command", "itemId": id, "startedAtMs": now(), "environmentId": "local",
        "command": wrapped(command), "cwd": cwd, "commandActions": actions(command),
        "proposedExecpolicyAmendment": prefix, "availableDecisions": ["accept", amendment, "cancel"],
    })
}

fn wrapped(command: &str) -> String {
    format!("/bin/bash -lc '{command}'")
}

fn actions(command: &str) -> Value {
    json!([{ "type": "unknown", "command": command }])
}

pub fn file_change(id: &str, path: &str) -> Value {
    let change = json!({ "path": path, "kind": { "type": "add" }, "diff": "hello\n" });
    json!({ "type": "fileChange", "id": id, "changes": [change], "status": "inProgress" })
}

pub fn mcp_call(id: &str) -> Value {
    json!({
        "type": "mcpToolCall", "id": id, "server": "s", "tool": "echo", "status": "inProgress",
        "arguments": {}, "appContext": null, "mcpAppUi": null, "pluginId": null, "readOnlyHint": null,
        "result": null, "error": null, "durationMs": null,
    })
}

pub fn mcp_question() -> Value {
    json!({
        "serverName": "s", "mode": "form", "message": "Allow the s MCP server to run tool \"echo\"?",
        "_meta": {
            "codex_approval_kind": "mcp_tool_call", "persist": ["session", "always"], "tool_name": "echo",
            "tool_description": "echo", "tool_params": {}, "tool_params_display": [],
        },
        "requestedSchema": { "type": "object", "properties": {} },
    })
}

pub fn permissions_question(id: &str, cwd: &str) -> Value {
    json!({
        "itemId": id, "environmentId": "local", "startedAtMs": now(), "cwd": cwd, "reason": "need net",
        "permissions": { "network": { "enabled": true }, "fileSystem": null },
    })
}

pub fn user_question(id: &str) -> Value {
    let options = json!([{ "label": "A", "description": "a" }, { "label": "B", "description": "b" }]);
    json!({
        "itemId": id, "isBlocking": false, "autoResolutionMs": null,
        "questions": [{
            "id": "q1", "header": "H", "question": "Which?", "isOther": true, "isSecret": false, "options": options,
        }],
    })
}
