//! Where the file of MCP servers lies, and how deep a bridge is.

use super::*;

#[test]
fn the_file_of_servers_is_named_or_beside_the_settings() {
    let home = Home::new().settings("[mcp]\nfile = \"mine.json\"\n");
    let beside = home.path().join("config/codex-bridge");
    assert_eq!(home.load(Flags::default(), &[]).unwrap().mcp_file, (beside.join("mine.json"), true));
    let other = home.file("work/other.toml", "");
    let flags = Flags { settings: Some(other), ..Flags::default() };
    assert_eq!(home.load(flags, &[]).unwrap().mcp_file, (home.path().join("work/mcp.json"), false));
    let flags = Flags { mcp_config: Some("flag.json".into()), ..Flags::default() };
    insta::assert_snapshot!(home.error(flags.clone(), &[]), @"--mcp-config HOME/work/flag.json: there is no such file. Name one that exists, or leave the flag out.");
    home.file("work/flag.json", "{}");
    assert_eq!(home.load(flags, &[]).unwrap().mcp_file, (home.path().join("work/flag.json"), true));
}

#[test]
fn the_depth_is_a_number_and_no_setting() {
    let home = Home::new();
    for (value, depth) in [("", 0), ("0", 0), (" 3 ", 3)] {
        let loaded = home.load(Flags::default(), &[(DEPTH, value)]).unwrap();
        assert_eq!((loaded.depth, loaded.warnings.len()), (depth, 0), "{value:?}");
    }
    insta::assert_snapshot!(home.error(Flags::default(), &[(DEPTH, "deep")]), @r#"$CODEX_BRIDGE_DEPTH is "deep", which does not fit. Set it to the number of bridges above this one, or unset it."#);
}
