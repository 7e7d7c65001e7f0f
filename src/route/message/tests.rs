//! Payloads: their fields, and cuts of long texts.
#![allow(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;

use super::cut::{cut_field, cut_text};
use super::*;
use crate::event::Event;
use crate::expression::{Budget, Context, EvalError, Expression};
use crate::route::fixture::{ORDER, ORDER_MESSAGE, action, record};

mod blocks;

fn render_for(
    action: &Action,
    event: &Event<'_>,
    failed: &mut dyn FnMut(&Expression, &EvalError),
) -> Result<Message, EmptyMessage> {
    let budget = Budget::of_delivery();
    let context = Context::lenient(event, &budget, None);
    render(action, action.channel.as_ref(), &mut Rendering::new(&context, failed))
}

fn of(action: &Action, json: &str) -> Result<Message, EmptyMessage> {
    let record = record(0, json.as_bytes());
    render_for(action, &Event::parse(&record).unwrap(), &mut |_, _| {})
}

fn payload(action: &Action, json: &str) -> String {
    String::from_utf8(of(action, json).unwrap().payload.to_vec()).unwrap()
}

fn template(source: &str) -> Option<Template> {
    Some(Template::compile(source).unwrap())
}

#[test]
fn absent_fields_are_absent_keys() {
    let plain = action(ORDER.0, ORDER.1, ORDER_MESSAGE);
    let event =
        r#"{"properties":{"name":"Ada","total":49.90},"c":"ops","blank":" ","u":"A & <B>"}"#;
    let text = r#""text":"🎉 Ada just completed an order for 49.90!""#;
    assert_eq!(payload(&plain, event), format!("{{{text}}}"));

    let full = Action {
        channel: template("#{{c}}"),
        user: template("Bot {{u}}"),
        icon_url: template("https://x.test/{{c}}.png"),
        ..action("a", "a", ORDER_MESSAGE)
    };
    let others =
        r##""channel":"#ops","username":"Bot A & <B>","icon_url":"https://x.test/ops.png""##;
    assert_eq!(payload(&full, event), format!("{{{text},{others}}}"), "not escaped");

    let blank = Action {
        channel: template("{{c}}"),
        user: template("{{blank}}"),
        icon_url: template(" "),
        ..full
    };
    let event = r#"{"properties":{"name":"Ada","total":49.90},"c":"","blank":" "}"#;
    assert_eq!(payload(&blank, event), format!("{{{text}}}"));
}

