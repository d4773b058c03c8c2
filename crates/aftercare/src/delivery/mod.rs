//! How messages reach people: what goes where ([`rung`]), what is sent ([`message`]), by which way
//! ([`email`], [`web_push`], [`http`]), who does it ([`sender`]), whether it arrives
//! ([`reached`]), and how it is answered from where it is shown ([`tap`]).

pub mod claim;
pub mod email;
pub mod http;
pub mod message;
pub mod outward;
pub mod reached;
pub mod rung;
pub mod sender;
pub mod tap;
pub mod target;
pub mod web_push;

pub use reached::{is_cut_off, reached, unreached_since};
pub use rung::{next_rung, rung};

use aftercare_core::instant::Span;

/// What came of handing a message over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The channel took it; `reached`: and that is as much as anybody can know of this kind of channel.
    Handed {
        /// Whether nobody will say that it has arrived.
        reached: bool,
    },
    /// Not now.
    Later {
        /// Why, in plain words.
        fault: String,
        /// Not before this has passed, as the other side has asked.
        after: Option<Span>,
    },
    /// Not this message.
    Failed(String),
    /// Nothing any more: the channel is gone.
    Gone(String),
}

impl Outcome {
    /// What it is called where it is counted.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Handed { .. } => "handed",
            Self::Later { .. } => "later",
            Self::Failed(_) => "failed",
            Self::Gone(_) => "gone",
        }
    }
}
