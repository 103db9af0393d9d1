//! More than fits, from codex's side: no result is above its budget, each says where the rest is, the journal
//! has all of it, and the bridge stays small meanwhile.

use serde_json::{Value, json};

use crate::common::{Host, Place, Setup};

/// The most bytes of a result.
const BUDGET: usize = 24 * 1024;

/// The most bytes of a diff or a transcript, and what their last line adds.
const TEXT: usize = (1 << 20) + 200;

/// The most bytes that the bridge may ever have held besides the pages of its own program, which a debug build
/// has twice as many of as it has memory.
#[cfg(target_os = "linux")]
pub const MEMORY: u64 = 24_000_000;

/// A turn with something long in it.
pub struct Long {
    host: Host,
    pub thread: String,
    pub result: Value,
}

impl Long {
    /// Runs it to its end; the results of `codex` and `codex-wait` are within the budget.
    pub fn run(mut host: Host, arguments: &Value) -> Self {
        let result = host.call("codex", arguments.clone());
        assert!(result.to_string().len() <= BUDGET, "{}", result.to_string().len());
        let mut result = result["structuredContent"].clone();
        while result["status"] == "running" {
            result = host.structured("codex-wait", json!({ "threadId": result["threadId"], "wait": 50 }));
        }
        assert_eq!(result["status"], "completed", "{result}");
        let thread = result["threadId"].as_str().unwrap().to_owned();
        let again = host.call("codex-wait", json!({ "threadId": thread }));
        assert!(again.to_string().len() <= BUDGET, "{}", again.to_string().len());
        assert_eq!(again["structuredContent"]["content"], result["content"]);
        Self { host, thread, result }
    }

    fn of(place: &Place, prompt: &str) -> Self {
        Self::run(Setup::fake(place).alone().start(), &json!({ "prompt": prompt }))
    }

    /// The events on the first pages of `codex-events`, each within the budget.
    pub fn pages(&mut self, most: usize, more: &Value) -> Vec<Value> {
        let (mut after, mut events) = (json!(0), Vec::new());
        for _ in 0..most {
            let mut page =
                json!({ "threadId": self.thread, "after": after, "detail": "full", "limit": 1000 });
            page.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            let page = self.host.call("codex-events", page);
            assert!(page.to_string().len() <= BUDGET, "{}", page.to_string().len());
            let page = &page["structuredContent"];
            events.extend(page["events"].as_array().unwrap().iter().cloned());
            after = page["next"].clone();
            if page["more"] != true {
                break;
            }
        }
        events
    }

    fn resource(&mut self, part: &str) -> String {
        let uri = format!("codex://sessions/{}{part}", self.thread);
        let answer = self.host.request("resources/read", json!({ "uri": uri }));
        let text = answer["result"]["contents"][0]["text"].as_str().unwrap_or_else(|| panic!("{answer}"));
        let most = if matches!(part, "/diff" | "/transcript") { TEXT } else { BUDGET };
        assert!(text.len() <= most, "{part}: {}", text.len());
        text.to_owned()
    }

    /// The most that its bridge has ever held.
    #[cfg(target_os = "linux")]
    pub fn peak(&self) -> u64 {
        peak(self.host.child.id())
    }

    /// Reads each resource of the session once; how large the bridge has ever been is the last question.
    pub fn stays_small(mut self) {
        for part in ["", "/events", "/diff", "/transcript"] {
            self.resource(part);
        }
        // Other systems do not keep this number where a test can read it.
        #[cfg(target_os = "linux")]
        {
            let peak = self.peak();
            assert!(peak < MEMORY, "the bridge took {peak} bytes");
        }
    }
}

/// The most that a process has ever held besides pages of files, in bytes.
#[cfg(target_os = "linux")]
pub fn peak(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let of = |name: &str| {
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
    };
    of("VmHWM:") - of("RssFile:")
}

/// All that the journal has of a session, as the pointer in a cut text says.
pub fn journal(setup: &Setup<'_>, thread: &str) -> Vec<Value> {
    let output = setup.command().args(["events", "--json", thread]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The one event of this type.
pub fn only<'e>(events: &'e [Value], kind: &str) -> &'e Value {
    let mut found = events.iter().filter(|event| event["type"] == kind);
    let only = found.next().unwrap_or_else(|| panic!("no {kind}"));
    assert!(found.next().is_none(), "more than one {kind}");
    only
}

/// A text of this length was cut to fit, and says where it is.
pub fn is_cut(text: &Value, bytes: usize) {
    let mark = format!("… [cut: {bytes} bytes in all]");
    let text = text.as_str().unwrap();
    assert!(text.ends_with(&mark), "{}", &text[text.floor_char_boundary(text.len() - 200)..]);
}

fn all_of(events: &[Value], kind: &str) -> String {
    let pieces = events.iter().filter(|event| event["type"] == kind);
    pieces.map(|event| event["text"].as_str().unwrap()).collect()
}

#[test]
fn ten_megabytes_of_output_with_the_end_of_a_command() {
    const LINE: &str = "a line of the output\n";
    let bytes = (10_000_000 / LINE.len() + 1) * LINE.len();
    let place = Place::new();
    let mut long = Long::of(&place, "output 10000000\nsay done");
    let kept = journal(&Setup::fake(&place), &long.thread);
    let kept = only(&kept, "tool_result")["output"].as_str().unwrap();
    let note = format!("\n[cut: {bytes} bytes in all; codex's own record of the thread has them]\n");
    let (begin, end) = kept.split_once(&note).unwrap();
    let whole = LINE.repeat(bytes / LINE.len());
    assert!(whole.starts_with(begin) && whole.ends_with(end));
    assert!((1_900_000..2_300_000).contains(&kept.len()), "{}", kept.len());
    is_cut(&only(&long.pages(9, &json!({})), "tool_result")["output"], kept.len());
    long.stays_small();
}

