//! Versions of codex: which the bridge is tested with, and what older ones lack.

use super::version_parts;

/// The version that the bridge was measured with, the newest that it is tested with.
pub const MEASURED: &str = "0.169.0";

/// The oldest version that it is tested with.
pub const OLDEST: &str = "0.160.0";

/// What versions before one lack of what the bridge uses, beside methods: those their own schema tells. The
/// bridge goes on without it.
const LACKING: &[(&str, &str)] = &[(OLDEST, "does not say why an MCP server did not start")];

/// What a version lacks, in words.
pub fn lacking(version: &str) -> impl Iterator<Item = &'static str> {
    let version = version_parts(version);
    LACKING.iter().filter(move |(since, _)| version < version_parts(since)).map(|(_, what)| *what)
}
