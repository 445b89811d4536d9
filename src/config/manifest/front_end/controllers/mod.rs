//! Controllers whose settings podloss knows: what they read, and what of it cannot matter for loss. In
//! `coded` are those that `reading` knows by name, in `tables` those of which every setting is a knob's.
//!
//! Sources: ingress-nginx docs/user-guide/nginx-configuration (annotations.md, configmap.md); AWS Load
//! Balancer Controller docs/guide (ingress and service annotations.md); F5 NGINX Ingress Controller
//! "Advanced configuration with annotations"; haproxytech/kubernetes-ingress documentation/annotations.md;
//! haproxy-ingress "Configuration keys"; Traefik "Kubernetes Ingress"; AGIC docs/annotations.md; GKE
//! "Ingress configuration".

mod coded;
mod tables;

use super::told::Form;
pub(super) use coded::{ALB, INGRESS_NGINX, NLB};
use tables::BY_TABLE;

/// The settings of one controller.
pub(super) struct Controller {
    /// The front-end preset that simulates it.
    pub(super) preset: &'static str,
    /// What its annotations begin with.
    pub(super) prefix: &'static str,
    /// Settings that mean what a knob means: name, knob, how the value is written.
    pub(super) knobs: &'static [(&'static str, &'static str, Form)],
    /// Settings that are read in code of their own.
    named: &'static [&'static str],
    /// Settings that cannot matter for loss, by `fits`.
    harmless: &'static [&'static str],
    /// What the label `app.kubernetes.io/name` or the name of its ConfigMap contains.
    pub(super) config: &'static [&'static str],
}

/// Whether a name is one of these; `*` at the end of one stands for any rest.
pub(super) fn fits(patterns: &[&str], name: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => *pattern == name,
    })
}

impl Controller {
    pub(super) fn reads(&self, name: &str) -> bool {
        self.named.contains(&name) || self.knobs.iter().any(|(known, ..)| *known == name)
    }

    pub(super) fn is_harmless(&self, name: &str) -> bool {
        fits(self.harmless, name)
    }

    /// The names that are read.
    pub(super) fn names(&self) -> Vec<&'static str> {
        self.named.iter().copied().chain(self.knobs.iter().map(|(name, ..)| *name)).collect()
    }
}

/// All of them; the first that fits an annotation names the front end.
pub(super) fn all() -> impl Iterator<Item = &'static Controller> {
    [&INGRESS_NGINX, &ALB].into_iter().chain(BY_TABLE)
}
