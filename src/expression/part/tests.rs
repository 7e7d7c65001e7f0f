//! The text of each part of an expression compiles to the part's node.

use proptest::prelude::*;

use super::Part;
use crate::expression::compiled::Expression;
use crate::expression::compliance::for_each_case;
use crate::expression::condition::tests::any_condition;
use crate::expression::lexer::Tokens;
use crate::expression::properties::any_expression;

/// The texts of an expression's parts, each before its own parts.
fn texts(source: &str) -> Vec<String> {
    fn collect(part: Part<'_>, texts: &mut Vec<String>) {
        let text = part.text();
        let again = Expression::compile(&text)
            .unwrap_or_else(|error| panic!("the part {text} does not compile: {error}"));
        assert_eq!(format!("{:?}", again.node()), format!("{:?}", part.node), "{text}");
        texts.push(text);
        part.operands().into_iter().for_each(|operand| collect(operand, texts));
    }
    let expression = Expression::compile(source).unwrap();
    let (mut texts, tokens) = (Vec::new(), Tokens::read(source).unwrap());
    collect(Part::new(expression.node(), &tokens.all), &mut texts);
    texts
}

#[test]
fn parts_have_the_text_that_the_user_wrote() {
    for (source, expected) in [
        ("a", &[][..]),
        ("$.a&&b", &["$.a", "b"]),
        ("a || (b && c) || d", &["a", "b && c", "b", "c", "d"]),
        ("((a && b)) && (c)", &["a", "b", "c"]),
        ("(a && b) && (c && d)", &["a", "b", "c && d", "c", "d"]),
        ("(a) || (b)", &["a", "b"]),
        ("(a || b | c) || d", &["a || b | c", "d"]),
        ("!(a.b == 'x')", &["a.b == 'x'", "a.b", "'x'"]),
        ("!!a", &["!a", "a"]),
        ("a == b == c", &["a == b", "a", "b", "c"]),
        ("a[?b == 'x' && c] == '&&'", &["a[?b == 'x' && c]", "'&&'"]),
        ("contains( ['a', 'b'] , type )", &["['a', 'b']", "type"]),
        ("length(a[?(b)])\n  >\t`2`", &["length(a[?(b)])", "a[?(b)]", "`2`"]),
        ("sort_by(items, &price) | [0].sku || a", &[]),
        ("map(&(a || b), c)", &["c"]),
        ("to_array((a || b))", &["a || b", "a", "b"]),
        ("')' == ')(' && \"(\"", &["')' == ')('", "')'", "')('", "\"(\""]),
    ] {
        assert_eq!(texts(source)[1..], *expected, "{source}");
    }
    assert_eq!(texts("a\n  &&   b\n")[0], "a && b");
}

#[test]
fn parts_of_the_compliance_suite_compile_to_their_nodes() {
    for_each_case(|_, case| {
        let source = case["expression"].as_str().unwrap();
        if Expression::compile(source).is_ok() {
            texts(source);
        }
    });
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn parts_of_a_condition_compile_to_their_nodes(source in any_condition()) {
        if Expression::compile(&source).is_ok() {
            texts(&source);
        }
    }

    #[test]
    fn parts_of_any_expression_compile_to_their_nodes(source in any_expression()) {
        if Expression::compile(&source).is_ok() {
            texts(&source);
        }
    }
}
