//! What is one simple command: a table, `shlex` as a second opinion, and a real shell as the last.

use proptest::prelude::*;

use crate::approval::{NotSimple, simple_command};

#[test]
fn what_is_one_simple_command() {
    let cases: [(&str, &[&str]); 12] = [
        ("git status", &["git", "status"]),
        ("  git   status ", &["git", "status"]),
        (
            "git commit -m 'a && b; $(c) `d` \\ * ~ # !'",
            &["git", "commit", "-m", "a && b; $(c) `d` \\ * ~ # !"],
        ),
        ("echo \"a && b | c; 'd' > e\"", &["echo", "a && b | c; 'd' > e"]),
        ("git log --format=%h,%s a/b.c:1 x@y +z", &["git", "log", "--format=%h,%s", "a/b.c:1", "x@y", "+z"]),
        ("g'i't sta\"tus\"", &["git", "status"]),
        ("echo '' \"\"", &["echo", "", ""]),
        ("'/opt/my tools/x' y", &["/opt/my tools/x", "y"]),
        ("echo 'ä ö'", &["echo", "ä ö"]),
        ("./status", &["./status"]),
        ("env A=b git status", &["env", "A=b", "git", "status"]),
        ("ls if", &["ls", "if"]),
    ];
    for (line, words) in cases {
        assert_eq!(
            simple_command(line).as_deref(),
            Ok(&words.iter().map(ToString::to_string).collect::<Vec<_>>()[..]),
            "{line}"
        );
    }
}

#[test]
fn what_is_not() {
    use NotSimple::{Assignment, Bare, Control, Empty, Keyword, OpenQuote, Quoted};
    let cases = [
        ("", Empty),
        ("   ", Empty),
        ("'' git status", Empty),
        ("git status && rm -rf x", Bare('&')),
        ("git status; rm -rf x", Bare(';')),
        ("git status;rm x", Bare(';')),
        ("git status | sh", Bare('|')),
        ("git status || rm x", Bare('|')),
        ("git status & rm x", Bare('&')),
        ("git status > x", Bare('>')),
        ("git status 2>&1", Bare('>')),
        ("git status < x", Bare('<')),
        ("git status <<x", Bare('<')),
        ("git status\nrm x", Control),
        ("git status\r\nrm x", Control),
        ("git 'a\nb'", Control),
        ("git\tstatus", Control),
        ("git status\0", Control),
        ("git status \u{85}", Control),
        ("(git status)", Bare('(')),
        ("git status $(rm x)", Bare('$')),
        ("git status $X", Bare('$')),
        ("git status `rm x`", Bare('`')),
        ("git \"$(rm x)\"", Quoted('$')),
        ("git \"`rm x`\"", Quoted('`')),
        ("git \"a\\\"b\"", Quoted('\\')),
        ("git \"hi!\"", Quoted('!')),
        ("git $'a'", Bare('$')),
        ("git stat\\us", Bare('\\')),
        ("git add *", Bare('*')),
        ("git add ?", Bare('?')),
        ("git add [a]", Bare('[')),
        ("git add {a,b}", Bare('{')),
        ("git add }", Bare('}')),
        ("git add ~/x", Bare('~')),
        ("git show HEAD~1", Bare('~')),
        ("git show HEAD^", Bare('^')),
        ("! git status", Bare('!')),
        ("git status # x", Bare('#')),
        ("git status =ls", Bare('=')),
        ("git\u{a0}status", Bare('\u{a0}')),
        ("gıt status", Bare('ı')),
        ("git 'a", OpenQuote),
        ("git \"a", OpenQuote),
        ("git a'", OpenQuote),
        ("PATH=. git status", Assignment),
        ("PATH+=. git status", Assignment),
        ("A='x y' git status", Assignment),
        ("time git status", Keyword),
        ("coproc git status", Keyword),
        ("if git status", Keyword),
    ];
    for (line, why) in cases {
        assert_eq!(simple_command(line), Err(why), "{line:?}");
    }
}

/// Lines that are often simple, and often nearly so.
fn lines() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        6 => "[a-z0-9_./:,+@%=-]{1,6}",
        4 => Just(" ".to_owned()),
        2 => "'[ -&(-~ä]{0,6}'",
        2 => "\"[ #%-\\[\\]-_a-~']{0,6}\"",
        1 => "[ -~]",
    ];
    proptest::collection::vec(piece, 0..10).prop_map(|pieces| pieces.concat())
}

proptest! {
    #[test]
    fn shlex_sees_the_same_words(line in lines()) {
        if let Ok(words) = simple_command(&line) {
            prop_assert_eq!(shlex::split(&line), Some(words));
        }
    }

    #[test]
    fn words_that_are_quoted_come_back(words in proptest::collection::vec("[ -~ä]{1,8}", 1..5)) {
        let quoted: Vec<_> = words.iter().map(|word| format!("'{}'", word.replace('\'', "'\"'\"'"))).collect();
        let same = crate::approval::words::check(&words).map(|()| words);
        prop_assert_eq!(simple_command(&quoted.join(" ")), same);
    }
}

/// Hundreds of lines in one shell, each as the arguments of a function that prints them.
#[cfg(unix)]
#[test]
fn real_shells_see_the_same_words() {
    use proptest::strategy::ValueTree;
    use proptest::test_runner::TestRunner;

    let mut runner = TestRunner::deterministic();
    let (mut script, mut expected, mut count) =
        ("show() { printf '%s\\n' \"$@\" -; }\n".to_owned(), String::new(), 0);
    while count < 600 {
        let line = lines().new_tree(&mut runner).unwrap().current();
        let Ok(words) = simple_command(&line) else { continue };
        script += &format!("show {line}\n");
        expected += &format!("{}\n-\n", words.join("\n"));
        count += 1;
    }
    for shell in ["/bin/sh", "/bin/bash", "/bin/zsh"] {
        if !std::path::Path::new(shell).exists() {
            continue;
        }
        #[expect(clippy::disallowed_methods, reason = "a test that asks a real shell, and waits for it")]
        let output = std::process::Command::new(shell).args(["-c", &script]).output().unwrap();
        assert!(output.status.success(), "{shell}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected, "{shell}");
    }
}
