//! Traefik's middlewares: which of them may lose requests or save them.

use super::front_end::{Form, Told};
use super::meta::ObjectMeta;
use super::reader::{Field, Fields};
use super::shapes;

/// A Middleware of Traefik.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Middleware {
    /// Identity, labels, annotations, places.
    pub meta: ObjectMeta,
    /// What it sets in the words of knobs.
    pub said: Told,
    /// Whether it sends clients to the other scheme (`redirectScheme`), so that nothing goes on to pods.
    pub redirects: bool,
    /// What else it does that is not simulated and may matter, such as `circuitBreaker`.
    pub unread: Vec<String>,
}

/// Reads the fields of a Middleware.
pub(super) fn read_middleware(object: &Fields<'_, '_>, meta: ObjectMeta) -> Option<Middleware> {
    let spec = object.require("spec", "describe the middleware")?;
    let (mut said, mut unread, mut redirects) = (Told::default(), Vec::new(), false);
    for (key, field) in spec.entries() {
        match key {
            "redirectScheme" => redirects = true,
            "retry" => said.join(&retry(&field).unwrap_or_default()),
            _ if MERE_CHANGES.contains(&key) => {}
            _ => unread.push(key.to_owned()),
        }
    }
    Some(Middleware { meta, said, redirects, unread })
}

/// Middlewares that only change a request or an answer, or refuse it by who asks.
const MERE_CHANGES: &[&str] = &[
    "addPrefix",
    "basicAuth",
    "compress",
    "contentType",
    "digestAuth",
    "grpcWeb",
    "headers",
    "ipAllowList",
    "ipWhiteList",
    "passTLSClientCert",
    "redirectRegex",
    "replacePath",
    "replacePathRegex",
    "stripPrefix",
    "stripPrefixRegex",
];

/// Source: Traefik 3.7 pkg/middlewares/retry/retry.go: `attempts` counts the first one; what was not sent
/// is tried again for every method, what got a listed status for idempotent ones.
fn retry(field: &Field<'_, '_>) -> Option<Told> {
    let fields = field.fields(&shapes::TRAEFIK_RETRY)?;
    let mut said = Told::default();
    let attempts = fields.get("attempts");
    if attempts.as_ref().and_then(|attempts| attempts.node.text()).is_none_or(|text| text.trim() == "0") {
        said.unread(Some(field.clone()), "has no attempts, and Traefik refuses it");
        return Some(said);
    }
    said.read("front_end.tries", attempts, Form::Plain);
    said.read("front_end.retry_interval", fields.get("initialInterval"), Form::Time("s"));
    said.read("front_end.retry_non_idempotent", fields.get("retryNonIdempotentMethod"), Form::Plain);
    said.unread(fields.get("timeout"), "is not read");
    let status = fields.get("status");
    let written = status.as_ref().map(|status| status.list_items()).unwrap_or_default();
    let written: Vec<&str> = written.iter().filter_map(|item| item.node.text()).collect();
    let [bad_gateway, late] = [502, 504].map(|code| written.iter().any(|range| covers(range, code)));
    if let Some(disabled) =
        fields.get("disableRetryOnNetworkError").filter(|field| field.node.text() == Some("true"))
    {
        if !bad_gateway {
            said.unread(Some(disabled), "leaves no retry that is simulated");
            return Some(Told { values: Vec::new(), ..said });
        }
        said.partly(
            &disabled,
            "holds for idempotent requests; what could not be sent of others is tried again here",
        );
    }
    if let Some(status) = status.filter(|_| !written.is_empty()) {
        said.partly(
            &status,
            "is read as far as Traefik's own 502 and 504 go; answers of pods are not tried again",
        );
    }
    let on = match (bad_gateway, late) {
        (true, true) => "error+timeout",
        (true, false) => "connect-failure+closed",
        (false, _) => "connect-failure",
    };
    said.values.push(("front_end.retry_on", on.to_owned()));
    Some(said)
}

/// Whether a range such as `500-599`, or a single status, has this one.
fn covers(range: &str, code: u16) -> bool {
    let (from, to) = range.split_once('-').unwrap_or((range, range));
    let bounds = (from.trim().parse::<u16>(), to.trim().parse::<u16>());
    matches!(bounds, (Ok(from), Ok(to)) if (from..=to).contains(&code))
}
