//! Messages by mail (RFC 5321, 5322). Nothing about health, a subject that says nothing, one link; a message that
//! is tried again keeps its id, so that the other side sees it once.

use super::{
    Outcome,
    message::{Say, TITLE},
};
use crate::{app::App, config::Config};
use aftercare_core::{
    id::{ChannelId, UserId},
    instant::Instant,
};
use aftercare_store::delivery::DeliveryKind;
use anyhow::{Context, ensure};
use lettre::{
    AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor,
    message::{Mailbox, MultiPart, header},
    transport::smtp::client::{Certificate, Tls, TlsParameters},
};
use serde::Serialize;
use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
};

/// So many messages are kept where no server is set.
const KEPT: usize = 200;

/// Where mail goes.
pub enum Mail {
    /// To a server.
    Smtp(Box<AsyncSmtpTransport<Tokio1Executor>>, Mailbox),
    /// Nowhere: it is kept and shown at `/dev/mail` (profile dev).
    Here(Mutex<VecDeque<Kept>>, Mailbox),
}

/// A message that was kept.
#[derive(Clone, Debug, Serialize)]
pub struct Kept {
    /// When it was sent.
    pub at: Instant,
    /// To whom.
    pub to: String,
    /// Its subject.
    pub subject: String,
    /// Its words.
    pub text: String,
    /// All of it, as it would have gone.
    pub source: String,
}

/// What goes with a message.
#[derive(Clone, Copy, Default)]
pub struct With<'a> {
    /// Where one click ends the mail.
    pub unsubscribe: Option<&'a str>,
    /// Where what it says can be answered.
    pub answer: Option<&'a str>,
    /// What shows whose an address is.
    pub code: Option<&'a str>,
}

impl Mail {
    /// As configured.
    pub fn new(config: &Config) -> anyhow::Result<Self> {
        let from = &config.mail.from;
        let from: Mailbox = from.parse().with_context(|| format!("mail.from: {from} is no address"))?;
        if !config.mail.url.is_set() {
            return Ok(Self::Here(Mutex::default(), from));
        }
        let wrong = "mail.url: must be such as smtp://user:password@host:587 or smtps://host";
        let url = reqwest::Url::parse(config.mail.url.expose()).context(wrong)?;
        let host = url.host_str().context(wrong)?.to_owned();
        let plain = url.query() == Some("tls=none");
        ensure!(url.query().is_none() || plain, "{wrong}, with nothing but ?tls=none behind it");
        let mut bare = url.clone();
        bare.set_query(None);
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(bare.as_str()).context(wrong)?;
        let mut tls = TlsParameters::builder(host);
        if !config.mail.authority.is_empty() {
            let file = &config.mail.authority;
            let pem = std::fs::read(file).with_context(|| format!("mail.authority: {file}"))?;
            tls = tls.add_root_certificate(Certificate::from_pem(&pem).context("mail.authority")?);
        }
        // Whoever strips the offer of TLS gets no mail.
        let tls = match url.scheme() {
            _ if plain => Tls::None,
            "smtps" => Tls::Wrapper(tls.build_rustls()?),
            _ => Tls::Required(tls.build_rustls()?),
        };
        let transport = builder.tls(tls).timeout(Some(super::outward::DEADLINE)).build();
        Ok(Self::Smtp(Box::new(transport), from))
    }

    /// What was kept, newest first.
    pub fn kept(&self) -> Vec<Kept> {
        match self {
            Self::Smtp(..) => Vec::new(),
            Self::Here(kept, _) => {
                kept.lock().unwrap_or_else(PoisonError::into_inner).iter().rev().cloned().collect()
            }
        }
    }

    /// Whether it goes to a server.
    pub fn is_real(&self) -> bool {
        matches!(self, Self::Smtp(..))
    }

    /// Sends a message to an address.
    pub async fn send(&self, now: Instant, say: &Say, to: &str, with: With<'_>) -> Outcome {
        let (Self::Smtp(_, from) | Self::Here(_, from)) = self;
        let text = text(say, &with);
        let Some(message) = message(from, say, to, &with, &text) else {
            return Outcome::Gone("its address is none that mail can go to".to_owned());
        };
        match self {
            Self::Here(kept, _) => {
                let source = String::from_utf8_lossy(&message.formatted()).into_owned();
                let subject = subject(say).to_owned();
                let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
                kept.push_back(Kept { at: now, to: to.to_owned(), subject, text, source });
                if kept.len() > KEPT {
                    kept.pop_front();
                }
                Outcome::Handed { reached: true }
            }
            Self::Smtp(transport, _) => match transport.send(message).await {
                Ok(_) => Outcome::Handed { reached: true },
                Err(error) => failed(&error),
            },
        }
    }
}

