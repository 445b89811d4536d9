//! Documents, lists, JSON, aliases, limits, and texts that are no manifests.

use super::super::*;
use super::{SERVICE, WEB, documents, edited, read, read_err, read_ok, rendered};

#[test]
fn documents_lists_and_json_are_the_same() {
    let separate = documents(&[WEB, "", "# nothing here\n", SERVICE]);
    let indented = |text: &str| text.replace('\n', "\n    ");
    let list = |kind: &str| {
        format!("apiVersion: v1\nkind: {kind}\nitems:\n  - {}\n  - {}\n", indented(WEB), indented(SERVICE))
    };
    let windows = separate.replace('\n', "\r\n");
    for (name, text) in [
        ("documents", separate),
        ("List", list("List")),
        ("list of lists", list("MyList")),
        ("CRLF", windows),
    ] {
        let manifests = read_ok(&text);
        assert_eq!((manifests.deployments.len(), manifests.services.len()), (1, 1), "{name}");
        assert_eq!(manifests.deployments[0].replicas, Some(3), "{name}");
    }
    // The items of a typed list need not repeat their kind.
    let items = WEB.replace("apiVersion: apps/v1\nkind: Deployment\n", "");
    let typed = format!("apiVersion: apps/v1\nkind: DeploymentList\nitems:\n  - {}\n", indented(&items));
    assert_eq!(read_ok(&typed).deployments[0].meta.name, "web");
}

#[test]
fn json_may_be_indented_by_tabs_and_use_its_escapes() {
    let text = "{\n\t\"apiVersion\": \"v1\",\n\t\"kind\": \"Service\",\n\t\"metadata\": {\"name\": \"w\\u0065b\", \"annotations\": {\"a\\/b\": \"\\ud83d\\ude00\"}},\n\t\"spec\": {\"selector\": {\"app\": \"web\"}, \"ports\": [{\"port\": 80}]}\n}\n";
    let service = read_ok(text).services.remove(0);
    assert_eq!(service.meta.name, "web");
    assert_eq!(service.meta.annotations["a/b"], "😀");
}

#[test]
fn aliases_and_merge_keys_are_followed() {
    let text = edited(WEB, "    matchLabels: {app: web}", "    matchLabels: &labels {app: web}");
    let text =
        edited(&text, "      labels: {app: web}", "      labels:\n        <<: *labels\n        tier: front");
    let web = read_ok(&text).deployments.remove(0);
    assert_eq!(web.template_labels.len(), 2);
    // What stands in the mapping itself wins over what is merged in, wherever it stands.
    let text =
        edited(SERVICE, "  selector: {app: web}", "  selector: {app: web, <<: [{app: a, b: c}, {b: d}]}");
    let selector = read_ok(&text).services.remove(0).selector;
    assert_eq!(selector, [("app".to_owned(), "web".to_owned()), ("b".to_owned(), "c".to_owned())].into());
}

/// Name, text, code, part of the message, line.
type Refused = (&'static str, String, &'static str, &'static str, usize);

#[test]
fn texts_that_are_refused() {
    let bomb = (0..9).fold("a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(), |text, n| {
        format!("{text}a{}: &a{} [{}]\n", n + 1, n + 1, vec![format!("*a{n}"); 9].join(", "))
    });
    let cases: Vec<Refused> = vec![
        (
            "key twice",
            edited(WEB, "replicas: 3", "replicas: 3\n  replicas: 4"),
            code::DUPLICATE_KEY,
            "key `replicas` is given twice",
            7,
        ),
        ("alias bomb", bomb, code::ALIAS_LIMIT, "more than 200000 values", 6),
        ("brackets", "[".repeat(10_000), code::TOO_DEEP, "deeper than 128 levels", 1),
        ("dashes", "- ".repeat(10_000), code::TOO_DEEP, "deeper than 128 levels", 1),
        ("alias of itself", "a: &a\n  b: *a\n".to_owned(), code::YAML_SYNTAX, "inside the very value", 2),
        ("unknown alias", "a: *b\n".to_owned(), code::YAML_SYNTAX, "unknown anchor", 1),
        ("merge of a text", "a: {<<: b}\n".to_owned(), code::YAML_SYNTAX, "`<<` takes a mapping", 1),
        ("mapping as a key", "{a: b}: c\n".to_owned(), code::YAML_SYNTAX, "where a field name is due", 1),
        ("tab", edited(WEB, "  replicas: 3", "\treplicas: 3"), code::YAML_SYNTAX, "not YAML", 6),
        ("two values on a line", "a: b: c\n".to_owned(), code::YAML_SYNTAX, "not YAML", 1),
        ("open quote", "a: \"b\n".to_owned(), code::YAML_SYNTAX, "not YAML", 2),
        (
            "template value",
            edited(WEB, "replicas: 3", "replicas: {{ .Values.replicas }}"),
            code::TEMPLATE,
            "this is a template",
            6,
        ),
        (
            "template line",
            edited(WEB, "  replicas: 3", "  {{- if .Values.x }}\n  replicas: 3\n  {{- end }}"),
            code::TEMPLATE,
            "this is a template",
            6,
        ),
        (
            "plain text",
            "hello world\n".to_owned(),
            code::NOT_AN_OBJECT,
            "the text `hello world` is not a Kubernetes object",
            1,
        ),
        ("list", "- a\n- b\n".to_owned(), code::NOT_AN_OBJECT, "a list is not", 1),
        (
            "values of a chart",
            "# values\nreplicaCount: 3\n".to_owned(),
            code::NOT_AN_OBJECT,
            "neither `apiVersion` nor `kind`",
            2,
        ),
        (
            "items as a mapping",
            "apiVersion: v1\nkind: List\nitems: {}\n".to_owned(),
            code::WRONG_TYPE,
            "expected a list",
            3,
        ),
    ];
    for (name, text, code, part, line) in cases {
        let errors = read_err(&text);
        let error = &errors[0];
        assert_eq!((errors.len(), error.code), (1, code), "{name}:\n{}", rendered(&errors));
        assert!(error.message.contains(part), "{name}: {error}");
        assert_eq!(error.place.as_ref().map(Place::line), Some(line), "{name}: {error}");
    }
}

