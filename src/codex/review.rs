//! Reviews: what codex is asked, whether git has it, and the findings in what codex says.

use std::collections::BTreeMap;
use std::time::Duration;

use super::calls::call;
use super::connection::fault;
use super::protocol::TurnOpened;
use super::protocol::review::{self as wire, ReviewOutput, ReviewStartParams};
use crate::event::{Finding, Lines, Review};
use crate::ids::{ThreadId, TurnId};
use crate::rpc::Peer;
use crate::session::{AgentError, ReviewTarget};
use crate::supervise::{Spec, output};

/// It is answered at once.
const START: Duration = Duration::from_secs(60);

/// git looks at a few files.
const GIT: Duration = Duration::from_secs(10);

/// What is read of its answers: a name of a commit, or a word.
const ANSWER: usize = 4 << 10;

/// `review/start`: the turn.
pub(super) async fn start(
    peer: &Peer,
    thread: &ThreadId,
    target: ReviewTarget,
) -> Result<TurnId, AgentError> {
    let target = match target {
        ReviewTarget::Uncommitted => wire::ReviewTarget::UncommittedChanges,
        ReviewTarget::Base(branch) => wire::ReviewTarget::BaseBranch { branch },
        ReviewTarget::Commit(sha) => wire::ReviewTarget::Commit { sha },
        ReviewTarget::Custom(instructions) => wire::ReviewTarget::Custom { instructions },
    };
    let params = ReviewStartParams { thread_id: thread.to_string(), target };
    let opened: TurnOpened = call(peer, "review/start", &params, START).await?;
    Ok(TurnId::from(opened.turn.id))
}

/// Whether git has in a folder what is to be reviewed: codex begins in any case, and its model would be the
/// one to find out. Without git it is left to that.
pub(super) async fn reviewable(
    cwd: &str,
    target: &ReviewTarget,
    env: &BTreeMap<String, String>,
) -> Result<(), AgentError> {
    let (parameter, name) = match target {
        ReviewTarget::Custom(_) => return Ok(()),
        ReviewTarget::Uncommitted => ("", ""),
        ReviewTarget::Base(branch) => ("base", branch.as_str()),
        ReviewTarget::Commit(sha) => ("commit", sha.as_str()),
    };
    let (option, range) = (name.starts_with(['-', '^']), name.contains(".."));
    if option || range {
        let why = if option { "such a name is none of a commit" } else { "that is a range of commits" };
        let message = format!("`{parameter}` is `{name}`, and {why}");
        return Err(refusal(message, "give one branch or commit, by its name"));
    }
    let Some((inside, why)) = git(cwd, env, &["rev-parse", "--is-inside-work-tree"]).await else {
        return Ok(());
    };
    if inside != "true" {
        let why = why.lines().next().map(|why| format!(" ({})", why.trim())).unwrap_or_default();
        let message = format!("`cwd` is `{cwd}`, which is in no work tree of git{why}");
        let remedy = "give a folder of a repository, or describe what to review in `instructions`";
        return Err(refusal(message, remedy));
    }
    if parameter.is_empty() {
        return Ok(());
    }
    let commit = format!("{name}^{{commit}}");
    // No name is an option here: git before 2.24 does not know how to be told so.
    let verify = ["rev-parse", "--verify", "--quiet", &commit];
    match git(cwd, env, &verify).await {
        Some((found, _)) if found.is_empty() => {
            let message =
                format!("`{parameter}` is `{name}`, and git has no such branch or commit in `{cwd}`");
            Err(refusal(
                message,
                "`git branch --all` and `git log` name what there is; fetch it first if need be",
            ))
        }
        _ => Ok(()),
    }
}

fn refusal(message: String, remedy: &'static str) -> AgentError {
    let mut error = fault("bad_arguments", message, Some(remedy));
    error.0.retryable = false;
    error
}

