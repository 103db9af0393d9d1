//! Programs that start others: package runners, wrappers, shells and interpreters.

use std::ffi::OsString;

use super::words::{commands, is_assignment, is_package};
use super::{Guard, NAME, Place, find};

/// Runners of packages, with the words before the package: `npm exec PACKAGE`.
const RUNNERS: [(&str, &[&str]); 12] = [
    ("npx", &[]),
    ("pnpx", &[]),
    ("bunx", &[]),
    ("uvx", &[]),
    ("npm", &["exec", "x", "run", "start"]),
    ("pnpm", &["dlx", "exec", "x", "run"]),
    ("yarn", &["dlx", "exec", "run"]),
    ("bun", &["x", "run"]),
    ("uv", &["run", "tool", "x"]),
    ("pipx", &["run"]),
    ("deno", &["run"]),
    ("cargo", &["run"]),
];

/// Options of runners whose next word is their value.
const RUNNER_VALUES: [&str; 20] = [
    "--registry",
    "--cache",
    "--userconfig",
    "-w",
    "--workspace",
    "--prefix",
    "--python",
    "--index-url",
    "--index",
    "--loglevel",
    "-C",
    "--dir",
    "--cwd",
    "--directory",
    "--project",
    "--env-file",
    "--node-options",
    "--with",
    "--bin",
    "--features",
];

/// Options of runners whose value is a package.
const PACKAGE_VALUES: [&str; 6] =
    ["-p", "--package", "--from", "--spec", "--with-editable", "--manifest-path"];

/// Programs that start the rest of their words, with the options whose next word is their value, and how
/// many words come before the command.
const WRAPPERS: [(&str, &[&str], usize); 22] = [
    ("nohup", &[], 0),
    ("setsid", &[], 0),
    ("exec", &["-a"], 0),
    ("command", &[], 0),
    ("builtin", &[], 0),
    ("time", &["-f", "-o"], 0),
    ("nice", &["-n", "--adjustment"], 0),
    ("ionice", &["-c", "-n", "-p"], 0),
    ("stdbuf", &["-i", "-o", "-e"], 0),
    ("unbuffer", &[], 0),
    ("timeout", &["-s", "-k", "--signal", "--kill-after"], 1),
    ("sudo", &["-u", "-g", "-h", "-p", "-C", "-r", "-t"], 0),
    ("doas", &["-u", "-C"], 0),
    ("caffeinate", &["-t", "-w"], 0),
    ("arch", &[], 0),
    ("chronic", &[], 0),
    ("busybox", &[], 0),
    ("dotenv", &["-e", "-c", "-v"], 0),
    ("dotenvx", &["-f"], 0),
    ("mise", &["-C"], 0),
    ("strace", &["-e", "-o", "-p"], 0),
    ("xargs", &["-I", "-n", "-P"], 0),
];

const SHELLS: [&str; 11] =
    ["sh", "bash", "dash", "zsh", "ksh", "ash", "fish", "cmd", "powershell", "pwsh", "busybox"];

const INTERPRETERS: [&str; 12] = [
    "node",
    "nodejs",
    "bun",
    "deno",
    "tsx",
    "ts-node",
    "python",
    "python3",
    "py",
    "ruby",
    "perl",
    "osascript",
];

/// Options of interpreters whose next word is their value.
const INTERPRETER_VALUES: [&str; 7] = ["-r", "--require", "--import", "--loader", "-W", "-X", "--env-file"];

