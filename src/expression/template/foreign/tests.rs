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
        ("{{ else if .b }}", "`{% else %}`"),
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
    assert_eq!(refused("{{ .name }}"), (3, "write name".to_owned()));
    assert_eq!(refused("{{ .user.name }}"), (3, "write user.name".to_owned()));
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
        "{{ range }}",
        "{{ with || a }}",
        "{{ set }} {{ block[0] }}",
        "{{ !name }}",
        "{{ ending }} {{ iffy }}",
        "100 % { %} {#sales}",
    ] {
        Template::compile(template).unwrap_or_else(|error| panic!("{template}: {error}"));
    }
}
