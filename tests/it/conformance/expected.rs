//! Which of the suite's scenarios must pass where, and why others cannot.

const LEGACY: &[&str] = &["2025-11-25"];
const MODERN: &[&str] = &["2026-07-28"];
const BOTH: &[&str] = &["2025-11-25", "2026-07-28"];

/// All scenarios of tasks and of multi round-trip requests, against the fixtures. Of
/// `tasks-status-notifications` the suite has no checks yet.
pub const FIXTURE: &[&str] = &[
    "tasks-lifecycle",
    "tasks-capability-negotiation",
    "tasks-wire-fields",
    "tasks-request-state-removal",
    "tasks-mrtr-input",
    "tasks-request-headers",
    "tasks-dispatch-and-envelope",
    "tasks-status-notifications",
    "tasks-required-task-error",
    "tasks-mrtr-composition",
    "input-required-result-basic-elicitation",
    "input-required-result-basic-sampling",
    "input-required-result-basic-list-roots",
    "input-required-result-request-state",
    "input-required-result-multiple-input-requests",
    "input-required-result-multi-round",
    "input-required-result-missing-input-response",
    "input-required-result-non-tool-request",
    "input-required-result-result-type",
    "input-required-result-unsupported-methods",
    "input-required-result-tampered-state",
    "input-required-result-capability-check",
    "input-required-result-ignore-extra-params",
    "input-required-result-validate-input",
];

/// What the bridge passes, in which revisions.
pub const BRIDGE: &[(&str, &[&str])] = &[
    ("server-initialize", LEGACY),
    ("server-session-lifecycle", LEGACY),
    ("ping", LEGACY),
    ("server-sse-polling", LEGACY),
    ("server-sse-multiple-streams", BOTH),
    ("tools-list", BOTH),
    ("resources-list", BOTH),
    ("resources-subscribe", LEGACY),
    ("resources-unsubscribe", LEGACY),
    ("dns-rebinding-protection", BOTH),
    ("server-stateless", MODERN),
    ("caching", MODERN),
    ("http-header-validation", MODERN),
    ("sep-2164-resource-not-found", MODERN),
    ("input-required-result-unsupported-methods", MODERN),
    // Refuses what it did not ask for, with whatever tool.
    ("input-required-result-validate-input", MODERN),
];

/// Checks of these that cannot pass: the scenario, the check, and why.
pub const EXCEPT: &[(&str, &str, &str)] = &[
    ("server-stateless", "sep-2575-server-rejects-undeclared-capability", "needs `test_missing_capability`"),
    ("server-stateless", "sep-2575-missing-capability-http-400", "needs `test_missing_capability`"),
    (
        "server-stateless",
        "sep-2575-http-server-no-independent-requests-on-stream",
        "needs `test_streaming_elicitation`",
    ),
    ("server-stateless", "sep-2575-server-no-log-without-loglevel", "needs `test_logging_tool`"),
    ("server-sse-polling", "server-sse-disconnect-resume", "needs `test_reconnection`"),
    ("caching", "sep-2549-prompts-list-caching-hints", "there are no prompts"),
];

/// What cannot pass against the bridge: why, and which.
pub const MISSING: &[(&str, &[&str])] = &[
    (
        "calls a tool of its own by name",
        &[
            "tools-call-simple-text",
            "tools-call-image",
            "tools-call-audio",
            "tools-call-embedded-resource",
            "tools-call-mixed-content",
            "tools-call-with-logging",
            "tools-call-error",
            "tools-call-with-progress",
            "tools-call-sampling",
            "tools-call-elicitation",
            "json-schema-2020-12",
            "elicitation-sep1034-defaults",
            "elicitation-sep1330-enums",
            "http-custom-header-server-validation",
        ],
    ),
    (
        "calls a tool of its own by name; passes against the fixtures",
        &[
            "input-required-result-basic-elicitation",
            "input-required-result-basic-sampling",
            "input-required-result-basic-list-roots",
            "input-required-result-request-state",
            "input-required-result-multiple-input-requests",
            "input-required-result-multi-round",
            "input-required-result-missing-input-response",
            "input-required-result-non-tool-request",
            "input-required-result-result-type",
            "input-required-result-tampered-state",
            "input-required-result-capability-check",
            "input-required-result-ignore-extra-params",
        ],
    ),
    (
        "reads a resource of its own by its address",
        &["resources-read-text", "resources-read-binary", "resources-templates-read"],
    ),
    (
        "there are no prompts",
        &[
            "prompts-list",
            "prompts-get-simple",
            "prompts-get-with-args",
            "prompts-get-embedded-resource",
            "prompts-get-with-image",
        ],
    ),
    ("nothing is completed", &["completion-complete"]),
    ("the protocol's own logging is deprecated, and not offered", &["logging-set-level"]),
];
