//! Which of a person's channels a message goes to.

use aftercare_store::channel::{Channel, ChannelKind, ChannelState};

/// Whether messages go there by themselves. Calendars ask; programs are told beside everything else.
pub fn says(kind: ChannelKind) -> bool {
    !matches!(kind, ChannelKind::Calendar | ChannelKind::Webhook)
}

fn live(channel: &Channel) -> bool {
    channel.state == ChannelState::Live
}

/// Where a message goes first: every working channel of the first kind that has one, in the order its owner
/// has given; and to their own programs, which are told of everything.
pub fn rung(channels: &[Channel]) -> Vec<&Channel> {
    let first =
        channels.iter().filter(|channel| live(channel)).map(|channel| channel.kind).find(|kind| says(*kind));
    let goes = |channel: &&Channel| Some(channel.kind) == first || channel.kind == ChannelKind::Webhook;
    channels.iter().filter(|channel| live(channel)).filter(goes).collect()
}

/// Where it goes when it was not taken, or nobody has seen it arrive, by the channels of a kind: to those of the
/// next kind. Nowhere while another of the same kind works: that one has it too.
pub fn next_rung<'a>(channels: &'a [Channel], failed: &Channel) -> Vec<&'a Channel> {
    let beside = |channel: &&Channel| channel.kind == failed.kind && channel.id != failed.id;
    if !says(failed.kind) || channels.iter().filter(|channel| live(channel)).any(|channel| beside(&channel)) {
        return Vec::new();
    }
    let after = |channel: &&Channel| (channel.place, channel.id) > (failed.place, failed.id);
    let rest = || {
        channels
            .iter()
            .filter(|channel| live(channel))
            .filter(after)
            .filter(|channel| channel.kind != failed.kind)
    };
    let next = rest().map(|channel| channel.kind).find(|kind| says(*kind));
    rest().filter(|channel| Some(channel.kind) == next).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use aftercare_core::{
        id::{ChannelId, UserId},
        instant::Instant,
    };
    use uuid::Uuid;

    fn channel(n: u128, kind: ChannelKind, state: ChannelState) -> Channel {
        Channel {
            id: ChannelId(Uuid::from_u128(n)),
            user_id: UserId(Uuid::from_u128(1)),
            kind,
            state,
            place: i16::try_from(n).unwrap(),
            name: String::new(),
            target: Vec::new(),
            secret_hash: None,
            created_at: Instant::from_micros(0),
            handed_at: None,
            reached_at: None,
            failing_since: None,
            fault: None,
        }
    }

    #[test]
    fn the_first_kind_that_works_then_the_next() {
        use ChannelKind::{Calendar, Email, Ntfy, WebPush, Webhook};
        use ChannelState::{Broken, Live, Unconfirmed};
        let all = [
            channel(0, Calendar, Live),
            channel(1, WebPush, Broken),
            channel(2, WebPush, Live),
            channel(3, Webhook, Live),
            channel(4, Email, Unconfirmed),
            channel(5, WebPush, Live),
            channel(6, Email, Live),
            channel(7, Ntfy, Live),
        ];
        let numbers = |rung: Vec<&Channel>| rung.iter().map(|channel| channel.place).collect::<Vec<_>>();
        assert_eq!(numbers(rung(&all)), [2, 3, 5]);
        assert!(next_rung(&all, &all[2]).is_empty(), "the other phone has it");
        let mut one = all.clone();
        one[5].state = Broken;
        assert_eq!(numbers(next_rung(&one, &one[2])), [6]);
        assert_eq!(numbers(next_rung(&one, &one[6])), [7]);
        assert!(next_rung(&one, &one[7]).is_empty());
        assert!(next_rung(&one, &one[3]).is_empty(), "a program's failure is its own");
        assert!(rung(&all[..2]).is_empty());
    }
}