/// What a server's refusal means. 550 to 553 are about the mailbox, all else permanent about this message.
fn failed(error: &lettre::transport::smtp::Error) -> Outcome {
    let code = error.status().map(u16::from);
    let said =
        code.map_or_else(|| "no answer of the mail server".to_owned(), |code| format!("answered {code}"));
    match code {
        Some(550 | 551 | 553) => Outcome::Gone(said),
        Some(500..) => Outcome::Failed(said),
        _ if error.is_tls() => {
            Outcome::Later { fault: "TLS was refused or not offered".to_owned(), after: None }
        }
        _ => Outcome::Later { fault: said, after: None },
    }
}

fn subject(say: &Say) -> &'static str {
    match say.kind {
        DeliveryKind::Reminder | DeliveryKind::Switched => "You have something due",
        DeliveryKind::PlanChanged => "You have an update",
        DeliveryKind::Clear => "All done",
        DeliveryKind::Code => "Your code",
        DeliveryKind::Test => "A test",
    }
}

fn text(say: &Say, with: &With<'_>) -> String {
    match (with.code, with.answer) {
        (Some(code), _) => {
            format!(
                "Your code is {code}.\n\nType it where you are signed in, and messages come here. If it was not you, leave it.\n"
            )
        }
        (None, Some(answer)) => {
            format!("{}\n\nAnswer: {answer}\n\nOpen {TITLE}: {}\n", say.body(), say.url)
        }
        (None, None) => format!("{}\n\nOpen {TITLE}: {}\n", say.body(), say.url),
    }
}

fn message(from: &Mailbox, say: &Say, to: &str, with: &With<'_>, text: &str) -> Option<Message> {
    let host = from.email.domain();
    let thread = format!("<{}.{}@{host}>", say.due_at.as_secs().div_euclid(86_400), say.tag);
    let mut builder = Message::builder()
        .from(from.clone())
        .to(Mailbox::new(None, to.parse().ok()?))
        .subject(subject(say))
        .message_id(Some(format!("<{}@{host}>", say.id)))
        .references(thread)
        .header(AutoSubmitted);
    if let Some(url) = with.unsubscribe {
        builder = builder.header(ListUnsubscribe(format!("<{url}>"))).header(ListUnsubscribePost);
    }
    let words: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
    let lines: Vec<String> = words
        .iter()
        .map(|line| match line.split_once(": http") {
            Some((name, rest)) => format!("<p><a href=\"http{rest}\">{name}</a></p>"),
            None => format!("<p>{line}</p>"),
        })
        .collect();
    let html = format!("<!doctype html><html lang=\"en\"><body>{}</body></html>", lines.concat());
    builder.multipart(MultiPart::alternative_plain_html(text.to_owned(), html)).ok()
}

macro_rules! fixed {
    ($type:ident, $name:literal, $value:literal) => {
        #[derive(Clone)]
        struct $type;

        impl header::Header for $type {
            fn name() -> header::HeaderName {
                header::HeaderName::new_from_ascii_str($name)
            }

            fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
                Ok(Self)
            }

            fn display(&self) -> header::HeaderValue {
                header::HeaderValue::new(Self::name(), $value.to_owned())
            }
        }
    };
}

fixed!(AutoSubmitted, "Auto-Submitted", "auto-generated");
fixed!(ListUnsubscribePost, "List-Unsubscribe-Post", "List-Unsubscribe=One-Click");

#[derive(Clone)]
struct ListUnsubscribe(String);

impl header::Header for ListUnsubscribe {
    fn name() -> header::HeaderName {
        header::HeaderName::new_from_ascii_str("List-Unsubscribe")
    }

    fn parse(text: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self(text.to_owned()))
    }

    fn display(&self) -> header::HeaderValue {
        header::HeaderValue::new(Self::name(), self.0.clone())
    }
}

/// Where one click ends the mail of a channel (RFC 8058): whoever has the link needs no more.
pub fn unsubscribe_url(app: &App, user: UserId, channel: ChannelId) -> String {
    let token = unsubscribe_token(app, user, channel);
    format!("{}/api/unsubscribe/{token}/", app.config.issuer())
}

/// `<user>.<channel>.<mac>`.
fn unsubscribe_token(app: &App, user: UserId, channel: ChannelId) -> String {
    let mac = app.master.digest("unsubscribe", &[user.as_bytes(), channel.as_bytes()]);
    let parts = [user.as_bytes().as_slice(), channel.as_bytes(), &mac.0[..16]].concat();
    aftercare_seal::bytes::encode(&parts)
}

/// Whose channel a link ends; `None` for one that was made up.
pub fn unsubscribes(app: &App, token: &str) -> Option<(UserId, ChannelId)> {
    let parts = aftercare_seal::bytes::decode(token)?;
    let [user, channel] =
        [parts.get(..16)?, parts.get(16..32)?].map(|id| uuid::Uuid::from_slice(id).unwrap_or_default());
    let (user, channel) = (UserId(user), ChannelId(channel));
    let good =
        aftercare_seal::bytes::same(unsubscribe_token(app, user, channel).as_bytes(), token.as_bytes());
    good.then_some((user, channel))
}
