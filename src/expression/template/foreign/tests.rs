use crate::expression::template::Template;

fn refused(template: &str) -> (usize, String) {
    let error = Template::compile(template).err();
    let error = error.unwrap_or_else(|| panic!("{template} compiles"));
    (error.offset, error.help)
}

#[test]
fn blocks_of_other_languages_are_refused_with_ours() {
    for (template, ours) in [
        ("{{#if name}}x{{/if}}", "`{% if name %}`"),
        ("{{#if user.name == 'x'}}x{{/if}}", "`{% if user.name == 'x' %}`"),
        ("{{#unless name}}x{{/unless}}", "`{% unless name %}`"),
        ("{{#each items}}x{{/each}}", "`{% for item in items %}`"),
        ("{{#name}}x{{/name}}", "`{% if name %}`"),
        ("{{^name}}x{{/name}}", "`{% unless name %}`"),
        ("{{/if}}", "`{% endif %}`"),
        ("{{/each}}", "`{% endfor %}`"),
        ("{{ if .name }}x", "`{% if name %}`"),
        ("{{ if eq .name \"x\" }}x", "`{% if name %}`"),
        ("{{- if .user.name -}}x", "`{% if user.name %}`"),
        ("{{ range .items }}x", "`{% for item in items %}`"),
        ("{{ range $i, $item := .items }}x", "`{% for item in items %}`"),
        ("{{else}}", "`{% else %}`"),
        ("{{ else if .b }}", "`{% elsif b %}`"),
        ("{{#if}}", "`{% if name %}`"),
        ("{{#each}}", "`{% for item in items %}`"),
        ("{{ range }}", "`{% for item in items %}`"),
        ("{{ end }}", "`{% endif %}`"),
        ("{{- end -}}", "`{% endif %}`"),
        ("{{{else}}}", "`{% else %}`"),
        ("{{ endif }}", "`{% endif %}`"),
        ("{{ elif x }}", "`{% elsif condition %}`"),
    ] {
        let help = refused(template).1;
        assert!(help.starts_with(&format!("write {ours}")), "{template}: {help}");
    }
    assert!(refused("{{ end }}").1.ends_with("a field of that name is $.end"));
    assert_eq!(refused("{{~ name ~}}"), (2, "write `{{- name -}}`".to_owned()));
    assert_eq!(refused("{{&name}}").1, "a value that is not escaped is written {{{ name }}}");
    assert_eq!(refused("{{!-- a comment --}}").0, 2);
    assert_eq!(refused("{{ .name }}"), (3, "write `name`".to_owned()));
    assert_eq!(refused("{{ a.b | .c }}"), (9, "write `a.b.c`".to_owned()));
    assert_eq!(refused("{{ a | upper | .c }}"), (15, "write `@.c`".to_owned()));
    assert_eq!(refused("{{ .user.name }}"), (3, "write `user.name`".to_owned()));
}

#[test]
fn what_only_resembles_them_is_a_variable() {
    for template in [
        "{{ '{%' }} {{ '{%' }}",
        "{{ $.end }}",
        "{{ \"end\" }}",
        "{{ end.date }}",
        "{{ end || 'x' }}",
        "{{ else == 'x' }}",
        "{{ if.a }}",
        "{{ range.from }} {{ $.range }}",
        "{{ with || a }}",
        "{{ set }} {{ block[0] }}",
        "{{ !name }}",
        "{{ ending }} {{ iffy }}",
        "100 % { %} {#sales}",
    ] {
        Template::compile(template).unwrap_or_else(|error| panic!("{template}: {error}"));
    }
}

#[test]
fn words_of_other_languages_in_tags_are_refused_with_ours() {
    for (template, help) in [
        ("{% if a.b == nil %}", "write `!(a.b)`; the field is written `$.nil`"),
        ("{% if c && empty == a %}", "write `!a`; the field is written `$.empty`"),
        ("{% if l[?(a.b == blank) && c] %}", "write `!(a.b)`; the field is written `$.blank`"),
        ("{% if size(a) == empty || c %}", "write `!(size(a))`; the field is written `$.empty`"),
        (
            "{% if a | truncate: 5 %}",
            "write `truncate(a, …)`; filters are only outside of brackets in {{ }}",
        ),
        (
            "{% case a %}{% when true %}",
            "write `true`, with the backticks; the field is written `$.true`",
        ),
        ("{% case a %}{% when 'x', blank %}", "write `''`; the field is written `$.blank`"),
    ] {
        assert_eq!(refused(template).1, help, "{template}");
    }
}

#[test]
fn fields_that_are_hardly_meant_get_a_warning() {
    for (template, offset) in [
        ("{% if a | size > 3 %}{% endif %}", 10),
        ("{% if a | size && b %}{% endif %}", 10),
        ("{% case a %}{% when 'x', \"y\" %}{% endcase %}", 25),
    ] {
        let warnings = Template::compile(template).unwrap().warnings(None);
        assert_eq!(warnings.iter().map(|it| it.offset).collect::<Vec<_>>(), [offset], "{template}");
    }
}
