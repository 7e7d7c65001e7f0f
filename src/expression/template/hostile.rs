//! Hostile values in links, mentions, quotes and code.
#![allow(clippy::unwrap_used, reason = "tests")]
use serde_json::{Map, json};

use super::tests::{shown, with_event};
use super::{Escape, Template};

mod markup;

mod tags;

/// The text of `template` where its variables `a`, `b` and `c` have these values.
fn filled(template: &str, values: &[String]) -> String {
    let members = ["a", "b", "c"].into_iter().zip(values);
    let event: Map<_, _> = members.map(|(name, value)| (name.to_owned(), json!(value))).collect();
    shown(template, &json!(event).to_string())
}

fn with_a(template: &str, a: &str) -> String {
    filled(template, &[a.to_owned(), "b".to_owned(), "c".to_owned()])
}

#[test]
fn a_value_in_a_target_stays_in_it() {
    for (template, value, expected) in [
        ("<https://x.test/{{a}}|Open>", "7|Pay now", "<https://x.test/7%7CPay%20now|Open>"),
        (
            "<https://x.test/{{a}}|Open>",
            "7&b=<1>\r\n^\\",
            "<https://x.test/7&amp;b=%3C1%3E%0D%0A%5E%5C|Open>",
        ),
        ("<https://x.test/{{a}}|Open>", "é%20?q=1#2", "<https://x.test/é%20?q=1#2|Open>"),
        (
            "<https://x.test/{{a}}|Open>",
            "\u{2028}\u{a0}\u{1}",
            "<https://x.test/%E2%80%A8%C2%A0%01|Open>",
        ),
        ("<https://x.test/{{a}}?b={{a}}>", "|", "<https://x.test/%7C?b=%7C>"),
        (
            "<{{a}}|{{b}}>",
            "https://evil.test/?q=x|bank.test",
            "<https://evil.test/?q=x%7Cbank.test|b>",
        ),
        ("<{{a}}>", "https://x.test/a b", "<https://x.test/a%20b>"),
        ("{{b}} <{{a}}>", "ada@x.test", "b <ada@x.test>"),
        ("<mailto:{{a}}|Write>", "ada@x.test", "<mailto:ada@x.test|Write>"),
        ("<mailto:{{a}}|Write>", "ada@x.test|Pay", "<mailto:ada@x.test%7CPay|Write>"),
    ] {
        assert_eq!(with_a(template, value), expected, "{template}");
    }
}

#[test]
fn a_value_in_a_label_stays_in_it() {
    for (template, value, expected) in [
        ("<https://x.test|{{a}}>", "a|b\r\nc\nd>", "<https://x.test|a¦b c d&gt;>"),
        ("<https://x.test/{{b}}|Open {{a}} now> {{a}}", "|", "<https://x.test/b|Open ¦ now> |"),
        ("<!date^1392734382^{date}|{{a}}>", "x|y", "<!date^1392734382^{date}|x¦y>"),
    ] {
        assert_eq!(with_a(template, value), expected, "{template}");
    }
}

#[test]
fn a_mention_by_id_works_and_a_hostile_id_is_harmless() {
    for (template, value, expected) in [
        ("<@{{a}}>", "U012AB3CD", "<@U012AB3CD>"),
        ("<#{{a}}|{{b}}>", "C012AB3CD", "<#C012AB3CD|b>"),
        ("<!subteam^{{a}}>", "SAZ94GDB8", "<!subteam^SAZ94GDB8>"),
        ("<@{{a}}>", "U1|@boss> <!here", "<@U1%7C@boss%3E%20%3C!here>"),
        ("<@{{a}}>", "!here", "<@%21here>"),
        ("<{{a}}>", "!here", "<%21here>"),
        ("<{{a}}|{{b}}>", "@U012AB3CD", "<%40U012AB3CD|b>"),
        ("<{{a}}|{{b}}>", "#C012AB3CD", "<%23C012AB3CD|b>"),
        ("<{{missing}}{{a}}>", "!channel", "<%21channel>"),
        ("<{{a}}channel>", "!", "<%21channel>"),
        ("<{{a}}!here>", "", "<\u{200b}!here>"),
        ("<!date^{{a}}^{date}|{{b}}>", "1392734382", "<!date^1392734382^{date}|b>"),
        (
            "<!date^{{a}}^{date} at {time}|{{b}}>",
            "1^Pay^https://evil.test",
            "<!date^1%5EPay%5Ehttps://evil.test^{date} at {time}|b>",
        ),
    ] {
        assert_eq!(with_a(template, value), expected, "{template}");
    }
}

