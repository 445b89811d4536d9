//! The front end: which one, and its parameters.

use super::code;
use super::tier::TRAFFIC_POLICY;
use super::values::{Fallback, Values};
use crate::config::case::Origin;
use crate::config::knobs::{self, Value};
use crate::config::manifest::{
    FrontEndHint, FrontEndReading, FrontEndSettings, Selection, Service, TrafficPolicy, front_end_hints,
    read_front_end,
};
use crate::config::presets::{self, FrontEndPreset};
use crate::diag::{Diagnostic, Place};
use crate::sim::spec::{Delivery, FrontSpec, Mechanism};
use crate::units::Nanos;

const PRESET: &str = "front_end.preset";

/// The deregistration delay of a target group that states none. Source: ELB user guide, target group attributes.
const NLB_DELAY_SECONDS: u32 = 300;

/// A front end that was chosen, for the service or for the tier before an ingress.
pub(super) struct Chosen {
    pub(super) preset: &'static FrontEndPreset,
    /// Nothing in files or flags tells what it is.
    pub(super) assumed: bool,
    /// What the manifests point to, whether it was followed or not.
    hints: Vec<FrontEndHint>,
    /// What they set of it.
    reading: FrontEndReading,
    /// What they set and is not simulated, though it decides where requests go.
    unsupported: Vec<(&'static str, Option<Place>)>,
    /// A Service asks for `sessionAffinity: ClientIP`.
    by_client_ip: bool,
    /// The policy that a Service states, where it decides.
    traffic_policy: Option<(&'static str, String)>,
}

/// What Services say of where nodes send connections, as a value of a knob; where front ends send to pods
/// themselves it decides nothing.
pub(super) fn traffic_policy<'s>(
    preset: &FrontEndPreset,
    mut services: impl Iterator<Item = &'s Service>,
) -> Option<(&'static str, String)> {
    let is_local = services.any(|service| service.external_traffic_policy == TrafficPolicy::Local);
    (is_local && preset.param(TRAFFIC_POLICY).is_some()).then(|| (TRAFFIC_POLICY, "Local".to_owned()))
}

/// Chooses by flag or scenario, else by what the manifests point to, else ingress-nginx.
///
/// # Errors
/// A front end that does not exist, or is not modelled.
pub(super) fn choose(selection: &Selection<'_>, values: &mut Values<'_>) -> Result<Chosen, Diagnostic> {
    let setting = values.said(PRESET);
    let hint = if setting.is_some() { None } else { hinted(selection, "--front-end NAME") };
    // Whoever names an ingress says that there is one.
    let has_ingress = ["front_end.deployment", "outer.preset"].iter().any(|path| values.said(path).is_some());
    let hint = hint.filter(|hint| !(has_ingress && *hint == Ok("kube-proxy")));
    let name = match (setting, &hint) {
        (Some(setting), _) => setting.text.as_str(),
        (None, Some(hinted)) => hinted.clone()?,
        (None, None) => {
            values.value(PRESET);
            "ingress-nginx"
        }
    };
    let complain = |diagnostic: Diagnostic| match setting.and_then(|setting| setting.place.clone()) {
        Some(place) => diagnostic.at(place),
        None => diagnostic,
    };
    let preset = presets::front_end(name).map_err(|help| {
        complain(Diagnostic::error(code::FRONT_END, format!("there is no front end `{name}`")).help(help))
    })?;
    let chosen = Chosen::of(preset, selection);
    let mut guesses = chosen.hints.iter().filter(|hint| hint.is_guess && hint.preset == Some(preset.name));
    let guess = guesses.next().filter(|_| setting.is_none());
    if let Some(guess) = guess {
        let knob = knobs::find(PRESET).expect("a name of the registry").knob;
        values.assume(knob, PRESET, Fallback::plain(preset.name, Origin::Guess, guess.why.clone()));
    }
    let assumed = setting.is_none() && (hint.is_none() || guess.is_some());
    let chosen = Chosen { assumed, ..chosen };
    let passes_by = chosen.unsupported.iter().find(|(what, _)| *what == SERVICE_UPSTREAM);
    match passes_by.filter(|_| setting.is_none()) {
        Some((what, place)) => {
            let message = format!(
                "{what}: requests go to the Service's address, behind which kube-proxy picks a pod for every connection; {} before kube-proxy is not simulated",
                preset.name
            );
            let help = "leave the annotation out, or state what to simulate in its place: --front-end kube-proxy tries nothing again";
            let error = Diagnostic::error(code::FRONT_END, message).help(help);
            Err(place.iter().fold(error, |error, place| error.at(place.clone())))
        }
        None => Ok(chosen),
    }
}

/// The front end that the manifests point to. `flag` states one in their place.
///
/// # Errors
/// None of those that they point to is modelled: podloss refuses, and does not guess what comes near.
pub(super) fn hinted(selection: &Selection<'_>, flag: &str) -> Option<Result<&'static str, Diagnostic>> {
    let hints = front_end_hints(selection);
    if let Some(preset) = hints.iter().find_map(|hint| hint.preset) {
        return Some(Ok(preset));
    }
    let first = hints.into_iter().next()?;
    let names: Vec<&str> = presets::front_ends().map(|preset| preset.name).collect();
    let message = format!("{}: which front end that is podloss does not know, or does not model", first.why);
    let help = format!("state what stands there with {flag}: {}", names.join(", "));
    Some(Err(Diagnostic::error(code::FRONT_END, message)
        .at(first.place)
        .label("no front end that is modelled")
        .help(help)))
}

impl Chosen {
    /// This front end, and what the manifests of the workload behind it say of it.
    pub(super) fn of(preset: &'static FrontEndPreset, selection: &Selection<'_>) -> Chosen {
        let services = || selection.services.iter().copied();
        let reading = read_front_end(selection, preset.name);
        Chosen {
            preset,
            assumed: false,
            hints: front_end_hints(selection),
            unsupported: unsupported(&reading.settings, preset.name, selection),
            reading,
            by_client_ip: services().any(|service| service.client_ip_affinity_seconds.is_some()),
            traffic_policy: traffic_policy(preset, services()),
        }
    }

    /// Settings in manifests, as values of knobs.
    pub(super) fn annotated(&self) -> Vec<(&'static str, String)> {
        let mut found: Vec<_> = self.traffic_policy.clone().into_iter().collect();
        if self.by_client_ip() {
            found.push(("front_end.client_affinity", "true".to_owned()));
        }
        found.extend(self.annotated_by_controller());
        found
    }

    fn annotated_by_controller(&self) -> Vec<(&'static str, String)> {
        let settings = &self.reading.settings;
        let seconds = |seconds: Option<u32>| seconds.map(|seconds| format!("{seconds}s"));
        let check = &settings.health_check;
        let mut found = vec![
            ("front_end.connect_timeout", seconds(settings.connect_timeout_seconds)),
            ("front_end.read_timeout", seconds(settings.read_timeout_seconds)),
            ("front_end.tries", settings.next_upstream_tries.map(|tries| tries.to_string())),
            ("front_end.retry_on", settings.next_upstream.as_deref().map(retry_words)),
        ];
        if self.checks_pods() || self.traffic_policy.is_some() {
            found.push(("front_end.health_check.interval", seconds(check.interval_seconds)));
            found.push(("front_end.health_check.healthy", check.healthy_threshold.map(|n| n.to_string())));
            found
                .push(("front_end.health_check.unhealthy", check.unhealthy_threshold.map(|n| n.to_string())));
        }
        if self.checks_pods() {
            found.push(("front_end.slow_start", seconds(settings.slow_start_seconds)));
        }
        if self.closes_connections(settings) {
            let delay = settings.deregistration_delay_seconds;
            let by_default = (self.preset.name == "aws-nlb").then_some(NLB_DELAY_SECONDS);
            found.push(("front_end.deregistration_delay", seconds(delay.or(by_default))));
        }
        if self.preset.name == "ingress-nginx" {
            found.push(("front_end.client_affinity", settings.cookie_affinity.map(|on| on.to_string())));
            let changes = settings.change_on_failure;
            found.push(("front_end.affinity_holds", changes.map(|changes| (!changes).to_string())));
        }
        if self.preset.name == "aws-alb-ip" {
            found.push(("front_end.client_affinity", settings.stickiness.map(|on| on.to_string())));
        }
        if self.preset.name == "ingress-nginx" && settings.load_balancing.as_deref() == Some("ewma") {
            found.push(("front_end.balancer", Some("ewma".to_owned())));
        }
        if self.preset.name.starts_with("aws-alb") {
            found.push(("front_end.read_timeout", seconds(settings.idle_timeout_seconds)));
            found.push(("front_end.keepalive_idle", seconds(settings.idle_timeout_seconds)));
        }
        if self.checks_pods() && settings.load_balancing.as_deref() == Some("least_outstanding_requests") {
            found.push(("front_end.balancer", Some("least-connections".to_owned())));
        }
        let found = found.into_iter().filter_map(|(path, text)| Some((path, text?)));
        let mut found: Vec<_> = found.chain(self.reading.said.in_force()).collect();
        // The list in force is that of the annotation if there is one; the switch says the same by itself.
        let conditions = settings.next_upstream.as_deref().unwrap_or_default();
        if conditions.iter().any(|condition| condition == "non_idempotent") {
            found.retain(|(path, _)| *path != POSTS);
            found.push((POSTS, "true".to_owned()));
        }
        found
    }

    /// Whether a Service's policy decides which pods a node sends to.
    pub(super) fn by_node(&self) -> bool {
        self.preset.param(TRAFFIC_POLICY).is_some()
    }

    /// Whether clients keep their pod by their address: only kube-proxy's rules do that.
    pub(super) fn by_client_ip(&self) -> bool {
        self.by_client_ip && self.preset.name.starts_with("kube-proxy")
    }

    /// Whether it closes connections to a target when the deregistration delay is over.
    /// Source: ELB user guides; a network load balancer does so when it is told to.
    fn closes_connections(&self, settings: &FrontEndSettings) -> bool {
        match self.preset.name {
            "aws-alb-ip" => true,
            "aws-nlb" => settings.connection_termination == Some(true),
            _ => false,
        }
    }

    /// Whether pods are its targets and not nodes.
    fn checks_pods(&self) -> bool {
        !self.preset.name.ends_with("-instance")
    }

    /// Complaints of annotations, and those that decide and are not simulated.
    pub(super) fn warnings(&self) -> Vec<Diagnostic> {
        let others = self.hints.iter().filter(|hint| hint.preset != Some(self.preset.name));
        let mut warnings: Vec<Diagnostic> = others
            .map(|hint| {
                let message = format!("{}, but {} is simulated", hint.why, self.preset.name);
                Diagnostic::note(code::FRONT_END, message).at(hint.place.clone())
            })
            .collect();
        warnings.extend(self.reading.said.warnings.iter().cloned());
        for (what, place) in &self.unsupported {
            let message = format!("{what} is not simulated, although it decides where requests go");
            let warning = Diagnostic::warning(code::UNSUPPORTED, message);
            warnings.push(place.iter().fold(warning, |warning, place| warning.at(place.clone())));
        }
        warnings
    }

    /// What the controller's annotations say and the simulator does not know.
    pub(super) fn not_modelled(&self) -> Vec<&'static str> {
        let settings = &self.reading.settings;
        let mut found: Vec<&'static str> = self.unsupported.iter().map(|(what, _)| *what).collect();
        let check = &settings.health_check;
        let by_instance = !self.checks_pods();
        let numbers = [check.interval_seconds, check.healthy_threshold, check.unhealthy_threshold];
        found.extend(
            [
                (by_instance && self.traffic_policy.is_none() && numbers.iter().any(Option::is_some))
                    .then_some("health checks of nodes"),
                settings.slow_start_seconds.filter(|_| by_instance).map(|_| "slow start of nodes"),
                settings
                    .deregistration_delay_seconds
                    .filter(|_| !self.closes_connections(settings))
                    .map(|_| "deregistration delay, which closes no connection here"),
                settings
                    .next_upstream_timeout_seconds
                    .filter(|seconds| *seconds > 0)
                    .map(|_| "proxy-next-upstream-timeout"),
                settings.send_timeout_seconds.map(|_| "proxy-send-timeout"),
                settings.health_check.timeout_seconds.map(|_| "timeout of health checks"),
                settings.health_check.path.as_ref().map(|_| "path of health checks"),
                settings.health_check.success_codes.as_ref().map(|_| "success codes of health checks"),
            ]
            .into_iter()
            .flatten(),
        );
        found
    }
}

/// Annotations without which the picture of who gets which request is wrong, in words, and where they stand.
fn unsupported(
    settings: &FrontEndSettings,
    preset: &str,
    selection: &Selection<'_>,
) -> Vec<(&'static str, Option<Place>)> {
    let balancing = settings.load_balancing.as_deref();
    let known = match preset {
        "ingress-nginx" => ["round_robin", "ewma"],
        _ => ["round_robin", "least_outstanding_requests"],
    };
    let of_targets = "target-group-attributes";
    let balances = if preset == "ingress-nginx" { "load-balance" } else { of_targets };
    let all = [
        (settings.service_upstream == Some(true), SERVICE_UPSTREAM, SERVICE_UPSTREAM),
        (settings.cookie_affinity == Some(true) && preset != "ingress-nginx", "cookie affinity", "affinity"),
        (settings.stickiness == Some(true) && preset != "aws-alb-ip", "stickiness of targets", of_targets),
        (settings.hash_by.is_some(), "upstream-hash-by", "upstream-hash-by"),
        (balancing.is_some_and(|name| !known.contains(&name)), "the load balancing algorithm", balances),
    ];
    let found = all.into_iter().filter(|(there, ..)| *there);
    found.map(|(_, what, annotation)| (what, annotation_at(selection, annotation))).collect()
}

/// Where an annotation of the workload's Ingresses or Services stands, whatever its prefix.
fn annotation_at(selection: &Selection<'_>, name: &str) -> Option<Place> {
    let services = selection.services.iter().map(|service| &service.meta);
    let mut metas = selection.ingresses.iter().map(|ingress| &ingress.meta).chain(services);
    metas.find_map(|meta| {
        let key = meta.annotations.keys().find(|key| key.rsplit('/').next() == Some(name))?;
        Some(meta.places.of(&format!("metadata.annotations[{key}]")))
    })
}

/// An annotation of ingress-nginx: requests go to the Service's address and not to pods.
const SERVICE_UPSTREAM: &str = "service-upstream";

/// `proxy-next-upstream` in the words of the knob. Conditions on statuses are warned of where they are read:
/// what a pod answers is never tried again here.
/// The knob of requests that are sent again although they are not idempotent.
const POSTS: &str = "front_end.retry_non_idempotent";

fn retry_words(conditions: &[String]) -> String {
    let has = |word: &str| conditions.iter().any(|condition| condition == word);
    match (has("error"), has("timeout")) {
        (true, true) => "error+timeout",
        (true, false) => "error",
        (false, true) => "timeout",
        (false, false) => "off",
    }
    .to_owned()
}

/// Smallest, central and largest time until a tier sends nothing more, in seconds. What is assumed of it
/// is under `key`.
///
/// Under policy Local a pod may be its node's last, which is let go only when the node's checks have failed.
pub(super) fn removal_seconds(front: &FrontSpec, key: &str, values: &Values<'_>) -> (f64, f64, f64) {
    let (low, central, high) = listed_seconds(front, key, values);
    let Some(check) = front.node_local else { return (low, central, high) };
    let checks = |count: f64| check.interval.as_secs_f64() * count;
    let failures = f64::from(check.unhealthy_threshold);
    (low + checks(failures - 1.0), central + checks(failures - 0.5), high + checks(failures))
}

/// The longest time that a removal may take in a simulation, in seconds, where it is the sum of stages with
/// tails: beyond the plausible range of the sum, which is about most removals.
pub(super) fn longest_removal_seconds(front: &FrontSpec) -> f64 {
    let Delivery { removal_override, remove, mechanism, .. } = &front.delivery;
    match (removal_override, mechanism) {
        (None, Mechanism::TargetGroup(group)) => {
            [remove, &group.reconcile, &group.apply].map(|stage| stage.upper_end().as_secs_f64()).iter().sum()
        }
        _ => 0.0,
    }
}

fn listed_seconds(front: &FrontSpec, key: &str, values: &Values<'_>) -> (f64, f64, f64) {
    let assumed = values.assumptions.iter().find(|assumption| assumption.key == key);
    let kind = knobs::find("removal").map(|found| found.knob.kind).expect("`removal` is in the registry");
    let size = |text: &str| kind.parse(text).ok().and_then(|value: Value| value.magnitude());
    match (&front.delivery.removal_override, assumed) {
        (_, Some(assumed)) => {
            let value = size(&assumed.value).unwrap_or(0.0);
            let (a, b) = assumed
                .range
                .as_ref()
                .map_or((value, value), |(a, b)| (size(a).unwrap_or(value), size(b).unwrap_or(value)));
            (a.min(b).min(value), value, a.max(b).max(value))
        }
        (Some(dist), None) => {
            let low = dist.upper_quantile_secs(0.99).min(dist.mean().as_secs_f64());
            (low, dist.mean().as_secs_f64(), dist.upper_end().as_secs_f64())
        }
        (None, None) => (0.0, 0.0, 0.0),
    }
}

/// Server and front-end idle timeouts, where both keep connections.
pub(super) fn keepalive_seconds(front: &FrontSpec, server_idle: Option<Nanos>) -> Option<(f64, f64)> {
    Some((server_idle?.as_secs_f64(), front.keepalive?.idle_timeout.as_secs_f64()))
}
