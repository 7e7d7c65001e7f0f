//! Which channels an app's posts have arrived in, by Slack's ID: two names of the configuration can
//! be one channel, whose messages then have two rates and no common order.

use std::collections::HashMap;

use parking_lot::Mutex;

/// By Slack's ID of a channel: the channel of the configuration that was posted to first.
#[derive(Default)]
pub struct Places(Mutex<HashMap<String, String>>);

impl Places {
    /// Records that posts to `channel` arrive in the channel with this ID. Returns the other
    /// channel of the configuration whose posts arrive there too.
    pub fn record(&self, id: String, channel: &str) -> Option<String> {
        let mut places = self.0.lock();
        let first = places.entry(id).or_insert_with(|| channel.to_owned());
        (first != channel).then(|| first.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_channel_with_an_id_is_noticed() {
        let places = Places::default();
        let record = |id: &str, channel| places.record(id.to_owned(), channel);
        assert_eq!(record("C1", "#sales"), None);
        assert_eq!(record("C2", "#emea"), None);
        assert_eq!(record("C1", "#sales"), None, "the same one");
        assert_eq!(record("C1", "C1"), Some("#sales".to_owned()));
    }
}