#[test]
fn a_value_does_not_change_the_host_that_the_author_wrote() {
    for (template, value, expected) in [
        ("<https://x.test{{a}}|Open>", "/u/7?a=b", "<https://x.test/u/7?a=b|Open>"),
        ("<https://x.test{{a}}|Open>", "?a=b", "<https://x.test?a=b|Open>"),
        ("<https://x.test{{a}}|Open>", ":8443/u", "<https://x.test:8443/u|Open>"),
        ("<https://x.test{{a}}|Open>", "", "<https://x.test|Open>"),
        ("<https://x.test{{a}}|Open>", "@evil.test/", "<https://x.test/@evil.test/|Open>"),
        ("<https://x.test{{a}}|Open>", ".evil.test", "<https://x.test/.evil.test|Open>"),
        ("<https://x.test{{a}}|Open>", "|Pay", "<https://x.test/%7CPay|Open>"),
        ("<https://{{a}}.x.test/u|Open>", "eu-1", "<https://eu-1.x.test/u|Open>"),
        ("<https://{{a}}.x.test/u|Open>", "evil.test/?", "<https://evil.test%2F%3F.x.test/u|Open>"),
        ("<https://{{a}}/u|Open>", "y.test:80", "<https://y.test:80/u|Open>"),
        ("<{{a}}://x.test/u|Open>", "https", "<https://x.test/u|Open>"),
        (
            "<{{a}}://x.test/u|Open>",
            "https://evil.test/?",
            "<https%3A%2F%2Fevil.test%2F%3F://x.test/u|Open>",
        ),
    ] {
        assert_eq!(with_a(template, value), expected, "{template}");
    }
}

#[test]
fn a_less_than_sign_is_not_a_link() {
    for template in [
        "{{b}} < {{a}}",
        "5 <{{a}}",
        "5 <{{a}}\n> quoted",
        "{{a}} <- {{b}}",
        "<https://x.test|b> {{a}}",
        "-> {{a}}",
        "{{a}} <",
    ] {
        let value = "x|y z\nw";
        assert_eq!(with_a(template, value), template.replace("{{a}}", value).replace("{{b}}", "b"));
    }
    assert_eq!(with_a("if 5 < {{a}} or {{a}} > 7", "x y|z"), "if 5 < x y¦z or x y¦z > 7");
    assert_eq!(with_a("if 5 <{{a}} and {{b}}> 7", "x y"), "if 5 <x y and b> 7");
    assert_eq!(with_a("if 5 <{{a}} and {{b}}> 7", "!here"), "if 5 <\u{200b}!here and b> 7");
}

#[test]
fn raw_stays_raw() {
    let value = "https://x.test|y z\n> w";
    for template in ["<{{{a}}}|{{b}}>", "> {{{a}}}", "{{{a}}}> x", "<{{b}}|{{{a}}}>", "&{{{a}}}"] {
        assert_eq!(
            with_a(template, value),
            template.replace("{{{a}}}", value).replace("{{b}}", "b")
        );
    }
}

#[test]
fn a_value_stays_in_its_quote() {
    for (template, value, expected) in [
        ("> {{a}}\nSent by {{a}}", "x\n\n*y*", "> x\n> \n> *y*\nSent by x\n\n*y*"),
        ("> {{a}} {{a}}", "x\r\ny", "> x\n> y x\n> y"),
        (">{{a}}", "x\ry\u{2028}z", ">x\n>y\n>z"),
        ("&gt; {{a}}", "x\ny", "&gt; x\n&gt; y"),
        ("*Comment*\n> _{{a}}_", "x\ny", "*Comment*\n> _x\n> y_"),
        ("> <https://x.test|{{a}}> {{a}}", "x\ny", "> <https://x.test|x y> x\n> y"),
        (">>> {{a}}\n{{a}}", "x\ny", ">>> x\ny\nx\ny"),
        (">{{a}}", ">> x\n>> y", ">\u{200b}&gt;&gt; x\n>\u{200b}&gt;&gt; y"),
    ] {
        assert_eq!(with_a(template, value), expected, "{template}");
    }
}

