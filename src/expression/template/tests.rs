//! Templates: variables, escaping, and faults with their offsets.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use proptest::prelude::*;

use super::*;
use crate::event::{Offset, Partition, Position, Record, TopicIndex};

mod filters;

mod tags;

const ALL: usize = usize::MAX;

pub(super) fn with_event<T>(json: &str, run: impl FnOnce(&Event<'_>) -> T) -> T {
    let position =
        Position { partition: Partition { topic: TopicIndex(0), number: 0 }, offset: Offset(7) };
    let payload = Some(json.as_bytes());
    let record =
        Record { position, topic: "events", timestamp: None, key: None, headers: &(), payload };
    run(&Event::parse(&record).unwrap())
}

/// The rendered text and the sources of the expressions that failed.
pub(super) fn rendered(
    template: &str,
    json: &str,
    escape: Escape,
    enough: usize,
) -> (String, Vec<String>) {
    with_event(json, |event| {
        let (mut out, mut failed) = (String::new(), Vec::new());
        let template = Template::compile(template).unwrap();
        template.render(event, escape, enough, &mut out, &mut |expression, _| {
            failed.push(expression.source().to_owned())
        });
        (out, failed)
    })
}

pub(super) fn shown(template: &str, json: &str) -> String {
    rendered(template, json, Escape::Slack, ALL).0
}

fn refused(template: &str) -> CompileError {
    Template::compile(template).unwrap_err()
}

#[test]
fn the_message_of_a_customer_data_platform() {
    let event =
        r#"{"type":"track","event":"Order Completed","properties":{"name":"Ada","total":49.90}}"#;
    let message = "🎉 {{$.properties.name}} just completed an order for {{$.properties.total}}!";
    assert_eq!(shown(message, event), "🎉 Ada just completed an order for 49.90!");
}

#[test]
fn values_of_every_type() {
    let event = r#"{"s":"x","n":49.90,"id":9007199254740993,"t":true,"f":false,"nil":null,"l":[1,"a",{"z":1.0,"a":2}],"e":""}"#;
    let message =
        "{{s}}|{{n}}|{{id}}|{{t}}|{{f}}|{{nil}}|{{missing.deep}}|{{l}}|{{e}}|{{length(l)}}";
    assert_eq!(
        shown(message, event),
        r#"x|49.90|9007199254740993|true|false|||[1,"a",{"z":1.0,"a":2}]||3"#
    );
}

#[test]
fn only_the_three_characters_of_values_are_escaped() {
    let event = r#"{"x":"<!channel> & O'Brien \"q\" &amp;"}"#;
    assert_eq!(
        shown("<!here> *b* & {{x}}", event),
        "<!here> *b* & &lt;!channel&gt; &amp; O'Brien \"q\" &amp;amp;"
    );
    assert_eq!(shown("{{{x}}}", event), "<!channel> & O'Brien \"q\" &amp;");
    assert_eq!(
        shown("{{ @ }}", r#"{"<":"&"}"#),
        r#"{"&lt;":"&amp;"}"#,
        "keys and nested values too"
    );
    assert_eq!(
        rendered("{{x}}", event, Escape::Nothing, ALL).0,
        "<!channel> & O'Brien \"q\" &amp;"
    );
}

#[test]
fn a_variable_ends_outside_of_quotes_and_braces() {
    let event = r#"{"a":1,"b":"v","}}":"odd"}"#;
    assert_eq!(shown("{{ {x: a, y: b} }}", event), r#"{"x":1,"y":"v"}"#);
    assert!(Template::compile("{{{x: a}}}").is_err(), "three braces always open an unescaped one");
    assert_eq!(shown("{{{{x: a}}}}", event), r#"{"x":1}"#);
    assert_eq!(shown("{{ {x: {y: a}}}}", event), r#"{"x":{"y":1}}"#);
    assert_eq!(shown("{{ '}}' }}{{ \"}}\" }}{{ `\"}}\"` }}", event), "}}odd}}");
    assert_eq!(shown(r"{{ '\'}}' }}|{{ '{' }}", event), "'}}|{");
    assert_eq!(shown("{{\n  a\n}}", event), "1");
    assert_eq!(shown("{{a}}}", event), "1}");
    assert_eq!(shown("{{{a}}}}", event), "1}");
}

#[test]
fn anything_but_a_variable_is_text() {
    for text in ["", "plain", "}} { } a}}b", "{ {a} }", "${a} %s {0}", "{", "}}}"] {
        assert_eq!(shown(text, r#"{"a":1}"#), text);
    }
}

#[test]
fn one_pass() {
    assert_eq!(shown("{{a}}{{{a}}}", r#"{"a":"{{b}}","b":"no"}"#), "{{b}}{{b}}");
    assert_eq!(shown("{{ '{{' }}b}}", r#"{"b":"no"}"#), "{{b}}");
}

#[test]
fn a_failed_expression_is_empty_and_reported() {
    let (text, failed) =
        rendered("a{{ length(n) }}b{{ n }}c{{ abs(s) }}", r#"{"n":1,"s":"x"}"#, Escape::Slack, ALL);
    assert_eq!(
        (text.as_str(), failed),
        ("ab1c", vec!["length(n)".to_owned(), "abs(s)".to_owned()])
    );
}

#[test]
fn faults_are_refused_with_their_offset() {
    for (template, offset, message) in [
        ("é {{", 3, "unclosed variable: `{{` without its `}}`"),
        ("a {{b} c", 2, "unclosed variable: `{{` without its `}}`"),
        ("{{a}} {{{b}}", 6, "unclosed variable: `{{{` without its `}}}`"),
        ("{{ {a: b} ", 0, "unclosed variable: `{{` without its `}}`"),
        ("x {{ name' }}", 9, "unclosed quote ' in the variable that starts with `{{`"),
        ("x {{   }} y", 2, "empty variable `{{ }}`"),
        ("{{{}}}", 0, "empty variable `{{{ }}}`"),
    ] {
        let error = refused(template);
        assert_eq!((error.offset, error.message.as_str()), (offset, message), "{template}");
        assert!(!error.help.is_empty(), "{template}");
    }
}

#[test]
fn the_offset_of_a_fault_inside_an_expression_is_the_templates() {
    let alone = Expression::compile("a ] b").unwrap_err();
    assert_eq!(refused("é {{a}} {{  a ] b }}").offset, "é {{a}} {{  ".len() + alone.offset);
}

#[test]
fn warnings_have_their_offset_in_the_template() {
    let alone = Expression::compile(r#"a == "x""#).unwrap();
    let template = Template::compile(r#"é {{ a }} {{{ a == "x" }}}"#).unwrap();
    let offsets = |warnings: &[CompileError], by: usize| {
        warnings.iter().map(|it| it.offset + by).collect::<Vec<_>>()
    };
    assert!(!alone.warnings().is_empty());
    assert_eq!(
        offsets(&template.warnings(None), 0),
        offsets(alone.warnings(), "é {{ a }} {{{ ".len())
    );
    assert_eq!(template.source(), r#"é {{ a }} {{{ a == "x" }}}"#);
}

#[test]
fn text_after_enough_is_not_copied() {
    let event = format!(r#"{{"a":"{}"}}"#, "é<".repeat(1000));
    let (text, _) = rendered("{{a}}{{a}}{{a}}tail", &event, Escape::Slack, 100);
    assert!(text.starts_with("é&lt;é&lt;") && text.len() <= 100, "{text}");
    let blank = format!(r#"{{"a":"{}","b":"x"}}"#, " ".repeat(1000));
    let (text, _) = rendered("{{a}}{{b}}", &blank, Escape::Slack, 100);
    assert!(
        text.ends_with('x') && text.len() == 1001,
        "whether a text is blank depends on all of it"
    );
}

#[derive(Debug, Clone)]
enum Part {
    Text(String),
    Escaped(usize),
    Raw(usize),
}

fn part() -> impl Strategy<Value = Part> {
    prop_oneof![
        r#"[a}'"`é🎉 \n]{0,6}"#.prop_map(Part::Text),
        (0..4_usize).prop_map(Part::Escaped),
        (0..4_usize).prop_map(Part::Raw),
    ]
}

proptest! {
    #[test]
    fn rendering_is_the_parts_one_after_the_other(
        parts in prop::collection::vec(part(), 0..8),
        values in prop::array::uniform4(r#"[a{}&<'"\\é🎉 ]{0,8}"#),
    ) {
        let (mut template, mut expected) = (String::new(), String::new());
        for part in &parts {
            match part {
                Part::Text(text) => {
                    template.push_str(text);
                    expected.push_str(text);
                }
                Part::Escaped(at) => {
                    template.push_str(&format!("{{{{ v{at}}}}}"));
                    expected.push_str(&values[*at].replace('&', "&amp;").replace('<', "&lt;"));
                }
                Part::Raw(at) => {
                    template.push_str(&format!("{{{{{{v{at} }}}}}}"));
                    expected.push_str(&values[*at]);
                }
            }
        }
        let members: serde_json::Map<_, _> = (0..).zip(&values).map(|(at, it)| (format!("v{at}"), it.clone().into())).collect();
        prop_assert_eq!(shown(&template, &serde_json::Value::Object(members).to_string()), expected);
    }

    #[test]
    fn any_text_compiles_or_is_refused_at_a_place_inside_it(source in r#"[{}a.'"`\\ é]{0,12}"#) {
        match Template::compile(&source) {
            Ok(template) => {
                let is_variable = |node: &Node| matches!(node, Node::Variable(_));
                prop_assert_eq!(template.nodes.iter().any(is_variable), source.contains("{{"));
                if !source.contains("{{") {
                    prop_assert_eq!(shown(&source, "{}"), source);
                }
            }
            Err(error) => {
                prop_assert!(source.contains("{{"));
                prop_assert!(source.is_char_boundary(error.offset), "{:?}", error);
            }
        }
    }
}
