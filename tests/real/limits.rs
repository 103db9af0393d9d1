//! What codex itself makes of a request is held to the limits too: no turn starts above them.

use serde_json::json;

use super::Stage;
use crate::common::Setup;

fn limited<'a>(stage: &'a Stage, limits: &[(&str, &str)]) -> Setup<'a> {
    limits.iter().fold(stage.host().alone(), |host, (name, value)| {
        host.env(&format!("CODEX_BRIDGE_LIMITS_{name}"), value)
    })
}

/// config.toml says what the request does not; so does the repository's own where the user trusts it.
#[test]
fn codexs_own_configuration_is_no_way_around() {
    for (name, own, project, limit, words) in [
        (
            "sandbox",
            "sandbox_mode = \"danger-full-access\"\n",
            "",
            ("SANDBOX", "workspace-write"),
            "limits.sandbox",
        ),
        (
            "policy",
            "approval_policy = \"never\"\n",
            "",
            ("APPROVAL_POLICIES", "[\"on-request\"]"),
            "approval_policies",
        ),
        ("model", "", "", ("MODELS", "[\"another\"]"), "limits.models"),
        (
            "project",
            "",
            "sandbox_mode = \"danger-full-access\"\n",
            ("SANDBOX", "read-only"),
            "limits.sandbox",
        ),
    ] {
        let stage = Stage::new();
        let work = stage.place.work();
        assert!(
            std::process::Command::new("git").args(["init", "-q"]).arg(&work).status().unwrap().success()
        );
        let config = stage.place.root.join("codex-home/config.toml");
        let trust = format!("[projects.{:?}]\ntrust_level = \"trusted\"\n", work.display().to_string());
        let before = std::fs::read_to_string(&config).unwrap();
        std::fs::write(&config, format!("{own}{before}\n{trust}")).unwrap();
        std::fs::create_dir(work.join(".codex")).unwrap();
        std::fs::write(work.join(".codex/config.toml"), project).unwrap();
        let mut host = limited(&stage, &[limit]).start();
        let refused = host.call("codex", json!({ "prompt": "RUN touch never\nSAY never" }));
        let text = refused["content"][0]["text"].as_str().unwrap();
        assert!(refused["isError"] == true && text.contains(words), "{name}: {refused}");
        assert!(text.contains("no turn is started") && text.contains("own configuration"), "{name}: {text}");
        assert!(!work.join("never").exists());
    }
}

