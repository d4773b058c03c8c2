//! How messages reach people.

use aftercare_store::channel::{Channel, ChannelKind, ChannelState};

/// Where a message goes first: every working channel of the first kind that has one, in the order its owner
/// has given; and to their own programs, which are told of everything.
pub fn rung(channels: &[Channel]) -> Vec<&Channel> {
    let live = |channel: &&Channel| channel.state == ChannelState::Live;
    let says = |kind: ChannelKind| !matches!(kind, ChannelKind::Calendar | ChannelKind::Webhook);
    let first = channels.iter().filter(live).map(|channel| channel.kind).find(|kind| says(*kind));
    let goes = |channel: &&Channel| Some(channel.kind) == first || channel.kind == ChannelKind::Webhook;
    channels.iter().filter(live).filter(goes).collect()
}
