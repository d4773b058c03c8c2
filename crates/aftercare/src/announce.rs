//! Who is told that something is due: the rule is the core's ([`aftercare_core::announce`]); here it is asked
//! for many people at once, and what follows is stored: messages to their channels, events for those who
//! listen, and when to look again.

use crate::{
    app::App,
    delivery::{self, sender},
    plan::Habits,
};
use aftercare_core::{
    announce::{Listener, Message, Open, Verdict, Wishes},
    id::{ReminderId, UserId},
    instant::{Instant, Span},
    replay::zone,
};
use aftercare_store::{
    Asked, StoreError, Tx,
    channel::{self, Channel},
    delivery::{Delivery, DeliveryKind, DeliveryState},
    due::Wake,
    event::{self, Event, EventKind},
    open_reminder::OpenReminder,
    reach::{self, Reach},
};
use std::collections::{BTreeSet, HashMap};
use uuid::Uuid;

/// How a person wants to be told, as it is stored. What cannot be read is as everybody has it.
pub fn wishes(stored: Option<&str>) -> Wishes {
    stored.and_then(|json| serde_json::from_str(json).ok()).unwrap_or_default()
}

/// People, locked, with what is needed to decide.
pub struct Round<'a> {
    /// Who, and how they want to be told.
    pub people: &'a [(UserId, Option<String>)],
    /// Where and when they live.
    pub habits: &'a HashMap<UserId, Habits>,
    /// The time after they were locked.
    pub now: Instant,
}

/// What a round has come to, and is still to be written.
#[derive(Default)]
pub struct Said {
    /// What was said of what is open.
    pub open: Vec<OpenReminder>,
    /// When to look at people again.
    pub wakes: Vec<Wake>,
    /// The messages that were stored.
    pub deliveries: Vec<Delivery>,
    events: Vec<Event>,
    owed: Vec<UserId>,
}

/// How people are told, and whether they are reached.
pub struct Ways {
    channels: Asked<Vec<Channel>>,
    reach: Asked<Vec<(UserId, Reach)>>,
}

impl Ways {
    /// Asks for the channels of some, and whether others are reached.
    pub async fn ask(tx: &mut Tx, told: &[UserId], owed: &[UserId]) -> Result<Self, StoreError> {
        Ok(Self { channels: channel::of_people(tx, told).await?, reach: reach::of_people(tx, owed).await? })
    }
}