/// One that is refused is let go: a terminal can have it.
#[cfg(unix)]
#[test]
fn a_refused_session_is_not_held() {
    let stage = Stage::new();
    let thread = stage.of_the_cli(&stage.place.work(), &["-s", "danger-full-access", "SAY one"]);
    let sent = stage.place.root.join("sent");
    let spy = stage.place.root.join("spy");
    let codex = super::codex();
    let script = format!("#!/bin/sh\ntee -a '{}' | '{}' \"$@\"\n", sent.display(), codex.display());
    std::fs::write(&spy, script).unwrap();
    std::fs::set_permissions(&spy, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let own = stage.place.root.join("codex-home/config.toml");
    let before = std::fs::read_to_string(&own).unwrap();
    std::fs::write(&own, format!("sandbox_mode = \"danger-full-access\"\n{before}")).unwrap();
    let mut setup = limited(&stage, &[("SANDBOX", "read-only")]);
    setup.codex = spy;
    let mut host = setup.start();
    for (tool, call) in [
        ("codex-reply", json!({ "threadId": thread, "prompt": "SAY two" })),
        ("codex", json!({ "prompt": "SAY one" })),
    ] {
        let refused = host.call(tool, call);
        assert!(refused.to_string().contains("limits.sandbox"), "{refused}");
    }
    // Whatever is asked next comes after it.
    host.call("codex", json!({ "prompt": "SAY one" }));
    let sent = std::fs::read_to_string(&sent).unwrap();
    let released = sent.lines().filter(|line| line.contains("thread/unsubscribe")).count();
    assert!(released >= 2 && sent.contains(thread.as_str().unwrap()), "{sent}");
}

/// A session that was begun without limits, taken up with them.
#[test]
fn an_older_session_is_held_to_them() {
    let stage = Stage::new();
    let (inside, outside) = (stage.place.work().join("inside"), stage.place.work().join("outside"));
    for folder in [&inside, &outside] {
        std::fs::create_dir(folder).unwrap();
    }
    let mut host = stage.host().alone().start();
    let begin = |folder: &std::path::Path, sandbox: &str| json!({ "prompt": "SAY hi", "cwd": folder, "sandbox": sandbox });
    let elsewhere = host.structured("codex", begin(&outside, "read-only"))["threadId"].clone();
    let wide = host.structured("codex", begin(&inside, "danger-full-access"))["threadId"].clone();
    let fine = host.structured("codex", begin(&inside, "workspace-write"))["threadId"].clone();
    host.close_stdin();
    host.ended();

    let roots = format!("[{:?}]", inside.display().to_string());
    let mut host = limited(&stage, &[("ROOTS", &roots), ("SANDBOX", "workspace-write")]).start();
    for (thread, words) in [(&elsewhere, "there is no session"), (&wide, "limits.sandbox")] {
        let refused = host.call("codex-reply", json!({ "threadId": thread, "prompt": "RUN touch never" }));
        let text = refused["content"][0]["text"].as_str().unwrap();
        assert!(refused["isError"] == true && text.contains(words), "{refused}");
    }
    let done = host.structured("codex-reply", json!({ "threadId": fine, "prompt": "SAY again" }));
    assert_eq!(done["content"], "again", "{done}");
}

/// A folder that becomes a link to another, after its session began.
#[cfg(unix)]
#[test]
fn a_folder_that_leads_elsewhere_by_now_is_refused() {
    let stage = Stage::new();
    let (root, outside) = (stage.place.work().join("root"), stage.place.work().join("outside"));
    for folder in [root.join("a"), outside.clone()] {
        std::fs::create_dir_all(folder).unwrap();
    }
    let roots = format!("[{:?}]", root.display().to_string());
    let limits = [("ROOTS", roots.as_str()), ("SANDBOX", "workspace-write")];
    let mut host = limited(&stage, &limits).start();
    let call = json!({ "prompt": "SAY hi", "cwd": root.join("a"), "sandbox": "workspace-write" });
    let thread = host.structured("codex", call)["threadId"].clone();
    std::fs::remove_dir(root.join("a")).unwrap();
    std::os::unix::fs::symlink(&outside, root.join("a")).unwrap();
    let write = json!({ "threadId": thread, "prompt": "RUN touch escaped\nSAY done" });
    for restarted in [false, true] {
        if restarted {
            host.close_stdin();
            host.ended();
            host = limited(&stage, &limits).start();
        }
        let refused = host.call("codex-reply", write.clone());
        let text = refused["content"][0]["text"].as_str().unwrap();
        assert!(refused["isError"] == true && text.contains("there is no session"), "{restarted}: {refused}");
    }
    assert!(!outside.join("escaped").exists());
}

/// What a session was given when there were no limits is not given again above them.
#[test]
fn what_an_older_session_was_given_is_held_to_them() {
    let stage = Stage::new();
    let server = env!("CARGO_BIN_EXE_fake-mcp-server");
    let mut host = stage.host().alone().start();
    let mut begin = |more: serde_json::Value| {
        let mut call = json!({ "prompt": "SAY hi", "sandbox": "read-only" });
        call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        host.structured("codex", call)["threadId"].clone()
    };
    let wide = begin(json!({ "config": { "sandbox_workspace_write": { "writable_roots": ["/"] } } }));
    let added = begin(json!({ "mcp": { "add": { "x": { "command": server } } } }));
    let fine = begin(json!({ "config": { "model_verbosity": "low" }, "compact-prompt": "short" }));
    host.close_stdin();
    host.ended();
    let mut host = limited(&stage, &[("SANDBOX", "workspace-write")]).start();
    for (thread, words) in [(&wide, "writable_roots"), (&added, "limits.mcp_add")] {
        let refused = host.call("codex-reply", json!({ "threadId": thread, "prompt": "SAY never" }));
        let text = refused["content"][0]["text"].as_str().unwrap();
        assert!(refused["isError"] == true && text.contains(words), "{refused}");
    }
    let done = host.structured("codex-reply", json!({ "threadId": fine, "prompt": "SAY again" }));
    assert_eq!(done["content"], "again", "{done}");
}

/// A limit on servers alone holds for both ways to ask for one.
#[test]
fn servers_are_limited_by_themselves() {
    let stage = Stage::new();
    let server = json!({ "x": { "command": env!("CARGO_BIN_EXE_fake-mcp-server") } });
    for limit in ["none", "named"] {
        let mut host = limited(&stage, &[("MCP_ADD", limit)]).start();
        for asked in [json!({ "mcp": { "add": server } }), json!({ "config": { "mcp_servers": server } })] {
            let mut call = asked.clone();
            call["prompt"] = json!("SAY never");
            let refused = host.call("codex", call);
            let text = refused["content"][0]["text"].as_str().unwrap();
            assert!(
                refused["isError"] == true && text.contains("limits.mcp_add"),
                "{limit} {asked}: {refused}"
            );
        }
    }
}
