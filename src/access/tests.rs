//! The file of tokens: what it takes and refuses, what comes of it, and that no token gets out.

use proptest::prelude::*;

use super::file::parse;
use super::tokens::print;
use super::*;
use crate::limits::{Limits, Sandbox};

const TOKEN: &str = "0123456789abcdef0123456789abcdef";
const OTHER: &str = "fedcba9876543210fedcba9876543210";

fn entry(more: &str) -> String {
    format!("[[token]]\nname = \"alice\"\ntoken = \"{TOKEN}\"\n{more}\n")
}

fn alice(more: &str) -> Grant {
    parse(&entry(more)).unwrap().find(TOKEN).unwrap().as_ref().clone()
}

#[test]
fn what_is_not_said_is_the_usual() {
    let grant = alice("");
    assert_eq!((grant.name.as_str(), grant.sees_all, grant.share.get()), ("alice", false, 1));
    assert!(Right::ALL.into_iter().all(|right| grant.rights.has(right)));
    assert_eq!((grant.roots.len(), grant.sandbox, grant.running, grant.requests), (0, None, None, None));
}

#[test]
fn what_is_said_counts() {
    let grant = alice(
        "rights = [\"read\"]\nsessions = \"all\"\nroots = [\"/srv\"]\nsandbox = \"read-only\"\nshare = 3\nrunning = 2\nrequests = 60",
    );
    assert_eq!(Right::ALL.map(|right| grant.rights.has(right)), [false, false, true]);
    assert!(grant.sees_all);
    assert_eq!((grant.roots, grant.sandbox), (vec!["/srv".into()], Some(Sandbox::ReadOnly)));
    assert_eq!((grant.share.get(), grant.running, grant.requests.map(Into::into)), (3, Some(2), Some(60u32)));
}

#[test]
fn a_token_may_be_kept_as_its_digest() {
    let digest: String = print(TOKEN).iter().map(|byte| format!("{byte:02X}")).collect();
    let tokens = parse(&format!("[[token]]\nname = \"a\"\nsha256 = \"{digest}\"")).unwrap();
    assert!(tokens.find(TOKEN).is_some());
    assert!(tokens.find(&digest).is_none(), "the digest itself lets nobody in");
}

#[test]
fn what_does_not_fit_is_refused_with_its_reason_and_without_the_token() {
    let token = |line: &str| format!("[[token]]\nname = \"alice\"\n{line}");
    let table = [
        (String::new(), "it has no [[token]]"),
        ("[[token]]\n".into(), "missing field `name`"),
        (token(""), "give one of `token` and `sha256`"),
        (token(&format!("token = \"{TOKEN}\"\nsha256 = \"{TOKEN}\"")), "give one of `token` and `sha256`"),
        (token("token = \"short-and-secret\""), "needs 32"),
        (token(&format!("token = \"{TOKEN} x\"")), "needs 32"),
        (token(&format!("sha256 = \"{TOKEN}\"")), "a digest in hex"),
        (token(&format!("sha256 = \"{TOKEN}{}g\"", &TOKEN[1..])), "a digest in hex"),
        (entry("rights = [\"write\"]"), "`rights` has \"write\"; there are run, decide, read"),
        (entry("sessions = \"some\""), "unknown variant `some`"),
        (entry("roots = [\"relative\"]"), "not absolute"),
        (entry("sandbox = \"none\""), "there are read-only"),
        (entry("share = 0"), "line 4"),
        (entry("running = 0"), "line 4"),
        (entry("secret = \"x\""), "unknown field `secret`"),
        (entry(&format!("{TOKEN} = 1")), "unknown field …"),
        (format!("{}{}", entry(""), entry("")), "two tokens have the name \"alice\""),
        (format!("{}[[token]]\nname = \"b\"\ntoken = \"{TOKEN}\"", entry("")), "is another's too"),
        (format!("[[token]]\nname = \"a b\"\ntoken = \"{TOKEN}\""), "a name has 1 to 64"),
        (format!("[[token]]\nname = \"\"\ntoken = \"{TOKEN}\""), "a name has 1 to 64"),
        (format!("[[token]]\nname = \"alice\"\ntoken = \"{TOKEN}\nsandbox = 1"), "line 3"),
        (format!("token = \"{TOKEN}\""), "line 1"),
    ];
    for (text, why) in table {
        let error = parse(&text).unwrap_err();
        assert!(error.contains(why), "{text}\n{error}");
        assert!(!error.contains(TOKEN) && !error.contains("secret-"), "{error}");
        assert!(!error.contains("short-and-secret"), "{error}");
    }
}