#[test]
fn an_emoji_has_its_colons() {
    let of = |emoji: &str, event: &str| {
        payload(&Action { icon_emoji: template(emoji), ..action("a", "a", "x") }, event)
    };
    for (emoji, sent) in [
        (":bell:", r#","icon_emoji":":bell:""#),
        ("bell", r#","icon_emoji":":bell:""#),
        (" bell: ", r#","icon_emoji":":bell:""#),
        (":wave::skin-tone-3:", r#","icon_emoji":":wave::skin-tone-3:""#),
        ("{{e}}", r#","icon_emoji":":tada:""#),
        (":{{e}}:", r#","icon_emoji":":tada:""#),
        ("{{missing}}", ""),
        (":{{missing}}:", ""),
        (" : ", ""),
    ] {
        let expected = format!(r#"{{"text":"x"{sent}}}"#);
        assert_eq!(of(emoji, r#"{"e":"tada"}"#), expected, "{emoji}");
    }
}

#[test]
fn unfurl_and_link_names_are_sent_if_they_are_set() {
    let of =
        |unfurl, link_names| payload(&Action { unfurl, link_names, ..action("a", "a", "x") }, "{}");
    let start = r#"{"text":"x""#;
    assert_eq!(of(None, None), format!("{start}}}"));
    assert_eq!(
        of(Some(false), None),
        format!(r#"{start},"unfurl_links":false,"unfurl_media":false}}"#)
    );
    assert_eq!(
        of(Some(true), Some(true)),
        format!(r#"{start},"unfurl_links":true,"unfurl_media":true,"link_names":true}}"#)
    );
    assert_eq!(of(None, Some(false)), format!(r#"{start},"link_names":false}}"#));
}

/// Slack makes mentions of names in plain text then: a value must not ping.
#[test]
fn with_link_names_only_the_templates_own_names_are_names() {
    let of = |link_names, message: &str, value: &str| {
        let action = Action { link_names, ..action("a", "a", message) };
        let event = serde_json::json!({ "a": value }).to_string();
        let payload: serde_json::Value = serde_json::from_str(&payload(&action, &event)).unwrap();
        payload["text"].as_str().unwrap().to_owned()
    };
    for (message, value, expected) in [
        ("@oncall {{a}}", "@here @channel", "@oncall @\u{200b}here @\u{200b}channel"),
        ("{{a}}", "(@everyone) #general", "(@\u{200b}everyone) #\u{200b}general"),
        ("> {{a}}", "x\n@here", "> x\n> @\u{200b}here"),
        ("{{a}}here", "@", "@\u{200b}here"),
        ("@{{a}}", "ada", "@ada"),
        ("{{{a}}}", "@ada", "@ada"),
        ("{{a}}", "ada@example.com", "ada@example.com"),
        ("<https://x.test/{{a}}|x>", "#top", "<https://x.test/#top|x>"),
    ] {
        assert_eq!(of(Some(true), message, value), expected, "{message}");
    }
    assert_eq!(of(None, "{{a}}", "@ada"), "@ada");
    assert_eq!(of(Some(false), "{{a}}", "#general"), "#general");
}

#[test]
fn values_in_the_text_are_escaped() {
    let text = r#"{"text":"<!here> &lt;!channel&gt; &amp; <!x>"}"#;
    assert_eq!(
        payload(&action("a", "a", "<!here> {{a}} {{{b}}}"), r#"{"a":"<!channel> &","b":"<!x>"}"#),
        text
    );
}

#[test]
fn white_space_alone_is_not_a_message() {
    for message in ["{{a}}", " {{a}}\n", "{{ ' ' }}\u{a0}\u{2003}", "{{ length(a) }}"] {
        assert_eq!(of(&action("a", "a", message), "{}"), Err(EmptyMessage), "{message}");
    }
    assert!(of(&action("a", "a", "\u{200b}.{{a}}"), "{}").is_ok());
}

#[test]
fn a_long_message_is_cut_to_4_000_characters_or_split() {
    let text_of = |long_text, value: &str| {
        let all = Action { long_text, ..action("a", "a", "{{a}}") };
        let message = of(&all, &serde_json::json!({ "a": value }).to_string()).unwrap();
        let payload: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
        (payload["text"].as_str().unwrap().to_owned(), message.truncated.names())
    };
    let (cut, whole) = (vec!["message"], Vec::new());
    let e = |count| "é".repeat(count);
    for (value, expected, kinds) in [
        (e(4_000), e(4_000), &whole),
        (e(4_001), e(3_999) + "…", &cut),
        (e(3_000_000), e(3_999) + "…", &cut),
        (e(3_900) + " \n" + &e(200), e(3_900) + "…", &cut),
        (e(3_799) + " " + &e(500), e(3_799) + " " + &e(199) + "…", &cut),
        (e(3_990) + "<&>" + &e(10), e(3_990) + "&lt;&amp;…", &cut),
    ] {
        assert_eq!(text_of(LongText::Truncate, &value), (expected, kinds.clone()));
    }
    for (value, expected, kinds) in [
        (e(4_001), e(4_001), &whole),
        (e(40_000), e(40_000), &whole),
        (e(40_001), e(39_999) + "…", &cut),
        (e(3_000_000), e(39_999) + "…", &cut),
    ] {
        assert_eq!(text_of(LongText::Split, &value), (expected, kinds.clone()));
    }
}

#[test]
fn an_event_of_any_size_gives_a_payload_of_bounded_size() {
    let greedy = Action {
        channel: template("{{a}}"),
        user: template("{{a}}"),
        icon_url: template("{{{a}}}"),
        ..action("a", "a", &"{{a}}{{{a}}}{{@}}".repeat(20))
    };
    let message = of(&greedy, &format!(r#"{{"a":"{}"}}"#, "\\u0001&".repeat(100_000))).unwrap();
    assert_eq!(message.truncated.names(), ["message", "field"]);
    // A control character takes six bytes in JSON.
    assert!(message.payload.len() < 6 * (4_000 + 3 * 2_000) + 100, "{}", message.payload.len());
}

#[test]
fn a_cut_divides_no_entity_link_or_mention() {
    for (text, limit, expected) in [
        ("abcdef", 4, "abc…"),
        ("abcd", 4, "abcd"),
        ("ab&amp;cd", 4, "ab…"),
        ("ab&amp;cd", 7, "ab…"),
        ("ab&amp;cd", 8, "ab&amp;…"),
        ("a&lt;b&gt;c d", 11, "a&lt;b&gt;…"),
        ("a &b cdef", 5, "a &b…"),
        ("a <b|c d> efgh", 13, "a <b|c d>…"),
        ("a <b|c d>efgh", 12, "a…"),
        ("<b|c d>efgh", 9, "<b|c d>e…"),
        ("see <https://x.test/y|text> now", 12, "see…"),
        ("see <https://x.test/y|text> now", 27, "see…"),
        ("see <https://x.test/y|text> now", 28, "see <https://x.test/y|text>…"),
        ("hi <!subteam^S123> bye", 6, "hi…"),
        ("a < b and so on", 8, "a < b…"),
        ("a < b\nand > so on", 8, "a < b…"),
        ("go https://x.test/long/path on", 12, "go…"),
        ("go https://x.test/long/path on", 28, "go https://x.test/long/path…"),
        ("go (https://x.test/a&amp;b) on", 22, "go…"),
        ("x😀é—z", 4, "x😀é…"),
    ] {
        let mut cut = text.to_owned();
        assert_eq!(cut_text(&mut cut, limit), cut != text, "{text} {limit}");
        assert_eq!(cut, expected, "{text} {limit}");
    }
}

#[test]
fn a_link_that_is_too_long_is_cut_like_text() {
    for text in
        [format!("<{}>", "a".repeat(50_000)), format!("https://x.test/{}", "a".repeat(50_000))]
    {
        let mut cut = text.clone();
        assert!(cut_text(&mut cut, 40_000));
        assert_eq!(cut, format!("{}…", &text[..39_999]));
    }
}

#[test]
fn a_field_is_cut_at_any_character() {
    for (text, limit, expected) in [("abc", 3, "abc"), ("éab", 2, "éa"), ("a&amp;", 3, "a&a")] {
        let mut cut = text.to_owned();
        assert_eq!(cut_field(&mut cut, limit), text != expected);
        assert_eq!(cut, expected);
    }
}

/// Everything that must not be divided, as (first, after the last) in characters.
fn whole_spans(text: &[char]) -> Vec<(usize, usize)> {
    let starts =
        |at: usize, with: &str| with.chars().enumerate().all(|(i, c)| text.get(at + i) == Some(&c));
    let mut spans = Vec::new();
    for at in 0..text.len() {
        for entity in ["&amp;", "&lt;", "&gt;"] {
            if starts(at, entity) {
                spans.push((at, at + entity.len()));
            }
        }
        if text[at] == '<'
            && let Some(length) = text[at + 1..].iter().position(|c| matches!(c, '<' | '>' | '\n'))
            && text[at + 1 + length] == '>'
        {
            spans.push((at, at + length + 2));
        }
        if starts(at, "http://") || starts(at, "https://") {
            let length = text[at..]
                .iter()
                .position(|c| c.is_whitespace() || matches!(c, '<' | '>' | '|' | '"'));
            // A link counts as one once its scheme is complete.
            spans.push((at, at + length.unwrap_or(text.len() - at)));
        }
    }
    spans
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]
    #[test]
    fn a_cut_divides_nothing(
        parts in prop::collection::vec(prop_oneof![
            Just("&amp;"), Just("&lt;"), Just("&gt;"), Just("&"), Just("<"), Just(">"), Just("<!here>"), Just("a"), Just("é😀"), Just(" "),
            Just("\n"), Just("http://x"), Just("<https://x.test/&amp;|t>"), Just("|"), Just("lt;"),
        ], 0..12),
        limit in 1..40_usize,
    ) {
        let text = parts.concat();
        let characters: Vec<char> = text.chars().collect();
        let mut cut = text.clone();
        let truncated = cut_text(&mut cut, limit);
        prop_assert_eq!(truncated, characters.len() > limit);
        if !truncated {
            prop_assert_eq!(cut, text);
            return Ok(());
        }
        let spans = whole_spans(&characters);
        // A link that is cut within its scheme is not a link.
        let scheme = |start: usize, end: usize| characters[start] != 'h' || start + 7 <= end;
        let apart = |end: usize| spans.iter().filter(move |&&(start, behind)| start < end && end < behind && scheme(start, end));
        let mut end = limit - 1;
        while let Some(start) = apart(end).map(|&(start, _)| start).min() {
            end = start;
        }
        // The end of the last word before it; the words of a form are not words of the text.
        let is_in_form = |at: usize| spans.iter().any(|&(start, behind)| characters[start] == '<' && start < at && at < behind);
        let space = (0..=end).rev().find(|at| characters[*at].is_whitespace() && !is_in_form(*at));
        let words: String = characters[..space.unwrap_or(end)].iter().collect();
        let expected = match words.trim_end() {
            "" => characters[..end].iter().collect::<String>(),
            words if space.is_some() => words.to_owned(),
            _ => words,
        } + "…";
        prop_assert_eq!(cut, expected, "of {}", text);
    }

    #[test]
    fn a_payload_is_json_with_exactly_the_rendered_text(value in any::<String>(), user in any::<String>()) {
        let event = serde_json::json!({"a": value, "u": user}).to_string();
        let action = Action { user: template("{{u}}"), ..action("a", "a", "x{{{a}}}") };
        let message = of(&action, &event).unwrap();
        let payload: serde_json::Value = serde_json::from_slice(&message.payload).unwrap();
        let mut expected = serde_json::json!({ "text": format!("x{value}") });
        if !user.trim().is_empty() {
            expected["username"] = user.into();
        }
        prop_assert_eq!(payload, expected);
    }
}
