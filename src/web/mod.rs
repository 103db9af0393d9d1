//! The bridge over the network: who may come in, by which door, and how much he may hold. What MCP is stands behind it
//! (`mcp::Front`), what a session is behind that.
//!
//! A request passes, in this order: the bound on connections and on the time that its head takes (`listen`), the check
//! of its host and origin (`guard`), of its token and its rate (`auth`), and of its body (`body`). What is refused
//! before the token is known says nothing of what there is.

mod api;
mod assets;
mod auth;
mod body;
mod doors;
mod guard;
mod health;
mod listen;
mod metadata;
mod origin;
mod router;
mod seal;
mod sign_in;
#[cfg(test)]
mod tests;

pub use body::MOST as MOST_BODY;
pub use doors::{Door, Doors, Keeper, Make};
pub use listen::{Ends, serve};
pub use origin::{Place, PlaceError};
pub use router::{Web, router};
pub use seal::Seal;