#[test]
fn only_the_whole_token_lets_in_and_each_its_own() {
    let two = format!("{}[[token]]\nname = \"bob\"\ntoken = \"{OTHER}\"", entry(""));
    let tokens = parse(&two).unwrap();
    assert_eq!(tokens.find(TOKEN).unwrap().name.as_str(), "alice");
    assert_eq!(tokens.find(OTHER).unwrap().name.as_str(), "bob");
    for wrong in ["", &TOKEN[..31], &format!("{TOKEN}0"), &TOKEN.to_uppercase(), &format!(" {TOKEN}")] {
        assert!(tokens.find(wrong).is_none(), "{wrong:?}");
    }
    let shown = format!("{tokens:?}");
    assert_eq!(shown, "[alice, bob]");
}

#[test]
fn limits_only_get_narrower() {
    let all =
        Limits { roots: vec!["/srv".into()], sandbox: Some(Sandbox::WorkspaceWrite), ..Limits::default() };
    let narrow = |more: &str, all: &Limits| alice(more).narrow(all);
    assert_eq!(narrow("", &all).unwrap(), all);
    let inside = narrow("roots = [\"/srv/a\"]", &all).unwrap();
    assert_eq!(inside.roots, [std::path::PathBuf::from("/srv/a")]);
    assert_eq!(
        narrow("roots = [\"/srv/a\", \"/home\"]", &all).unwrap_err(),
        std::path::PathBuf::from("/home")
    );
    let wide = narrow("sandbox = \"danger-full-access\"", &all).unwrap();
    assert_eq!(wide.sandbox, Some(Sandbox::WorkspaceWrite));
    let less = narrow("sandbox = \"read-only\"", &all).unwrap();
    assert_eq!(less.sandbox, Some(Sandbox::ReadOnly));
    let free = narrow("roots = [\"/a\"]\nsandbox = \"read-only\"", &Limits::default()).unwrap();
    assert_eq!((free.roots.len(), free.sandbox), (1, Some(Sandbox::ReadOnly)));
}

#[cfg(unix)]
#[test]
fn a_file_is_made_for_its_owner_alone_and_one_that_others_read_is_refused() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("config/tokens.toml");
    assert!(matches!(read(&path), Err(AccessError::Io { .. })));
    let (tokens, made) = read_or_make(&path).unwrap();
    assert!(made);
    let owner = tokens.grants().next().unwrap();
    assert_eq!((owner.name.as_str(), owner.sees_all), ("owner", true));
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    let (again, made) = read_or_make(&path).unwrap();
    assert!(!made && again == tokens, "what is there stays");
    let other = read_or_make(&dir.path().join("other.toml")).unwrap().0;
    assert!(other != tokens, "no token is made twice");
    for open in [0o640, 0o604, 0o620] {
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(open)).unwrap();
        let error = read(&path).unwrap_err().to_string();
        assert!(error.contains("chmod 600"), "{error}");
    }
}

proptest! {
    #[test]
    fn nothing_that_is_no_token_lets_in(text in "\\PC*") {
        let tokens = parse(&entry("")).unwrap();
        prop_assert_eq!(tokens.find(&text).is_some(), text == TOKEN);
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC*") {
        let _ = parse(&text);
        let _ = parse(&entry(&text));
    }
}
