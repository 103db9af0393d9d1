//! `events`: what stands on the command line.

use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::app::EventsQuery;
use crate::event::Body;

/// What `events` takes.
#[derive(Debug, Args)]
pub struct EventsArgs {
    /// The session: its id, the beginning of it where no other begins so, or `last`.
    thread: String,
    /// Go on with what comes, until Ctrl-C or until nobody reads it any more.
    #[arg(short, long)]
    follow: bool,
    /// Begin after the event of this number.
    #[arg(long, value_name = "N", default_value_t = 0)]
    after: u64,
    /// Only events of these types, with commas between them.
    #[arg(long, value_name = "TYPES", value_delimiter = ',', value_parser = PossibleValuesParser::new(Body::KINDS))]
    types: Vec<String>,
    /// Each event whole, as JSON on a line of its own; the pieces of messages and outputs too.
    #[arg(long)]
    json: bool,
    /// Show the pieces of messages and outputs too, as they come.
    #[arg(long)]
    full: bool,
}

impl EventsArgs {
    /// What it comes to.
    #[must_use]
    pub fn into_query(self) -> EventsQuery {
        let Self { thread, follow, after, types, json, full } = self;
        EventsQuery { thread, follow, after, types, json, full }
    }
}
