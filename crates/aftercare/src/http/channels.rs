//! `/api/channels/`: where a person is reached.

use super::{
    actor::Actor,
    calendar::Link,
    json::{Id, Json, Params},
    page::Page,
    person::{email_of, person},
    problem::Problem,
};
use crate::{
    app::App,
    delivery::{
        Outcome, email::With, http::secret_text, message::Say, reached::LOOK_BACK, target::Target,
        unreached_since,
    },
    limits,
};
use aftercare_core::{
    id::ChannelId,
    instant::{Instant, Span},
    people::{Email, Name},
};
use aftercare_seal::{Bytes, bytes, password::normalize_email};
use aftercare_store::{
    channel::{self, Channel, ChannelKind, ChannelState},
    delivery::{Delivery, DeliveryKind, DeliveryState},
    person_lock, service,
};
use axum::{extract::State, http::StatusCode};
use rand::Rng;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// At most so many channels a person.
const MOST: usize = 20;
/// A code that shows whose an address is is good for so long.
const CODE: Span = Span::from_hours(1);
/// So many codes are sent for one person within an hour.
pub(super) const CODES: i64 = 10;

/// A browser's subscription, as `PushSubscription.toJSON()` gives it.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PushSubscription {
    /// The push service's address for this browser.
    endpoint: String,
    /// Not looked at.
    #[serde(default, rename = "expirationTime")]
    #[expect(dead_code, reason = "browsers send it")]
    expiration_time: Option<f64>,
    /// The browser's key and secret.
    keys: PushKeys,
}

impl PushSubscription {
    /// Where it leads, checked.
    pub(super) fn target(self, app: &App) -> Result<Target, Problem> {
        let Self { endpoint, keys: PushKeys { p256dh, auth }, .. } = self;
        outward(app, &endpoint, "/subscription/endpoint")?;
        Target::subscription(&p256dh, &auth)
            .check()
            .map_err(|_| Problem::invalid_field("/subscription/keys/p256dh", "is no point of P-256"))?;
        Ok(Target::WebPush { endpoint, p256dh, auth })
    }
}

/// What messages to a browser are sealed with. Bytes are base64url.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PushKeys {
    /// P-256, 65 bytes.
    #[schema(value_type = String)]
    p256dh: Bytes<65>,
    /// 16 bytes.
    #[schema(value_type = String)]
    auth: Bytes<16>,
}

/// A new channel.
#[derive(Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum NewChannel {
    /// Mail. A code goes to the address, and messages once it is given at `…/confirm/`.
    Email {
        /// As its owner calls it.
        name: Option<String>,
        /// The account's own if absent.
        address: Option<String>,
    },
    /// A browser or phone. Subscribe with the key of `/api/push-key/`.
    WebPush {
        /// As its owner calls it.
        name: Option<String>,
        /// As the browser gives it.
        subscription: PushSubscription,
    },
    /// A program of one's own (Standard Webhooks 1.0.0).
    Webhook {
        /// As its owner calls it.
        name: Option<String>,
        /// Where it listens.
        url: String,
    },
    /// A topic of an ntfy server.
    Ntfy {
        /// As its owner calls it.
        name: Option<String>,
        /// The topic's address, such as <https://ntfy.example/my-topic>.
        url: String,
        /// An access token, where the server asks for one.
        token: Option<String>,
    },
    /// A calendar that asks for the times by itself, at a link that is shown once.
    Calendar {
        /// As its owner calls it.
        name: Option<String>,
    },
    /// Any HTTP service.
    Http {
        /// As its owner calls it.
        name: Option<String>,
        /// Where to post.
        url: String,
        /// What goes with it, such as `Authorization`.
        #[serde(default)]
        fields: Vec<Field>,
        /// The body, JSON: `{{title}}`, `{{body}}`, `{{url}}`, `{{answer_url}}`, `{{due_at}}`, `{{count}}`, `{{id}}` are filled in.
        template: String,
    },
}

/// A header field (RFC 9110 §6.3).
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Field {
    /// Such as `Authorization`.
    name: String,
    /// Its value.
    value: String,
}

