//! Children as process groups: started, watched, and ended as whole trees, with their last words.
//!
//! A child is a group, a grace and a post-mortem. What the child is for is absent here.

mod backoff;
mod child;
mod output;
mod spec;
mod stderr;
#[cfg(test)]
mod tests;

pub use backoff::Backoff;
pub use child::{Child, Grace, PostMortem};
pub use output::{Output, output};
pub use spec::{SpawnError, Spec};