impl Round<'_> {
    /// Decides for each, given what is open for them, and stores the messages; asks for how they are told where nobody
    /// has asked.
    pub async fn tell(
        &self,
        app: &App,
        tx: &mut Tx,
        mut open: HashMap<UserId, Vec<OpenReminder>>,
        ways: Option<Ways>,
    ) -> Result<Said, StoreError> {
        let ids: BTreeSet<UserId> = self.people.iter().map(|(id, _)| *id).collect();
        let ways = if let Some(ways) = ways {
            ways
        } else {
            let with: Vec<UserId> = ids.iter().copied().filter(|id| open.contains_key(id)).collect();
            Ways::ask(tx, &with, &ids.iter().copied().collect::<Vec<_>>()).await?
        };
        let mut channels: HashMap<UserId, Vec<Channel>> = HashMap::new();
        for channel in ways.channels.answer(tx).await? {
            channels.entry(channel.user_id).or_default().push(channel);
        }
        let mut reach = ways.reach.answer(tx).await?;
        reach.retain(|(id, _)| ids.contains(id));
        let mut said = Said::default();
        for (person, stored) in self.people {
            let (Some(mut open), Some(habits)) = (open.remove(person), self.habits.get(person)) else {
                continue;
            };
            open.sort_unstable_by_key(|one| (one.open.due_at, one.step_id));
            let channels = channels.remove(person).unwrap_or_default();
            self.decide(app, *person, wishes(stored.as_deref()), habits, open, &channels, &mut said);
        }
        aftercare_store::delivery::insert(tx, &said.deliveries, |one| self.now + smear(app, one.user_id))
            .await?;
        event::tell(tx, &said.events).await?;
        let later = delivery::reached::look(app, tx, &reach, &said.owed, self.now).await?;
        said.wakes.extend(later);
        Ok(said)
    }

    #[expect(clippy::too_many_arguments, reason = "one person's part of a round, said in one place")]
    fn decide(
        &self,
        app: &App,
        person: UserId,
        mut wishes: Wishes,
        habits: &Habits,
        mut open: Vec<OpenReminder>,
        channels: &[Channel],
        said: &mut Said,
    ) {
        let now = self.now;
        let rung = delivery::rung(channels);
        // Whoever only listens is told once: what is open stands in the app.
        wishes.repeat &= !rung.is_empty();
        let away = wishes.away.as_deref().and_then(|name| zone(name).ok());
        let zone = away.as_ref().unwrap_or_else(|| habits.zone(now));
        let listener = Listener { wishes: &wishes, zone, anchors: habits.anchors(now) };
        let mut items: Vec<Open> = open.iter().map(|one| one.open).collect();
        let Verdict { message, next } = listener.decide(&mut items, now);
        said.wakes.extend(next.map(|at| Wake::person(person, at)));
        let Some(message) = message else { return };
        let mut covered = Vec::new();
        for (one, after) in open.iter_mut().zip(items) {
            if one.open != after {
                one.open = after;
                covered.push(*one);
            }
        }
        let object_id = match covered.as_slice() {
            [one] => Some(ReminderId::of(one.step_id, one.ordinal).0),
            _ => None,
        };
        let expires_at = covered.iter().map(|one| one.open.closes_at).max().unwrap_or(now);
        said.events.push(Event {
            id: app.random.id(now),
            user_id: person,
            kind: EventKind::ReminderDue,
            object_id,
            at: now,
        });
        let Message { due_at, count, repeated } = message;
        said.deliveries.extend(rung.iter().map(|channel| Delivery {
            id: app.random.id(now),
            user_id: person,
            channel_id: channel.id,
            kind: DeliveryKind::Reminder,
            said_at: now,
            due_at,
            object_id,
            count: i32::try_from(count).unwrap_or(i32::MAX),
            repeated,
            state: DeliveryState::Waiting,
            attempts: 0,
            expires_at,
            handed_at: None,
            reached_at: None,
            fault: None,
        }));
        if !rung.is_empty() {
            said.owed.push(person);
        }
        said.open.extend(covered);
    }
}

/// So much later than it falls due somebody is reminded, where the wave at eight is to be spread: always as much.
fn smear(app: &App, person: UserId) -> Span {
    let most = i64::from(app.config.smear_seconds) * 1_000;
    let [.., a, b, c, d] = *person.as_bytes();
    Span::from_micros(i64::from(u32::from_be_bytes([a, b, c, d])) % (most + 1) * 1_000)
}

/// Tells a person's channels, and whoever listens, of something that is no reminder: a new plan; or that what was
/// said is answered, which devices then take away.
pub async fn tell_of(
    app: &App,
    tx: &mut Tx,
    person: UserId,
    channels: &[Channel],
    kind: DeliveryKind,
    (due_at, object_id): (Instant, Option<Uuid>),
) -> Result<(), StoreError> {
    let now = app.now();
    let shows = |channel: &&Channel| kind != DeliveryKind::Clear || sender::is_acknowledged(channel.kind);
    let new: Vec<_> = delivery::rung(channels)
        .into_iter()
        .filter(shows)
        .map(|channel| Delivery {
            id: app.random.id(now),
            user_id: person,
            channel_id: channel.id,
            kind,
            said_at: now,
            due_at,
            object_id,
            count: 1,
            repeated: false,
            state: DeliveryState::Waiting,
            attempts: 0,
            expires_at: now + Span::from_hours(24),
            handed_at: None,
            reached_at: None,
            fault: None,
        })
        .collect();
    aftercare_store::delivery::insert(tx, &new, |_| now).await?;
    let what = if kind == DeliveryKind::Clear { EventKind::CheckIn } else { EventKind::PlanChanged };
    let event = Event { id: app.random.id(now), user_id: person, kind: what, object_id, at: now };
    event::tell(tx, &[event]).await
}
