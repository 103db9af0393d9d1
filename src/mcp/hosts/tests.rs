//! Hosts, and what is asked for, as tables.

use super::*;

const END: WaitPolicy = WaitPolicy::TO_THE_END;

fn seconds(seconds: u64) -> WaitPolicy {
    WaitPolicy::seconds(seconds)
}

#[test]
fn each_host_by_its_name() {
    let table = [
        ("claude-code", END),
        ("Claude Code", END),
        ("claude-ai", seconds(50)),
        ("claude-ai (via mcp-remote 0.1.37)", seconds(50)),
        ("Visual Studio Code", END),
        ("Visual Studio Code - Insiders", END),
        ("cursor-vscode", seconds(240)),
        ("cursor", seconds(240)),
        ("cursory", seconds(50)),
        ("codex-mcp-client", seconds(280)),
        ("gemini-cli-mcp-client", seconds(570)),
        ("gemini-cli-mcp-client-codex", seconds(570)),
        ("github-copilot-developer", seconds(50)),
        ("copilot-cli", seconds(50)),
        ("openai-agents", seconds(4)),
        ("mcp", END),
        ("mcp-inspector", seconds(50)),
        ("someone", seconds(50)),
        ("", seconds(50)),
    ];
    for (name, wanted) in table {
        assert_eq!(for_host(name, false, &BTreeMap::new()), wanted, "{name}");
    }
}

#[test]
fn as_the_drop_in_only_hosts_with_a_limit_that_is_known_are_limited() {
    for (name, wanted) in [("someone", END), ("", END), ("claude-ai", seconds(50)), ("cursor", seconds(240))]
    {
        assert_eq!(for_host(name, true, &BTreeMap::new()), wanted, "{name}");
    }
}

#[test]
fn settings_win_the_longest_name_first() {
    let overrides = BTreeMap::from([
        ("Cursor".to_owned(), seconds(10)),
        ("cursor-vscode".to_owned(), seconds(20)),
        (ANY_HOST.to_owned(), seconds(30)),
    ]);
    let table = [
        ("cursor", seconds(10)),
        ("cursor-agent", seconds(10)),
        ("cursor-vscode", seconds(20)),
        ("someone", seconds(30)),
        ("codex-mcp-client", seconds(280)),
    ];
    for drop_in in [false, true] {
        for (name, wanted) in table {
            assert_eq!(for_host(name, drop_in, &overrides), wanted, "{name}");
        }
    }
}

#[test]
fn what_is_asked_for_is_cut_to_what_the_host_bears() {
    let free = |default: u64| WaitPolicy { default: Some(Duration::from_secs(default)), max: None };
    let capped = |max: u64| WaitPolicy { default: None, max: Some(Duration::from_secs(max)) };
    let odd = WaitPolicy { default: Some(Duration::from_secs(90)), max: Some(Duration::from_secs(60)) };
    let table = [
        (None, END, None, false),
        (Some(9), END, Some(9), false),
        (None, seconds(50), Some(50), false),
        (Some(0), seconds(50), Some(0), false),
        (Some(50), seconds(50), Some(50), false),
        (Some(51), seconds(50), Some(50), true),
        (None, free(30), Some(30), false),
        (Some(600), free(30), Some(600), false),
        (None, capped(60), Some(60), false),
        (Some(61), capped(60), Some(60), true),
        (None, odd, Some(60), false),
    ];
    for (asked, policy, wait, was_cut) in table {
        let wanted = (wait.map(Duration::from_secs), was_cut);
        assert_eq!(cut(asked.map(Duration::from_secs), policy), wanted, "{asked:?} {policy:?}");
    }
}