/// A channel.
#[derive(Serialize, ToSchema)]
pub struct ChannelView {
    /// `UUIDv7`.
    #[schema(value_type = Uuid)]
    id: ChannelId,
    /// `email`, `web_push`, `calendar`, `webhook`, `ntfy`, `http`.
    #[schema(value_type = String)]
    kind: ChannelKind,
    /// As its owner calls it.
    name: String,
    /// Where it leads: an address, a host.
    to: String,
    /// `live`, `unconfirmed`, or `broken`: nothing can be handed over any more.
    #[schema(value_type = String)]
    state: ChannelState,
    /// When it was added.
    #[schema(value_type = String, format = DateTime)]
    created_at: Instant,
    /// When a message was handed over last; for calendars, when they asked last.
    #[schema(value_type = Option<String>, format = DateTime)]
    handed_at: Option<Instant>,
    /// When one is known to have arrived last.
    #[schema(value_type = Option<String>, format = DateTime)]
    reached_at: Option<Instant>,
    /// Since when nothing could be handed over.
    #[schema(value_type = Option<String>, format = DateTime)]
    failing_since: Option<Instant>,
    /// Why.
    fault: Option<String>,
}

impl ChannelView {
    fn of(app: &App, channel: Channel) -> Result<Self, Problem> {
        let to = Target::open(app, channel.id, &channel.target)?.shown();
        let Channel {
            id, kind, name, state, created_at, handed_at, reached_at, failing_since, fault, ..
        } = channel;
        Ok(Self { id, kind, name, to, state, created_at, handed_at, reached_at, failing_since, fault })
    }
}

/// A channel that was added.
#[derive(Serialize, ToSchema)]
pub struct Added {
    /// The channel.
    channel: ChannelView,
    /// For webhooks: what messages are signed with, shown once.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    /// For calendars: where they ask, shown once. With `webcal:` in front most programs subscribe at once. Changes may
    /// take them up to a day.
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
}

/// One's own channels.
#[derive(Serialize, ToSchema)]
pub struct ChannelList {
    /// In the order they are tried.
    items: Vec<ChannelView>,
    /// Give it as `cursor` for the next page; null on the last.
    next_cursor: Option<String>,
    /// Since when a message has been owed that nobody has seen arrive, where that is longer than a day.
    #[schema(value_type = Option<String>, format = DateTime)]
    not_reached_since: Option<Instant>,
}

/// List one's own channels
#[utoipa::path(get, path = "/api/channels/", tag = "Channels", security(("bearer" = [])), params(Page), responses((status = 200, body = ChannelList)))]
pub async fn list_channels(
    State(app): State<App>,
    actor: Actor,
    Params(page): Params<Page>,
) -> Result<Json<ChannelList>, Problem> {
    let mut tx = app.store.read().await?;
    let (items, next_cursor) = page.cut(channel::of(&mut tx, actor.id).await?)?;
    let items = items.into_iter().map(|channel| ChannelView::of(&app, channel)).collect::<Result<_, _>>()?;
    let outages = service::outages(&mut tx).await?.answer(&mut tx).await?;
    let outages = outages.since(app.now() - LOOK_BACK, app.now());
    let not_reached_since = unreached_since(&mut tx, actor.id, &outages, app.now()).await?;
    Ok(Json(ChannelList { items, next_cursor, not_reached_since }))
}

/// Add a channel
///
/// Messages go to the first kind that works, in the order channels were added; what it does not take, or a browser
/// does not show within two minutes, goes to the next. Programs are told of everything.
#[utoipa::path(post, path = "/api/channels/", tag = "Channels", security(("bearer" = [])), request_body = NewChannel, responses(
    (status = 201, body = Added), (status = 409, description = "`too_many`: 20 at most", body = Problem), (status = 422, body = Problem)))]
