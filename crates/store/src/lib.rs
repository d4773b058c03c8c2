//! The store: SQLite and PostgreSQL behind one SQL text.
//!
//! A handler is a transaction script: `store.write()`, load, the core decides, write, `commit`.
//! There is no trait over engines and no ORM; the SQL is the statement of who may see what.
//!
//! - [`engine`]: opening, transactions, deadlines; [`schema`]: versions;
//! - one file for each noun: its row, and every statement over it.

pub mod account;
mod args;
mod asked;
pub mod audit;
pub mod backup;
pub mod bundle;
pub mod care;
pub mod channel;
pub mod check_in;
mod code;
pub mod credential;
pub mod crowd;
pub mod delivery;
pub mod device_link;
pub mod device_state;
pub mod directory;
mod distributed;
pub mod due;
pub mod durability;
pub mod engine;
pub mod envelope;
pub mod erase;
mod error;
pub mod event;
pub mod extractor_key;
pub mod fault;
pub mod fold;
pub mod grant;
pub mod idempotency;
pub mod inspect;
pub mod key_log;
pub mod key_reset;
mod lease;
pub mod limit;
pub mod login_attempt;
pub mod look;
mod many;
pub mod note;
pub mod occurrence;
pub mod open_reminder;
pub mod operator_pass;
pub mod outbox;
mod parts;
pub mod passkey;
pub mod person_lock;
pub mod plan;
pub mod push_key;
pub mod queue;
pub mod reach;
pub mod regime;
mod row;
pub mod schema;
pub mod sealed_column;
pub mod service;
pub mod session;
pub(crate) mod sql;
pub mod step;
pub mod tap;
#[cfg(feature = "testing")]
pub mod testing;
pub mod throttle;
mod tls;
pub mod totp;
mod wire;
pub mod wishes;
pub mod wrapped_key;

pub use asked::Asked;
pub use engine::{Store, Tx};
pub use error::StoreError;
