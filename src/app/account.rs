//! `codex-bridge login` and `logout`: the account, through codex. The bridge keeps nothing of it and reads
//! nothing that codex keeps; a secret goes from standard input to codex, and nowhere else.

mod error;
mod login;
mod secret;
mod status;

pub use self::error::AccountError;
pub use self::login::{SignIn, login};
pub use self::status::{login_status, logout};
