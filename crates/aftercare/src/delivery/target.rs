//! Where a channel leads, as its owner gave it. Stored sealed.

use crate::app::App;
use aftercare_core::id::ChannelId;
use aftercare_seal::{Bytes, webpush::Subscription};
use aftercare_store::{StoreError, channel::ChannelKind};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Where a channel leads.
#[derive(Clone, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Target {
    /// To an address.
    Email {
        /// The address.
        address: String,
    },
    /// To a browser or phone.
    WebPush {
        /// Its push service's address for it.
        endpoint: String,
        /// Its key.
        p256dh: Bytes<65>,
        /// Its secret.
        auth: Bytes<16>,
    },
    /// To whoever asks.
    Calendar,
    /// To a program (Standard Webhooks).
    Webhook {
        /// Where it listens.
        url: String,
        /// What messages are signed with, 32 bytes.
        secret: Bytes<32>,
    },
    /// To a topic of an ntfy server.
    Ntfy {
        /// The topic's address.
        url: String,
        /// An access token, where the server asks for one.
        token: Option<String>,
    },
    /// To any HTTP service.
    Http {
        /// Its address.
        url: String,
        /// Headers, such as `Authorization`.
        headers: BTreeMap<String, String>,
        /// The body: `{{title}}`, `{{body}}`, `{{url}}`, `{{due_at}}`, `{{count}}` and `{{id}}` are filled in.
        template: String,
    },
}

impl Target {
    /// Of which kind.
    pub fn kind(&self) -> ChannelKind {
        match self {
            Self::Email { .. } => ChannelKind::Email,
            Self::WebPush { .. } => ChannelKind::WebPush,
            Self::Calendar => ChannelKind::Calendar,
            Self::Webhook { .. } => ChannelKind::Webhook,
            Self::Ntfy { .. } => ChannelKind::Ntfy,
            Self::Http { .. } => ChannelKind::Http,
        }
    }

    /// A browser's subscription.
    pub fn subscription(p256dh: &Bytes<65>, auth: &Bytes<16>) -> Subscription {
        Subscription { key: *p256dh, auth: *auth }
    }

    /// As its owner sees it again: enough to know which it is, nothing that opens it.
    pub fn shown(&self) -> String {
        let host = |url: &str| {
            let url = reqwest::Url::parse(url).ok();
            url.and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
        };
        match self {
            Self::Email { address } => address.clone(),
            Self::WebPush { endpoint, .. } => host(endpoint),
            Self::Calendar => String::new(),
            Self::Webhook { url, .. } | Self::Ntfy { url, .. } | Self::Http { url, .. } => host(url),
        }
    }

    /// Sealed for its row.
    pub fn seal(&self, app: &App, id: ChannelId) -> Vec<u8> {
        // It always serialises.
        let json = zeroize::Zeroizing::new(serde_json::to_vec(self).unwrap_or_default());
        app.master.seal_column("channel", Bytes(*id.as_bytes()), b"target", &json, &mut app.random.rng())
    }

    /// Opened.
    pub fn open(app: &App, id: ChannelId, sealed: &[u8]) -> Result<Self, StoreError> {
        let broken = |what: String| StoreError::Broken(format!("target of channel {id}: {what}"));
        let opened = app.master.open_column("channel", Bytes(*id.as_bytes()), b"target", sealed);
        let opened = opened.map_err(|error| broken(error.to_string()))?;
        serde_json::from_slice(&opened).map_err(|error| broken(error.to_string()))
    }
}