pub async fn add_channel(
    State(app): State<App>,
    actor: Actor,
    Json(body): Json<NewChannel>,
) -> Result<(StatusCode, Json<Added>), Problem> {
    let now = app.now();
    let id: ChannelId = app.random.id(now);
    let (name, target) = target(&app, &actor, body).await?;
    let secret = match &target {
        Target::Webhook { secret, .. } => Some(secret_text(secret)),
        _ => None,
    };
    let code = matches!(target, Target::Email { .. }).then(|| code(&app));
    let link = matches!(target, Target::Calendar).then(|| Link::new(&app, actor.id));
    let mut tx = app.store.write().await?;
    person_lock::lock(&mut tx, actor.id).await?;
    let others = channel::of(&mut tx, actor.id).await?;
    if others.len() >= MOST {
        return Err(Problem::conflict("too_many", "there are 20 channels; remove one first"));
    }
    if code.is_some() {
        let refused = limits::few(&app, &mut tx, "channel-code", actor.id, CODES).await?;
        refused.map_or(Ok(()), Err)?;
    }
    let channel = Channel {
        id,
        user_id: actor.id,
        kind: target.kind(),
        state: if code.is_some() { ChannelState::Unconfirmed } else { ChannelState::Live },
        place: others.iter().map(|other| other.place + 1).max().unwrap_or(0),
        name,
        target: target.seal(&app, id),
        secret_hash: match (&code, &link) {
            (Some(code), _) => Some(code_hash(&app, id, code).to_vec()),
            (None, link) => link.as_ref().map(|link| link.hash(&app)),
        },
        created_at: now,
        handed_at: None,
        reached_at: None,
        failing_since: None,
        fault: None,
    };
    channel::insert(&mut tx, &channel).await?;
    tx.commit().await?;
    if let (Target::Email { address }, Some(code)) = (&target, &code) {
        let say = Say::of(&app, &about(&app, &channel, DeliveryKind::Code), 1, &[]);
        let with = With { code: Some(code), ..With::default() };
        let why = match app.mail.send(now, &say, address, with).await {
            Outcome::Handed { .. } => None,
            Outcome::Gone(fault) | Outcome::Failed(fault) => Some(format!("takes no mail: {fault}")),
            Outcome::Later { fault, .. } => {
                Some(format!("takes no mail now: {fault}; try again in a minute"))
            }
        };
        if let Some(why) = why {
            let mut tx = app.store.write().await?;
            channel::delete(&mut tx, actor.id, id).await?;
            tx.commit().await?;
            return Err(Problem::invalid_field("/address", why));
        }
    }
    let url = link.map(|link| link.url(&app));
    Ok((StatusCode::CREATED, Json(Added { channel: ChannelView::of(&app, channel)?, secret, url })))
}

/// Whether messages may be sent to an address; `at`: the field it came from.
pub(super) fn outward(app: &App, url: &str, at: &str) -> Result<(), Problem> {
    app.outward.check(url).map(drop).map_err(|why| Problem::invalid_field(at, why))
}

/// Where a new channel leads, checked.
async fn target(app: &App, actor: &Actor, body: NewChannel) -> Result<(String, Target), Problem> {
    let url = |url: &str, at: &str| outward(app, url, at);
    let (name, target) = match body {
        NewChannel::Email { .. } if !app.mail.is_real() && !app.clock_moves => {
            return Err(Problem::invalid_field("/kind", "mail is not set up here; choose another kind"));
        }
        NewChannel::Email { name, address } => {
            let own = email_of(app, &person(&mut app.store.peek().await?, actor.id).await?)?;
            let address = address.map_or(own, |address| normalize_email(&address));
            let address =
                Email::parse(&address).map_err(|error| Problem::invalid_field("/address", error))?;
            (name, Target::Email { address: address.as_str().to_owned() })
        }
        NewChannel::WebPush { name, subscription } => (name, subscription.target(app)?),
        NewChannel::Webhook { name, url: to } => {
            url(&to, "/url")?;
            let secret = Bytes(bytes::random(&mut app.random.rng()));
            (name, Target::Webhook { url: to, secret })
        }
        NewChannel::Calendar { name } => (name.or_else(|| Some("Calendar".to_owned())), Target::Calendar),
        NewChannel::Ntfy { name, url: to, token } => {
            url(&to, "/url")?;
            if to.trim_end_matches('/').matches('/').count() < 3 {
                return Err(Problem::invalid_field(
                    "/url",
                    "must name a topic, such as https://ntfy.example/my-topic",
                ));
            }
            (name, Target::Ntfy { url: to, token })
        }
        NewChannel::Http { name, url: to, fields, template } => {
            url(&to, "/url")?;
            if template.len() > 4_096 || fields.len() > 20 {
                return Err(Problem::invalid_field(
                    "/template",
                    "must have at most 4096 bytes, and 20 fields",
                ));
            }
            let headers = fields.into_iter().map(|field| (field.name, field.value)).collect();
            (name, Target::Http { url: to, headers, template })
        }
    };
    let name = name.unwrap_or_else(|| target.shown());
    let name: String = name.chars().take(80).collect();
    let name = Name::parse(&name).map_err(|error| Problem::invalid_field("/name", error))?;
    Ok((name.as_str().to_owned(), target))
}