impl Guard {
    /// Whether a program by its name starts this one, given these arguments.
    pub(super) fn launched(
        &self,
        name: &str,
        args: &[String],
        place: &Place,
        deepest: usize,
    ) -> Option<String> {
        if name == "env" {
            return self.by_env(args, place, deepest);
        }
        if let Some((_, values, before)) = WRAPPERS.iter().find(|(wrapper, ..)| *wrapper == name)
            && let Some(how) = self.words(after_options(args, values, *before), place, deepest)
        {
            return Some(how);
        }
        if SHELLS.contains(&name)
            && let Some(how) = self.by_shell(name, args, place, deepest)
        {
            return Some(how);
        }
        if let Some((_, verbs)) = RUNNERS.iter().find(|(runner, _)| *runner == name)
            && let Some(how) = self.by_runner(name, verbs, args, place, deepest)
        {
            return Some(how);
        }
        if INTERPRETERS.contains(&name) || name.starts_with("python3.") {
            return self.by_interpreter(name, args, place);
        }
        None
    }

    fn by_env(&self, args: &[String], place: &Place, deepest: usize) -> Option<String> {
        let mut place = place.clone();
        let mut rest = args.iter().enumerate();
        while let Some((at, word)) = rest.next() {
            let next = args.get(at + 1).map(String::as_str);
            if let Some(depth) = self.depth.filter(|depth| takes_away(word, next, depth)) {
                return Some(format!("it may start {NAME} without {depth}"));
            }
            if let Some(path) = word.strip_prefix("PATH=") {
                place.path = Some(OsString::from(path));
            } else if let Some(line) = word.strip_prefix("--split-string=") {
                return self.line(line, &place, deepest);
            } else if word == "-S" || word == "--split-string" {
                return self.line(rest.next()?.1, &place, deepest);
            } else if matches!(word.as_str(), "-u" | "--unset" | "-C" | "--chdir") {
                rest.next();
            } else if !word.starts_with('-') && !is_assignment(word) {
                return self.words(&args[at..], &place, deepest);
            }
        }
        None
    }

    /// `sh -c LINE`, `cmd /c LINE`, or `sh FILE`.
    fn by_shell(&self, name: &str, args: &[String], place: &Place, deepest: usize) -> Option<String> {
        if !["cmd", "powershell", "pwsh"].contains(&name) {
            let (is_line, word) = operand(args)?;
            return if is_line { self.line(word, place, deepest) } else { self.file_argument(word, place) };
        }
        let is_line = |word: &String| ["/c", "/k", "-c", "-command"].contains(&word.to_lowercase().as_str());
        if let Some(at) = args.iter().position(is_line) {
            // `cmd /c` takes all that follows; a shell one word, and the rest as its arguments.
            let rest = args.get(at + 1..)?;
            let whole = rest.join(" ");
            return rest
                .first()
                .and_then(|line| self.line(line, place, deepest))
                .or_else(|| args[at].starts_with('/').then(|| self.line(&whole, place, deepest)).flatten());
        }
        let script = args.iter().find(|word| !word.starts_with('-'))?;
        self.file_argument(script, place)
    }

    fn line(&self, line: &str, place: &Place, deepest: usize) -> Option<String> {
        commands(line).iter().find_map(|words| self.words(words, place, deepest))
    }

    fn by_runner(
        &self,
        name: &str,
        verbs: &[&str],
        args: &[String],
        place: &Place,
        deepest: usize,
    ) -> Option<String> {
        let found = || Some(format!("it starts {NAME} through {name}"));
        let mut words = args.iter().peekable();
        while let Some(word) = words.next() {
            let (option, value) = word.split_once('=').map_or((word.as_str(), None), |(o, v)| (o, Some(v)));
            if PACKAGE_VALUES.contains(&option) {
                let value = value.or_else(|| words.next().map(String::as_str))?;
                if is_package(value.trim_end_matches("/Cargo.toml")) {
                    return found();
                }
            } else if option == "-c" || option == "--call" {
                let line = value.or_else(|| words.next().map(String::as_str))?;
                return self.line(line, place, deepest);
            } else if word.starts_with('-') {
                if value.is_none() && RUNNER_VALUES.contains(&option) {
                    words.next();
                }
            } else if verbs.contains(&word.as_str()) {
                // `uv tool run PACKAGE` has two.
            } else if is_package(word) {
                return found();
            } else {
                // What it starts may be a file, or a program on PATH; the rest are its arguments.
                let at = args.len() - words.len() - 1;
                return self.file_argument(word, place).or_else(|| {
                    (!verbs.is_empty()).then(|| self.words(&args[at..], place, deepest)).flatten()
                });
            }
        }
        None
    }

