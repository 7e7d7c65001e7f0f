//! A template with tags renders as the template without tags that has the branches taken and the
//! rounds of the loops: what holds for the places of values there holds with tags, too.
use proptest::prelude::*;
use serde_json::json;

use crate::expression::template::Template;
use crate::expression::template::tests::shown;

/// A part of a template: how it is written with tags, and the text that it is without them.
#[derive(Debug, Clone)]
struct Part {
    tags: String,
    plain: String,
}

/// Text of an author, whose markup tags and values are in.
fn own() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "<",
        ">",
        "|",
        "\n> ",
        "\n>",
        ">>>",
        "&gt; ",
        "&",
        "&g",
        "gt;",
        " ",
        "x",
        "https://x.test",
        "<https://",
        "/",
        ".x.test/",
        "<@",
        "<!",
        "^",
        "@",
        "`",
        "``",
        "```",
        "\n",
        "|y> ",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..4).prop_map(|own| own.concat())
}

fn variable() -> impl Strategy<Value = String> {
    let names = ["{{a}}", "{{b}}", "{{ c }}", "{{{a}}}", "{{ b || a }}", "{{missing}}", ""];
    prop::sample::select(names.to_vec()).prop_map(str::to_owned)
}

fn part() -> impl Strategy<Value = Part> {
    (own(), variable(), own(), 0..8_u8).prop_map(|(before, variable, after, form)| {
        let text = format!("{before}{variable}{after}");
        let (tags, plain) = match form {
            0 => (format!("{{% if yes %}}{text}{{% endif %}}"), text),
            1 => (format!("{{% if no %}}{text}{{% endif %}}"), String::new()),
            2 => (format!("{before}{{% if no %}}x{{% else %}}{variable}{{% endif %}}{after}"), text),
            3 => (format!("{before}{{% unless yes %}}<{{% endunless %}}{variable}{after}"), text),
            4 => (
                format!("{{% for x in [a, b] %}}{before}{{{{x}}}}{after}{{% endfor %}}"),
                format!("{before}{{{{a}}}}{after}{before}{{{{b}}}}{after}"),
            ),
            5 => (
                format!("{{% for x in l %}}{{% case x %}}{{% when 'v' %}}{text}{{% endcase %}}{{% endfor %}}"),
                text,
            ),
            6 => (format!("{before}{{% comment %}}<{{% endcomment %}}{variable}{after}"), text),
            _ => (text.clone(), text),
        };
        Part { tags, plain }
    })
}

fn value() -> impl Strategy<Value = String> {
    const PIECES: &[&str] = &[
        "v",
        "\n",
        "\r\n",
        "\u{2028}",
        ">",
        ">>>",
        "<",
        "&",
        "gt;",
        "|",
        "!here",
        "!",
        "@",
        "#",
        "^",
        " ",
        "https://evil.test/",
        ".evil.test",
        "/",
        ":",
        "\\",
        "`",
        "```",
        "{{a}}",
        "{% if %}",
    ];
    prop::collection::vec(prop::sample::select(PIECES), 0..5).prop_map(|value| value.concat())
}

/// Whether a line has only tags and white space, so that it is removed.
fn has_bare_line(template: &str) -> bool {
    template.split('\n').any(|line| {
        // A comment is no text.
        let mut rest = line.replace("{% comment %}<{% endcomment %}", "{%%}");
        let mut has_tag = false;
        while let Some((before, after)) = rest.split_once("{%")
            && let Some((_, after)) = after.split_once("%}")
        {
            has_tag = true;
            rest = format!("{before}{after}");
        }
        has_tag && rest.trim().is_empty()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]
    #[test]
    fn tags_render_as_the_branches_that_are_taken(
        parts in prop::collection::vec(part(), 1..5),
        values in prop::array::uniform3(value()),
    ) {
        let tags: String = parts.iter().map(|part| part.tags.as_str()).collect();
        let plain: String = parts.iter().map(|part| part.plain.as_str()).collect();
        prop_assume!(!has_bare_line(&tags));
        let [a, b, c] = values;
        let event = json!({ "a": a, "b": b, "c": c, "yes": true, "l": ["v", "w"] }).to_string();
        prop_assert_eq!(shown(&tags, &event), shown(&plain, &event), "{:?}", tags);
    }

    #[test]
    fn any_tags_compile_or_are_refused_at_a_place_inside_them(
        pieces in prop::collection::vec(prop::sample::select(&[
            "{% if a %}", "{% elsif b %}", "{% else %}", "{% endif %}", "{%- unless a -%}",
            "{% endunless %}", "{% case a %}", "{% when 'x', b %}", "{% endcase %}",
            "{% for x in l %}", "{% for y in x limit: 2 %}", "{% endfor %}", "{% comment %}",
            "{% endcomment %}", "{% raw %}", "{% endraw %}", "{{ x }}", "{{ forloop.index }}",
            "{{ $x | to_string }}", "{{- a -}}", "{{", "}}", "{%", "%}", "é", "\n", " ", "'", "<",
        ][..]), 0..16),
        event in prop::sample::select(&[
            "{}", r#"{"a":1,"l":[[1,2],"x",{"k":"v"}]}"#, r#"{"a":"x","b":"x","l":{"k":["v"]}}"#,
        ][..]),
    ) {
        let source = pieces.concat();
        match Template::compile(&source) {
            Ok(_) => prop_assert!(shown(&source, event).len() < 100_000),
            Err(error) => {
                prop_assert!(source.is_char_boundary(error.offset), "{:?} of {:?}", error, source);
                prop_assert!(!error.help.is_empty());
            }
        }
    }
}
