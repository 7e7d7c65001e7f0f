//! The parts of long texts that deliveries have posted.

use super::*;

pub fn parts(most: usize) -> impl Strategy<Value = PartsSent> {
    prop::collection::vec((0..5_000i64, 0..20u32, 1..=20u8), 0..most).prop_map(|all| {
        let mut parts = PartsSent::default();
        for (ahead, action, sent) in all {
            parts.insert(Offset(BASE + ahead), name(action), sent);
        }
        parts
    })
}

proptest! {
    /// A cut state has the parts of as many deliveries as there is room for, and says if it lacks
    /// some: each number is one that was posted.
    #[test]
    fn parts_without_room_are_missing_and_that_is_reported(state in state(60), more in parts(200), budget in 0..3_000usize) {
        let state = RestartState { parts: more, ..state };
        let fitted = fit(&state, Offset(BASE), budget, None);
        prop_assert!(fitted.text.len() <= budget);
        let read = decode(fitted.text.as_bytes(), Offset(BASE)).unwrap_or_default().parts;
        prop_assert_eq!(fitted.lacks_parts, read != state.parts);
        for (offset, action, parts) in read.iter() {
            prop_assert_eq!(state.parts.get(offset, action), parts);
        }
        let least = |kept: u8| state.parts.iter().filter(|(.., parts)| *parts > kept).count();
        let kept = read.iter().map(|(.., parts)| parts).min();
        prop_assert!(kept.is_none_or(|kept| least(kept) <= read.len()), "the most parts are kept");
    }
}