    /// `node FILE`, `python -m MODULE`, `deno run npm:PACKAGE`.
    fn by_interpreter(&self, name: &str, args: &[String], place: &Place) -> Option<String> {
        let mut words = args.iter();
        while let Some(word) = words.next() {
            if word == "-m" {
                let module = words.next()?;
                let root = module.split('.').next().unwrap_or(module);
                return is_package(root).then(|| format!("it starts {NAME} through {name}"));
            }
            if INTERPRETER_VALUES.contains(&word.as_str()) {
                words.next();
            } else if !word.starts_with('-') && word != "run" {
                return self.file_argument(word, place);
            }
        }
        None
    }

    /// Whether a file that is to be run is this program, is part of its package, or names it.
    fn file_argument(&self, word: &str, place: &Place) -> Option<String> {
        let parts: Vec<&str> = word.split(['/', '\\']).collect();
        let packaged = parts
            .windows(2)
            .any(|pair| ["node_modules", "site-packages"].contains(&pair[0]) && is_package(pair[1]));
        if packaged || self.is_named(word) {
            return Some(format!("it starts {NAME} through a file of it"));
        }
        let file = Some(place.cwd.join(word)).filter(|file| file.is_file()).or_else(|| find(word, place))?;
        if self.is_file(&file) {
            return Some(format!("it starts {NAME} itself, under another name"));
        }
        self.script(&file)
    }
}

/// Whether a word of `env`, with the one behind it, changes or takes away a variable.
fn takes_away(word: &str, next: Option<&str>, variable: &str) -> bool {
    let unset = match word {
        "-" | "--ignore-environment" => return true,
        "-u" | "--unset" => next,
        _ => word.strip_prefix("--unset=").or_else(|| word.strip_prefix("-u")),
    };
    let emptied = word.starts_with('-') && !word.starts_with("--") && word[1..].starts_with(['i', '0', 'v']);
    let emptied = emptied && word.contains('i');
    emptied || unset == Some(variable) || word.split_once('=').is_some_and(|(name, _)| name == variable)
}

/// The first word of a shell that is no option, and whether it is a line: `c` may stand anywhere among the
/// letters of options, and more options may follow it.
fn operand(args: &[String]) -> Option<(bool, &String)> {
    let (mut words, mut is_line) = (args.iter(), false);
    while let Some(word) = words.next() {
        if ["--rcfile", "--init-file", "--init-command"].contains(&word.as_str()) {
            words.next();
        } else if word == "--command" {
            is_line = true;
        } else if word.starts_with("--") {
            // It has no value, or has it behind `=`.
        } else if let Some(letters) = word.strip_prefix(['-', '+']) {
            is_line |= word.starts_with('-') && letters.contains('c');
            // `-o pipefail`
            if letters.contains(['o', 'O']) {
                words.next();
            }
        } else {
            return Some((is_line, word));
        }
    }
    None
}

/// The words behind the options of a wrapper, and behind the words that it needs itself.
fn after_options<'a>(args: &'a [String], values: &[&str], before: usize) -> &'a [String] {
    let (mut at, mut before) = (0, before);
    while let Some(word) = args.get(at) {
        if word == "--" {
            return args.get(at + 1..).unwrap_or_default();
        }
        if values.contains(&word.as_str()) {
            at += 1;
        } else if !word.starts_with('-') && !is_assignment(word) {
            if before == 0 {
                break;
            }
            before -= 1;
        }
        at += 1;
    }
    args.get(at..).unwrap_or_default()
}