#[test]
fn a_value_starts_no_quote() {
    for (template, value, expected) in [
        ("{{a}}", "> x", "\u{200b}&gt; x"),
        ("{{a}}", "x > y\n  > z >> w", "x &gt; y\n  \u{200b}&gt; z &gt;&gt; w"),
        ("{{a}}", ">>> x", "\u{200b}&gt;&gt;&gt; x"),
        ("x {{a}}", "> y", "x &gt; y"),
        ("x\n {{a}}", "> y", "x\n \u{200b}&gt; y"),
        ("{{a}}> x", "", "\u{200b}> x"),
        ("{{a}}> x", "y", "y> x"),
        ("{{a}}> x", "y\n", "y\n\u{200b}> x"),
        ("{{missing}}{{a}} &gt; x", "", "\u{200b} &gt; x"),
        ("x {{a}} > x", "y\n", "x y\n\u{200b} > x"),
        ("&{{a}}", "gt; x", "&\u{200b}gt; x"),
        ("&g{{missing}}{{a}}", "t; x", "&g\u{200b}t; x"),
    ] {
        assert_eq!(with_a(template, value), expected, "{template}");
    }
}

#[test]
fn a_value_stays_in_its_code() {
    for (template, value, expected) in [
        ("`{{a}}` {{a}}", "x` *y*", "`xˋ *y*` x` *y*"),
        (
            "```\n{{a}}\n``` {{a}}",
            "a `b` ```",
            "```\na `b` `\u{200b}`\u{200b}`\u{200b}\n``` a `b` ```",
        ),
        ("```{{a}}{{a}}{{a}}```", "`", "```\u{200b}`\u{200b}`\u{200b}`\u{200b}```"),
        ("> ```{{a}}```", "x\n``` y", "> ```x\n> `\u{200b}`\u{200b}` y```"),
        ("it`s {{a}}\nand`s", "`", "it`s `\nand`s"),
        ("``` {{a}}", "`", "``` `"),
        ("``{{a}}``", "`", "`````"),
        ("`{{{a}}}`", "`", "```"),
        ("`<https://x.test/{{a}}|{{a}}>`", "`|", "`<https://x.test/ˋ%7C|ˋ¦>`"),
    ] {
        assert_eq!(with_a(template, value), expected, "{template}");
    }
}

#[test]
fn a_value_notifies_no_channel_by_its_plain_name() {
    for (template, value, expected) in [
        (
            "{{a}}",
            "@here, (@Channel) @everyone",
            "@\u{200b}here, (@\u{200b}Channel) @\u{200b}everyone",
        ),
        ("> {{a}}", "x\n@all", "> x\n> @\u{200b}all"),
        ("<https://x.test/{{a}}|{{a}}>", "@here", "<https://x.test/@here|@\u{200b}here>"),
        ("{{a}}here", "@", "@\u{200b}here"),
        ("{{a}}l", "x @al", "x @\u{200b}all"),
        (
            "{{a}}",
            "ada@here.test _@here_ @ada @heres @ here @",
            "ada@here.test _@\u{200b}here_ @ada @heres @ here @\u{200b}",
        ),
        ("@here {{a}}", "x", "@here x"),
        ("{{{a}}}", "@here", "@here"),
    ] {
        assert_eq!(with_a(template, value), expected, "{template}");
    }
}

#[test]
fn a_harmless_value_is_not_copied() {
    let event = r#"{"url":"https://x.test/u?a=b","id":"7","name":"Ada","text":"x\ny"}"#;
    for template in
        ["<{{url}}|{{name}}> {{text}}", "<https://x.test/{{id}}|{{name}}>\n> {{name}}", "<@{{id}}>"]
    {
        let template = Template::compile(template).unwrap();
        with_event(event, |event| {
            let mut out = String::with_capacity(1_000);
            let mut render =
                || template.render(event, Escape::Slack, usize::MAX, &mut out, &mut |_, _| {});
            assert_eq!(allocation_counter::measure(&mut render).count_total, 0);
        });
    }
}
