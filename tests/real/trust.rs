//! codex writes no trust on the bridge's behalf, and a writable sandbox is one all the same.

use serde_json::json;

use super::Stage;

/// A repository, where codex writes the folder into config.toml as trusted if a thread starts writable.
#[test]
fn a_writable_sandbox_leaves_the_users_configuration_as_it_is() {
    let own = "sandbox_mode = \"workspace-write\"\n";
    for (name, own, args, asked) in [
        ("the call's parameter", "", &[][..], json!({ "sandbox": "workspace-write" })),
        ("the call's config", "", &[], json!({ "config": { "sandbox_mode": "workspace-write" } })),
        ("codex's own configuration", own, &[], json!({})),
        ("a flag", "", &["-s", "workspace-write"], json!({})),
        ("no sandbox at all", "", &[], json!({ "sandbox": "danger-full-access" })),
    ] {
        let stage = Stage::new();
        let work = stage.place.work();
        assert!(
            std::process::Command::new("git").args(["init", "-q"]).arg(&work).status().unwrap().success()
        );
        // Were it trusted, this would count.
        std::fs::create_dir(work.join(".codex")).unwrap();
        std::fs::write(work.join(".codex/config.toml"), "model = \"of-the-repository\"\n").unwrap();
        let config = stage.place.root.join("codex-home/config.toml");
        let before = format!("{own}{}", std::fs::read_to_string(&config).unwrap());
        std::fs::write(&config, &before).unwrap();

        let mut call = json!({ "prompt": "RUN echo first > first\nSAY done", "approval-policy": "never" });
        call.as_object_mut().unwrap().extend(asked.as_object().unwrap().clone());
        let mut host = stage.host().args(args).start();
        let done = host.structured("codex", call);
        assert_eq!(done["content"], "done", "{name}: {done}");
        assert!(work.join("first").exists(), "{name}: the command may write in its folder");
        let started = host.events(&done["threadId"])[0].clone();
        assert_ne!(started["model"], "of-the-repository", "{name}");
        assert_ne!(started["sandbox"], "read-only", "{name}: what counts is said");
        host.close_stdin();
        host.ended();

        // Taken up again by a new codex, the turns get the same.
        let mut host = stage.host().args(args).start();
        let more = json!({ "threadId": done["threadId"], "prompt": "RUN echo second > second\nSAY done" });
        let done = host.structured("codex-reply", more);
        assert_eq!(done["content"], "done", "{name}: {done}");
        assert!(work.join("second").exists(), "{name}: also after a restart");
        assert_eq!(std::fs::read_to_string(&config).unwrap(), before, "{name}: config.toml is as it was");
    }
}

/// As codex itself takes them: in the working folder, and in the user's.
#[test]
fn folders_that_are_not_absolute_may_be_written() {
    let roots = json!(["../beside", "~/below"]);
    let nested = json!({ "sandbox_workspace_write": { "writable_roots": roots } });
    let dotted = json!({ "sandbox_workspace_write.writable_roots": roots });
    for config in [nested, dotted] {
        let stage = Stage::new();
        for folder in ["beside", "below"] {
            std::fs::create_dir(stage.place.root.join(folder)).unwrap();
        }
        let prompt = "RUN touch ../beside/new ../below/new\nSAY done";
        let call = json!({
            "prompt": prompt, "sandbox": "workspace-write", "approval-policy": "never", "config": config,
        });
        let done = stage.host().start().structured("codex", call);
        assert_eq!(done["content"], "done", "{done}");
        for file in ["beside/new", "below/new"] {
            assert!(stage.place.root.join(file).exists(), "{config}: {file}");
        }
    }
}

#[test]
fn a_read_only_sandbox_stays_one() {
    let stage = Stage::new();
    let mut host = stage.host().start();
    let call =
        json!({ "prompt": "RUN echo x > new\nSAY done", "sandbox": "read-only", "approval-policy": "never" });
    let done = host.structured("codex", call);
    assert_eq!(done["content"], "done", "{done}");
    assert!(!stage.place.work().join("new").exists());
}
