//! What a person sees at a terminal: an event in a line, texts that fit, colours where there are any,
//! and the end of stdout. Where the events come from is absent here.

mod closed;
mod fit;
mod line;
mod screen;
#[cfg(test)]
mod tests;
mod words;

pub use closed::closed;
pub use fit::{one_line, width};
pub use screen::Screen;