/// Eight digits.
fn code(app: &App) -> String {
    format!("{:08}", app.random.rng().next_u32() % 100_000_000)
}

fn code_hash(app: &App, id: ChannelId, code: &str) -> [u8; 32] {
    app.master.digest("channel-code", &[id.as_bytes(), code.trim().as_bytes()]).0
}

/// A code.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelCode {
    /// Eight digits, as they came by mail.
    #[schema(example = "12345678")]
    code: String,
}

/// Show whose an address is
///
/// With the code that went there. Good for an hour.
#[utoipa::path(post, path = "/api/channels/{id}/confirm/", tag = "Channels", security(("bearer" = [])), params(("id" = Uuid, Path)), request_body = ChannelCode, responses(
    (status = 200, body = ChannelView), (status = 404, body = Problem), (status = 422, body = Problem), (status = 429, body = Problem)))]
pub async fn confirm_channel(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id<ChannelId>,
    Json(body): Json<ChannelCode>,
) -> Result<Json<ChannelView>, Problem> {
    let mut tx = app.store.write().await?;
    let refused = limits::few(&app, &mut tx, "channel-guess", actor.id, CODES).await?;
    if let Some(refused) = refused {
        tx.commit().await?;
        return Err(refused);
    }
    let found = channel::get(&mut tx, actor.id, id).await?;
    let mut found =
        found.filter(|channel| channel.state == ChannelState::Unconfirmed).ok_or_else(Problem::not_found)?;
    let good = found.secret_hash.as_deref() == Some(code_hash(&app, id, &body.code).as_slice());
    if !good || app.now() - found.created_at > CODE {
        tx.commit().await?;
        return Err(Problem::invalid_field("/code", "is not the code that went there within the last hour"));
    }
    (found.state, found.secret_hash) = (ChannelState::Live, None);
    channel::update(&mut tx, &found).await?;
    tx.commit().await?;
    Ok(Json(ChannelView::of(&app, found)?))
}

/// Remove a channel
#[utoipa::path(delete, path = "/api/channels/{id}/", tag = "Channels", security(("bearer" = [])), params(("id" = Uuid, Path)), responses(
    (status = 204), (status = 404, body = Problem)))]
pub async fn remove_channel(
    State(app): State<App>,
    actor: Actor,
    Id(id): Id<ChannelId>,
) -> Result<StatusCode, Problem> {
    let mut tx = app.store.write().await?;
    if !channel::delete(&mut tx, actor.id, id).await? {
        return Err(Problem::not_found());
    }
    tx.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// A message to a channel that is about no reminder.
pub(super) fn about(app: &App, channel: &Channel, kind: DeliveryKind) -> Delivery {
    let now = app.now();
    Delivery {
        id: app.random.id(now),
        user_id: channel.user_id,
        channel_id: channel.id,
        kind,
        said_at: now,
        due_at: now,
        object_id: None,
        count: 1,
        repeated: false,
        state: DeliveryState::Handed,
        attempts: 0,
        expires_at: now + CODE,
        handed_at: None,
        reached_at: None,
        fault: None,
    }
}
