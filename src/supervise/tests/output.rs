//! Short runs, and what cannot start.

use std::time::Duration;

use tokio_util::task::TaskTracker;

use super::super::{Child, Output, SpawnError, Spec, output};
use super::{LONG, gone, sh};

#[tokio::test]
async fn a_short_run_gives_its_code_and_its_output() {
    let run = output(&sh("cat; echo out; echo err >&2; exit 2"), 100, LONG).await.unwrap();
    let (stdout, stderr) = ("out\n".to_owned(), "err\n".to_owned());
    assert_eq!(run, Output { code: Some(2), stdout, cut: false, stderr });
}

#[tokio::test]
async fn environment_and_folder_are_as_the_spec_says() {
    let folder = tempfile::tempdir().unwrap();
    let cwd = folder.path().canonicalize().unwrap();
    let env = vec![("A".into(), Some("1 2".into())), ("PWD".into(), None), ("HOME".into(), None)];
    let spec = Spec { env, cwd: Some(cwd.clone()), ..sh("echo \"$A\"; echo ${HOME-none}; pwd") };
    let run = output(&spec, 1000, LONG).await.unwrap();
    assert_eq!(run.stdout, format!("1 2\nnone\n{}\n", cwd.display()));
}

#[tokio::test]
async fn output_above_the_limit_is_cut_and_does_not_block() {
    let run = output(&sh("echo begin; head -c 1000000 /dev/zero; echo done >&2"), 7, LONG).await.unwrap();
    assert_eq!((run.code, run.stdout.as_str(), run.cut), (Some(0), "begin\n\0", true));
    assert_eq!(run.stderr, "done\n");
}

#[tokio::test]
async fn at_the_deadline_the_group_is_killed() {
    let script = sh("echo $$ >&2; exec >&- ; trap '' TERM; sleep 1000; sleep 1000");
    let late = output(&script, 100, Duration::from_millis(300)).await;
    let Err(SpawnError::TimedOut { stderr, .. }) = &late else { panic!("{late:?}") };
    if !stderr.is_empty() {
        gone(stderr.trim()).await;
    }
}

#[tokio::test]
async fn what_a_short_run_leaves_behind_is_killed() {
    let run = output(&sh("sleep 1000 & echo $!"), 100, LONG).await.unwrap();
    assert_eq!(run.code, Some(0));
    gone(run.stdout.trim()).await;
}

#[tokio::test]
async fn what_cannot_start_says_why() {
    let tasks = TaskTracker::new();
    let missing = Spec { program: "/no/such/program".into(), ..Spec::default() };
    let error = Child::spawn(&missing, &tasks).unwrap_err();
    assert!(matches!(error, SpawnError::NotFound { .. }));
    assert_eq!(error.to_string(), "`/no/such/program` was not found: install it, or give its full path");

    let nowhere = Spec { cwd: Some("/no/such/folder".into()), ..sh("true") };
    let error = output(&nowhere, 0, LONG).await.unwrap_err();
    assert!(matches!(error, SpawnError::NoFolder { .. }));
    assert_eq!(
        error.to_string(),
        "`sh` cannot start in `/no/such/folder`, which is not a folder: create it, or choose another"
    );

    let folder = Spec { program: "/".into(), ..Spec::default() };
    assert!(matches!(output(&folder, 0, LONG).await, Err(SpawnError::Refused { .. })));
}