#[test]
fn braces_in_free_text_are_no_template() {
    let map = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\ndata: {rule: '{{ $labels.x }}'}\n";
    assert_eq!(read_ok(&documents(&[WEB, map])).other_objects.len(), 1);
}

#[test]
fn nothing_to_read_is_an_error_unless_something_else_is_there() {
    for text in ["", "\n\n", "# only a comment\n", "---\n---\n", "apiVersion: v1\nkind: List\nitems: []\n"] {
        let errors = read_err(text);
        assert_eq!((errors.len(), errors[0].code), (1, code::EMPTY), "{text:?}");
    }
    let values = Source::Text { name: "values.yaml".into(), text: "replicas: 3\n".into() };
    let empty = Source::Text { name: "empty.yaml".into(), text: String::new() };
    let web = Source::Text { name: "web.yaml".into(), text: WEB.into() };
    let manifests = read_manifests(&[values, web, empty]).unwrap();
    let warnings: Vec<(&str, bool)> =
        manifests.warnings.iter().map(|warning| (warning.code, warning.is_error())).collect();
    assert_eq!(warnings, [(code::NOT_AN_OBJECT, false), (code::EMPTY, false)]);
    assert_eq!(manifests.sources.len(), 3);
}

#[test]
fn hints_for_charts_and_kustomizations() {
    for (text, part) in [
        ("apiVersion: v2\nname: web\nversion: 1.0.0\n", "helm template"),
        ("resources: [web.yaml]\n", "kubectl kustomize"),
        ("image: {tag: x}\n", "charts must be rendered first"),
    ] {
        let help = read_err(text).remove(0).help.unwrap();
        assert!(help.contains(part), "{text}: {help}");
    }
}

#[test]
fn the_last_of_several_equals_counts() {
    let manifests = read_ok(&documents(&[WEB, &edited(WEB, "replicas: 3", "replicas: 5")]));
    assert_eq!((manifests.deployments.len(), manifests.deployments[0].replicas), (1, Some(5)));
    let [warning] = manifests.warnings.as_slice() else { panic!("{:?}", manifests.warnings) };
    assert_eq!((warning.code, warning.place.as_ref().unwrap().line()), (code::DUPLICATE_OBJECT, 4));
    // In another namespace it is another object.
    let other = edited(WEB, "  name: web", "  name: web\n  namespace: shop");
    assert_eq!(read_ok(&documents(&[WEB, &other])).deployments.len(), 2);
}

#[test]
fn several_broken_sources_are_all_named() {
    let sources = ["missing-1.yaml", "missing-2.yaml"].map(Source::from_arg);
    let errors = read_manifests(&sources).unwrap_err();
    assert_eq!(errors.len(), 2);
    assert!(errors.iter().all(|error| error.code == code::UNREADABLE), "{}", rendered(&errors));
}

#[test]
fn nesting_of_crds_is_not_too_deep() {
    let deep = (0..60).fold(String::new(), |text, level| format!("{text}{}a:\n", "  ".repeat(level + 1)));
    assert!(read(&format!("apiVersion: x/v1\nkind: X\nspec:\n{deep}")).is_ok());
}
