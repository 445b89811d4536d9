//! Middlewares of Traefik at the routes and Ingresses that name them.

use super::reading::FrontEndReading;
use super::told::Told;
use crate::config::manifest::{Middleware, ObjectMeta, ObjectName, Selection, code};
use crate::diag::Diagnostic;

/// Names middlewares of Traefik.
pub(super) const ANNOTATION: &str = "traefik.ingress.kubernetes.io/router.middlewares";

impl FrontEndReading {
    /// What middlewares of Traefik set, and a word on those that may lose requests in other ways.
    pub(super) fn middlewares(&mut self, selection: &Selection<'_>, names: &[ObjectName], at: &ObjectMeta) {
        let known: Vec<&Middleware> = names.iter().filter_map(|name| middleware(selection, name)).collect();
        let retries: Vec<&Told> =
            known.iter().map(|known| &known.said).filter(|said| !said.values.is_empty()).collect();
        if retries.len() > 1 {
            let message =
                format!("{}: several middlewares retry, and only the last one does here", at.title());
            self.said.warnings.push(
                Diagnostic::warning(code::NOT_READ, message)
                    .at(at.place())
                    .label("attempts multiply")
                    .help("keep one of them: each tries again what the next one gave up"),
            );
        }
        if let Some(last) = retries.last() {
            self.said.values.extend(last.values.iter().cloned());
        }
        self.said.warnings.extend(known.iter().flat_map(|known| known.said.warnings.iter().cloned()));
        for name in names {
            let known = middleware(selection, name);
            let does = match known {
                Some(known) if known.unread.is_empty() => continue,
                Some(known) => format!("does {}, which is not simulated", known.unread.join(", ")),
                None => "is not in these files, and may retry, limit or break requests".to_owned(),
            };
            let message = format!("{}: middleware {} {does}", at.title(), name.name);
            let place = known.map_or_else(|| at.place(), |known| known.meta.place());
            self.said.warnings.push(
                Diagnostic::warning(code::NOT_READ, message)
                    .at(place)
                    .label("without effect here")
                    .help("of middlewares only retry is simulated; those that redirect, rewrite or check change nothing here"),
            );
        }
    }
}

fn middleware<'a>(selection: &'a Selection<'_>, name: &ObjectName) -> Option<&'a Middleware> {
    selection.all.middlewares.iter().find(|middleware| name.is(&middleware.meta))
}

/// Whether a middleware sends clients to the other scheme.
pub(super) fn redirects(selection: &Selection<'_>, name: &ObjectName) -> bool {
    middleware(selection, name).is_some_and(|known| known.redirects)
}

/// What settings and middlewares come to: the knobs that they set, and what may matter besides.
pub(super) fn meaning(
    selection: &Selection<'_>,
    said: &Told,
    middlewares: &[ObjectName],
) -> (Vec<(&'static str, String)>, Vec<String>) {
    let (mut values, mut besides) = (said.values.clone(), Vec::new());
    for name in middlewares {
        match middleware(selection, name) {
            Some(known) => {
                values.extend(known.said.values.iter().cloned());
                besides.extend(known.unread.iter().cloned());
            }
            None => besides.push(format!("{}/{}", name.namespace, name.name)),
        }
    }
    (Told { values, warnings: Vec::new() }.in_force(), besides)
}

/// `router.middlewares: shop-retry@kubernetescrd`: namespace and name with a hyphen between them. Where
/// the namespace ends is not marked, so the Ingress' own is taken if it fits.
pub(super) fn annotated(meta: &ObjectMeta) -> Vec<ObjectName> {
    let written = meta.annotations.get(ANNOTATION);
    let names = written.map(String::as_str).unwrap_or_default().split(',').map(str::trim);
    let names = names.filter(|name| !name.is_empty()).map(|name| name.split('@').next().unwrap_or(name));
    let split = |name: &str| {
        let own = name.strip_prefix(&meta.namespace).and_then(|rest| rest.strip_prefix('-'));
        let (namespace, name) = match own {
            Some(own) => (meta.namespace.as_str(), own),
            None => name.split_once('-').unwrap_or((meta.namespace.as_str(), name)),
        };
        ObjectName { namespace: namespace.to_owned(), name: name.to_owned() }
    };
    names.map(split).collect()
}