/// What git says and why not; nothing where there is no git, or it takes too long.
async fn git(cwd: &str, env: &BTreeMap<String, String>, args: &[&str]) -> Option<(String, String)> {
    // Not as its working folder: a program of this name may lie there.
    let args = ["-C", cwd].iter().chain(args).map(Into::into).collect();
    // As the commands of the session have them.
    let env = env.iter().map(|(name, value)| (name.into(), Some(value.into()))).collect();
    let spec = Spec { program: "git".into(), args, env, ..Spec::default() };
    match output(&spec, ANSWER, GIT).await {
        Ok(output) => Some((output.stdout.trim().to_owned(), output.stderr)),
        Err(error) => {
            tracing::debug!(%error, "git was not asked");
            None
        }
    }
}

/// The findings in the text of a review, where it has a form that is known: the JSON that codex wants of its
/// model and could not read itself, or codex's own list. A review that found nothing is codex's explanation
/// alone, as is an answer of any other form, and neither is taken for the other.
#[must_use]
pub fn findings(text: &str) -> Option<Review> {
    of_model(text).or_else(|| listed(text))
}

fn of_model(text: &str) -> Option<Review> {
    let output: ReviewOutput = serde_json::from_str(text.trim()).ok()?;
    let finding = |one: wire::ReviewFinding| {
        let lines = one.code_location.line_range;
        Finding {
            priority: one.priority.or_else(|| priority(&one.title)),
            title: one.title,
            body: one.body,
            file: one.code_location.absolute_file_path,
            lines: Lines { start: lines.start, end: lines.end },
        }
    };
    let findings = output.findings.into_iter().map(finding).collect();
    Some(Review { findings, explanation: output.overall_explanation })
}

/// codex's list: its explanation, a line that says how many there are, and each as
/// `- TITLE — FILE:START-END` with its body indented by two spaces; empty lines between them.
fn listed(text: &str) -> Option<Review> {
    const HEADS: [&str; 2] = ["Full review comments:\n\n", "Review comment:\n\n"];
    // The explanation may hold such a line too: the last one behind which there is nothing else counts.
    let heads = HEADS.iter().flat_map(|head| text.rmatch_indices(head));
    let at = |at: usize| at == 0 || text[..at].ends_with("\n\n");
    let lists = heads.filter(|(start, _)| at(*start)).filter_map(|(start, head)| {
        let findings = items(&text[start + head.len()..])?;
        Some((start, Review { findings, explanation: text[..start].trim_end().to_owned() }))
    });
    lists.max_by_key(|(start, _)| *start).map(|(_, review)| review)
}

/// All of the list, or nothing.
fn items(text: &str) -> Option<Vec<Finding>> {
    let mut all: Vec<Finding> = Vec::new();
    let mut between = false;
    for line in text.trim_end_matches('\n').split('\n') {
        if let Some(head) = line.strip_prefix("- ") {
            all.push(item(head)?);
            between = false;
        } else if line.is_empty() {
            between = true;
        } else {
            let words = line.strip_prefix("  ").filter(|_| !between)?;
            let body = &mut all.last_mut()?.body;
            if !body.is_empty() {
                body.push('\n');
            }
            body.push_str(words);
        }
    }
    (!all.is_empty()).then_some(all)
}

fn item(head: &str) -> Option<Finding> {
    let (title, place) = head.rsplit_once(" — ")?;
    let (file, range) = place.rsplit_once(':')?;
    let (start, end) = range.split_once('-')?;
    let lines = Lines { start: start.parse().ok()?, end: end.parse().ok()? };
    let (priority, title) = (priority(title), title.to_owned());
    Some(Finding { title, body: String::new(), priority, file: file.to_owned(), lines })
}

/// The mark that codex has its model put before a title.
fn priority(title: &str) -> Option<u8> {
    let (mark, _) = title.trim_start().strip_prefix("[P")?.split_once(']')?;
    mark.parse().ok().filter(|priority| *priority <= 3)
}

#[cfg(test)]
mod tests;
