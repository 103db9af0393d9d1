//! Without a file and without waiting: what is decided at which time.

use std::io::Write;
use std::sync::{Arc, Mutex};

use super::*;

/// A log that is kept.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[test]
fn it_waits_as_long_as_it_takes_and_says_so_every_five_seconds() {
    let (log, begin) = (Log::default(), Instant::now());
    let kept = log.clone();
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || kept.clone()).finish();
    tracing::subscriber::with_default(subscriber, || {
        let mut patience = Patience::default();
        for tenth in 0..=600 {
            assert!(patience.again(Path::new("/w/journal.db"), begin + tenth * TRY));
        }
        patience.had();
        patience.again(Path::new("/w/journal.db"), begin + 601 * TRY);
    });
    let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
    let said: Vec<_> = log.lines().filter(|line| line.contains("/w/journal.db")).collect();
    assert_eq!(said.len(), 12, "in a minute: {log}");
    assert!(said[0].contains("seconds=5") && said[11].contains("seconds=60"), "{log}");
}

#[test]
fn one_that_ends_does_not_wait_for_ever() {
    let (mut patience, begin, path) = (Patience::default(), Instant::now(), Path::new("x"));
    assert!(patience.again(path, begin + Duration::from_secs(60)));
    patience.end(begin + Duration::from_secs(61));
    patience.end(begin + Duration::from_secs(63));
    assert!(patience.again(path, begin + Duration::from_millis(63_900)));
    assert!(!patience.again(path, begin + Duration::from_secs(64)), "by the first time that it was told");
}