/// As much as codex itself keeps of an output is kept.
#[test]
fn the_longest_output_of_codex_is_whole() {
    const LINE: &str = "a line of the output\n";
    let place = Place::new();
    let mut long = Long::of(&place, "output 1048570\nsay done");
    let whole = LINE.repeat(1_048_570 / LINE.len() + 1);
    let kept = journal(&Setup::fake(&place), &long.thread);
    assert_eq!(only(&kept, "tool_result")["output"].as_str(), Some(whole.as_str()));
    is_cut(&only(&long.pages(9, &json!({})), "tool_result")["output"], whole.len());
    long.stays_small();
}

#[test]
fn ten_megabytes_of_output_in_pieces() {
    let place = Place::new();
    let mut long = Long::of(&place, "stream 10000000\nsay done");
    let whole = "a line of the output, 32 bytes.\n".repeat(10_000_000_usize.div_ceil(8192) * 256);
    let kept = journal(&Setup::fake(&place), &long.thread);
    assert!(all_of(&kept, "tool_output") == whole, "something is missing, or there twice");
    let begin = all_of(&long.pages(20, &json!({})), "tool_output");
    assert!(!begin.is_empty() && whole.starts_with(&begin), "pieces are small enough to be whole");
    long.stays_small();
}

#[test]
fn a_diff_of_two_megabytes() {
    let place = Place::new();
    let mut long = Long::of(&place, "diff 2000000\nsay done");
    let whole = diff(2_000_000);
    let kept = journal(&Setup::fake(&place), &long.thread);
    assert_eq!(only(&kept, "diff")["diff"].as_str(), Some(whole.as_str()));
    is_cut(&only(&long.pages(9, &json!({})), "diff")["diff"], whole.len());
    says_where_the_rest_is(&mut long, &whole);
    long.stays_small();
}

#[test]
fn the_same_diff_again_and_again() {
    let place = Place::new();
    let mut long = Long::of(&place, &format!("{}say done", "diff 2000000\n".repeat(50)));
    let kept = journal(&Setup::fake(&place), &long.thread);
    assert_eq!(only(&kept, "diff")["diff"].as_str(), Some(diff(2_000_000).as_str()));
    only(&long.pages(9, &json!({})), "diff");
    long.stays_small();
}

#[test]
fn a_diff_that_grows_again_and_again() {
    let place = Place::new();
    let mut lengths = (0..50).map(|n| 2_000_000 + n * DIFF.len());
    let prompt = lengths.clone().map(|length| format!("diff {length}\n")).collect::<String>();
    let mut long = Long::of(&place, &format!("{prompt}say done"));
    // Each is an event, and the resource is the last of them.
    for (event, length) in long.pages(3, &json!({ "types": ["diff"] })).iter().zip(lengths.clone()) {
        is_cut(&event["diff"], diff(length).len());
    }
    says_where_the_rest_is(&mut long, &diff(lengths.next_back().unwrap()));
    long.stays_small();
}

const DIFF: &str = "+a line that was added\n";

/// As the fake tells it.
fn diff(bytes: usize) -> String {
    DIFF.repeat(bytes / DIFF.len() + 1)
}

fn says_where_the_rest_is(long: &mut Long, whole: &str) {
    let text = long.resource("/diff");
    let (begin, pointer) = text.split_once("\n\n[cut: ").unwrap();
    assert!(whole.starts_with(begin) && begin.len() > 1_000_000);
    let (told, rest) = pointer.split_once("/events/").unwrap();
    let thread = &long.thread;
    assert_eq!(told, format!("{} bytes or more in all; codex://sessions/{thread}", whole.len()));
    let seq: Value = serde_json::from_str(rest.split_once("?from=0 has the rest]\n").unwrap().0).unwrap();
    let event = long.host.whole_event(&thread.clone(), &seq);
    assert_eq!(event["diff"].as_str(), Some(whole), "the pointer leads to all of it");
}

#[test]
fn an_answer_in_a_hundred_thousand_pieces() {
    let place = Place::new();
    let mut long = Long::of(&place, "deltas 100000");
    let whole = (0..100_000).map(|n| format!("d{n} ")).collect::<String>();
    let content = long.result["content"].as_str().unwrap().to_owned();
    let told = format!(
        "[cut: {} bytes in all; read the whole with codex-events: threadId {}",
        whole.len(),
        long.thread
    );
    assert!(content.contains(&told), "{content}");
    let seq = content.rsplit_once("/events/").unwrap().1.trim_end_matches(']');
    let seq: Value = serde_json::from_str(seq).unwrap();
    let event = long.host.whole_event(&long.thread, &seq);
    assert_eq!(event["text"].as_str(), Some(whole.as_str()), "the pointer leads to all of it");
    let events = long.pages(usize::MAX, &json!({}));
    assert!(all_of(&events, "assistant_delta") == whole, "the pieces together are the whole");
    is_cut(&only(&events, "assistant_message")["text"], whole.len());
    let kept = journal(&Setup::fake(&place), &long.thread);
    assert_eq!(only(&kept, "assistant_message")["text"].as_str(), Some(whole.as_str()));
    long.stays_small();
}
