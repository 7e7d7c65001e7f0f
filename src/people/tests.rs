//! Files of people, valid and invalid.

use proptest::prelude::*;

use super::*;

fn faults(text: &str) -> Vec<(usize, String)> {
    let faults = People::parse(text.as_bytes()).err().unwrap_or_default();
    faults.into_iter().map(|fault| (fault.line, fault.message)).collect()
}

#[test]
fn a_file_is_read_as_programs_export_it() {
    for text in [
        "ann@x.test,U012AB\nops@x.test,S12",
        "\u{feff}email,id\r\nAnn@X.test , U012AB\r\n\r\n# the team\r\nops@x.test,S12\r\n",
        "# exported\nE-Mail,member\n\"ann@x.test\",\"U012AB\"\n  # a comment\n\"ops@x.test\", S12\n",
    ] {
        let people = People::parse(text.as_bytes()).unwrap();
        assert_eq!(people.len(), 2, "{text}");
        assert_eq!(people.id(" ANN@x.TEST\n"), Some("U012AB"), "{text}");
        assert_eq!(people.id("ops@x.test"), Some("S12"), "{text}");
        assert_eq!(people.id("bob@x.test"), None);
    }
    assert!(People::parse(b"").unwrap().is_empty());
    assert!(People::parse(b"email,id\n").unwrap().is_empty());
}

#[test]
fn each_fault_names_its_line_and_no_content() {
    for (line, message) in [
        ("ann@x.test", "no ID"),
        ("ann@x.test;U012", "no ID"),
        ("ann@x.test,U012,Ann", "more than two fields"),
        ("\"ann@x.test,U012", "an unclosed quote"),
        ("\"ann@x.test\"a,U012", "text after a closing quote"),
        ("ann,U012", "invalid e-mail address"),
        ("ann@,U012", "invalid e-mail address"),
        ("a nn@x.test,U012", "invalid e-mail address"),
        ("a@b@x.test,U012", "invalid e-mail address"),
        (",U012", "invalid e-mail address"),
        ("email,U012", "invalid e-mail address"),
        ("ann@x.test,", "invalid ID"),
        ("ann@x.test,u012", "invalid ID"),
        ("ann@x.test,C012", "invalid ID"),
        ("ann@x.test,U1", "invalid ID"),
        ("ann@x.test,U1234567890123456789012", "invalid ID"),
        ("BOB@x.test,U012", "duplicate e-mail address: the first is on line 2"),
    ] {
        let text = format!("# people\nbob@x.test,U012\n\n{line}\n");
        assert_eq!(faults(&text), [(4, message.to_owned())], "{line}");
        for fault in People::parse(text.as_bytes()).unwrap_err() {
            assert!(!fault.message.contains("x.test"), "{}", fault.message);
        }
    }
    let invalid = People::parse(b"a@x.test,U012\n\xff\n").unwrap_err();
    assert_eq!((invalid[0].line, &*invalid[0].message), (2, "the file is not UTF-8"));
    assert_eq!(faults(&"x\n".repeat(100)).len(), 20);
}

#[test]
fn a_file_has_at_most_100_000_entries() {
    let mut text: String = (0..100_000).map(|at| format!("{at}@x.test,U012\n# a\n")).collect();
    assert_eq!(People::parse(text.as_bytes()).unwrap().len(), 100_000);
    text.push_str("more@x.test,U012\n");
    assert_eq!(faults(&text), [(200_001, "too many entries".to_owned())]);
}

proptest! {
    #[test]
    fn no_file_panics_and_each_valid_one_is_found_again(
        names in prop::collection::btree_set("[a-z]{1,8}", 0..8), quoted: bool, crlf: bool,
        noise in "[a-z\",@#\r\n\u{feff} ]{0,20}",
    ) {
        let quote = if quoted { "\"" } else { "" };
        let end = if crlf { "\r\n" } else { "\n" };
        let line = |name: &String| format!("{quote}{name}@x.test{quote},U0{}{end}", name.len());
        let text: String = names.iter().map(line).collect();
        let people = People::parse(text.as_bytes()).unwrap();
        prop_assert_eq!(people.len(), names.len());
        for name in &names {
            let id = format!("U0{}", name.len());
            prop_assert_eq!(people.id(&format!("{name}@x.test").to_uppercase()), Some(&*id));
        }
        let _ = People::parse(format!("{text}{noise}").as_bytes());
    }
}
