//! The front end as a Deployment: what stands before it, and its pods.

use super::code;
use super::events;
use super::fields::{self, Objects};
use super::front::{self, Chosen};
use super::of::Of;
use super::outer::{CLIENT_AFFINITY, PRESET, is_simulated, may_be_pods, outer_preset, own_name};
use super::pods::{as_written, is_target_gate, limit_of, post_start};
use super::roles::{image_name, running};
use super::stopping;
use super::values::{Fallback, Values};
use crate::config::case::Origin;
use crate::config::described::Described;
use crate::config::knobs::{self, Value};
use crate::config::manifest::{
    Container, Deployment, Hook, Manifests, PodSpec, Probe, ProbeHandler, Selection, Source, TrafficPolicy,
    read_manifests, select_workload,
};
use crate::config::presets::FrontEndPreset;
use crate::diag::Diagnostic;
use crate::model::eviction::DisruptionBudget;
use crate::random::Dist;
use crate::sim::spec::{
    ContainerPlan, DeploymentPlan, FrontSpec, Mechanism, OnStop, PodTemplate, PreStop, Role, ServerSpec,
};
use crate::units::{Nanos, parse_duration};

const DEPLOYMENT: &str = "front_end.deployment";
const CHART: &str = include_str!("ingress_nginx.yaml");

/// The Deployment whose pods the front end's processes are, and the tier before it.
pub(super) struct Ingress {
    /// What stands before it.
    pub(super) outer: Chosen,
    pub(super) objects: Objects,
    /// It was not given: the chart's is assumed.
    pub(super) is_chart: bool,
    /// The pods' spec before a rollout, if another one.
    old: Option<PodSpec>,
    budget: Option<(DisruptionBudget, String)>,
    pub(super) warnings: Vec<Diagnostic>,
}

/// The name that the manifests' ingress Deployment is said to have.
pub(super) fn name_said<'d>(values: &mut Values<'d>) -> Option<&'d str> {
    values.said(DEPLOYMENT).map(|setting| setting.text.as_str())
}

impl Ingress {
    /// Whether the front end's processes are pods, and then whose.
    ///
    /// # Errors
    /// A tier or a Deployment that is not there or cannot be simulated so.
    pub(super) fn find(
        described: &Described<'_>,
        chosen: &Chosen,
        workload: &Deployment,
        minor: u32,
        values: &mut Values<'_>,
    ) -> Result<Option<Ingress>, Diagnostic> {
        let (named, before) = (values.said(DEPLOYMENT), values.said(PRESET));
        let place = before.or(named).and_then(|setting| setting.place.clone());
        let placed = |diagnostic: Diagnostic| match &place {
            Some(place) if diagnostic.place.is_none() => diagnostic.at(place.clone()),
            _ => diagnostic,
        };
        if named.is_none() && before.is_none() {
            return Ok(None);
        }
        may_be_pods(chosen.preset).map_err(placed)?;
        let said = before.map(|setting| setting.text.as_str());
        let ingress = match named {
            Some(named) => {
                let selection = select_workload(described.manifests, Some(&named.text));
                let selection = selection.map_err(|error| match &named.place {
                    Some(place) if error.place.is_none() => error.at(place.clone()),
                    _ => error,
                })?;
                let id = |deployment: &Deployment| {
                    (deployment.meta.namespace.clone(), deployment.meta.name.clone())
                };
                if id(selection.deployment) == id(workload) {
                    let title = workload.meta.title();
                    let message =
                        format!("{title} is the workload itself, and cannot be the ingress before it");
                    let help = "name another one with --workload, or another ingress";
                    return Err(placed(Diagnostic::error(code::FRONT_END, message).help(help)));
                }
                let outer = outer_preset(said, &selection, values).map_err(placed)?;
                let old = described.from.and_then(|from| of_before(from, &selection));
                Ingress::of(Chosen::of(outer, &selection), &selection, old, false, minor)?
            }
            None => {
                let manifests = chart(chosen.preset).map_err(placed)?;
                let selection = select_workload(&manifests, None).map_err(placed)?;
                let knob = knobs::find(DEPLOYMENT).expect("a name of the registry").knob;
                let outer = outer_preset(said, &selection, values).map_err(placed)?;
                let text = selection.deployment.meta.name.clone();
                let source = "charts/ingress-nginx/values.yaml, the Deployment that the chart makes";
                values.assume(knob, DEPLOYMENT, Fallback::plain(text, Origin::Documented, source));
                Ingress::of(Chosen::of(outer, &selection), &selection, None, true, minor)?
            }
        };
        Ok(Some(ingress))
    }

    fn of(
        outer: Chosen,
        selection: &Selection<'_>,
        old: Option<PodSpec>,
        is_chart: bool,
        minor: u32,
    ) -> Result<Ingress, Diagnostic> {
        let title = selection.deployment.meta.title();
        if selection.deployment.progressive.is_some() {
            let message =
                format!("{title} is a Rollout of Argo, and events of an ingress are a Deployment's");
            let help = "write it as a Deployment with the same template";
            return Err(Diagnostic::error(code::FRONT_END, message)
                .at(selection.deployment.meta.place())
                .help(help));
        }
        if let Some(scaler) = selection.autoscalers.first() {
            let message = format!(
                "{} scales {title}, which cannot be simulated: the front end's pods use no CPU and have no queue here",
                scaler.meta.title()
            );
            return Err(Diagnostic::error(code::UNSUPPORTED, message)
                .at(scaler.meta.place())
                .help("leave the autoscaler out and say what it does: --event ingress-scale=3@60s"));
        }
        let objects = Objects {
            deployment: selection.deployment.clone(),
            pod_spec: selection.pod_spec.clone(),
            services: selection.services.iter().map(|service| (*service).clone()).collect(),
            autoscalers: Vec::new(),
            replicas_set: false,
            minor,
        };
        let budget = events::disruption_budget(selection);
        let warnings = selection.warnings.iter().cloned().chain(outer.warnings()).collect();
        Ok(Ingress { outer, objects, is_chart, old, budget, warnings })
    }

    /// What its manifests say of the tier before it, as values of knobs, where that tier has them.
    pub(super) fn annotated(&self) -> Vec<(&'static str, String)> {
        self.outer.annotated().into_iter().filter(|(path, _)| is_simulated(path)).collect()
    }

    /// What its manifests say that plays no part.
    pub(super) fn not_modelled(&self, manifests: &Manifests) -> Vec<(String, String)> {
        let services = &self.objects.services;
        let titles = services.iter().map(|service| service.meta.title());
        let titles: Vec<String> = titles.chain([self.objects.deployment.meta.title()]).collect();
        let fields = manifests.not_modelled.iter().filter(|field| titles.contains(&field.object));
        let mut found: Vec<(String, String)> =
            fields.map(|field| (field.object.clone(), field.field.clone())).collect();
        let unknown = self.outer.not_modelled().into_iter().map(str::to_owned);
        // A Service's session affinity is told below, in its own words.
        let plays_none = |path: &str| !is_simulated(path) && path != CLIENT_AFFINITY;
        let known = self.outer.annotated().into_iter().filter(|(path, _)| plays_none(path));
        let known = known.map(|(path, value)| format!("{}={value}", own_name(path)));
        let title = format!("{} before {}", self.outer.preset.name, self.name());
        found.extend(unknown.chain(known).map(|what| (title.clone(), what)));
        for service in services {
            if service.client_ip_affinity_seconds.is_some() {
                found.push((service.meta.title(), "sessionAffinity: ClientIP".to_owned()));
            }
            let is_local = service.external_traffic_policy == TrafficPolicy::Local;
            if is_local && front::traffic_policy(self.outer.preset, [service].into_iter()).is_none() {
                let what =
                    format!("externalTrafficPolicy: Local plays no part behind {}", self.outer.preset.name);
                found.push((service.meta.title(), what));
            }
        }
        found
    }

    pub(super) fn name(&self) -> &str {
        &self.objects.deployment.meta.name
    }

    /// Applies what was set of its fields.
    pub(super) fn apply_fields(&mut self, values: &mut Values<'_>) {
        fields::apply_named(&mut self.objects, values);
    }

    /// The names of its containers.
    pub(super) fn containers(&self) -> impl Iterator<Item = &str> {
        let spec = &self.objects.pod_spec;
        spec.containers.iter().chain(&spec.init_containers).map(|container| container.name.as_str())
    }

    /// What of the two tiers together is not simulated although it may decide.
    pub(super) fn warn_of_connections(&self, outer: &FrontSpec, plan: &DeploymentPlan) -> Option<Diagnostic> {
        let kept = outer.keepalive?.idle_timeout;
        let servers = plan.templates.iter().flat_map(|template| &template.containers);
        let idle = servers.filter_map(|container| match &container.role {
            Role::Serves(server) => server.keepalive_idle,
            _ => None,
        });
        let idle = idle.min().filter(|idle| *idle <= kept)?;
        let message = format!(
            "{} keeps idle connections for {kept}, the pods of {} for {idle}: requests that meet one which they have just closed are lost without any event, and are missing below",
            self.outer.preset.name,
            self.name()
        );
        let help = "let the ingress keep them longer (nginx: keep-alive), and say so: --set containers.NAME.keepalive_idle=";
        Some(Diagnostic::warning(code::UNSUPPORTED, message).help(help))
    }

    /// The Deployment as it is simulated. `replicas` stands where nobody wrote a number.
    pub(super) fn plan(&self, outer: &FrontSpec, replicas: u32, values: &mut Values<'_>) -> DeploymentPlan {
        let Objects { deployment, pod_spec, .. } = &self.objects;
        let gated = matches!(outer.delivery.mechanism, Mechanism::TargetGroup(_));
        let before = self.old.as_ref().unwrap_or(pod_spec);
        let present: Vec<&str> =
            before.serving_containers().map(|container| container.image.as_str()).collect();
        // The new one first: what is assumed goes on record by it.
        let new = template(pod_spec, self.objects.minor, gated, &present, values);
        let templates = vec![template(before, self.objects.minor, gated, &present, values), new];
        DeploymentPlan {
            name: format!("{}/{}", deployment.meta.namespace, deployment.meta.name),
            spec: super::DeploymentSpec {
                replicas: deployment.replicas.unwrap_or(replicas),
                strategy: super::strategy(deployment.strategy),
                paused: deployment.paused,
            },
            min_ready_seconds: deployment.min_ready_seconds,
            progress_deadline_seconds: super::progress_deadline(deployment.progress_deadline_seconds),
            templates,
            publish_not_ready_addresses: self.objects.services.iter().any(|s| s.publish_not_ready_addresses),
            disruption_budget: self.budget.clone(),
            hpa: None,
        }
    }
}

/// The same Deployment in `--from`, if it is there.
fn of_before(from: &Manifests, selection: &Selection<'_>) -> Option<PodSpec> {
    let wanted = selection.deployment.full_name();
    select_workload(from, Some(&wanted)).ok().map(|old| old.pod_spec)
}

/// The Deployment that a front end's own chart makes.
fn chart(preset: &FrontEndPreset) -> Result<Manifests, Diagnostic> {
    if preset.name != "ingress-nginx" {
        let message = format!("which Deployment are the pods of {}?", preset.name);
        let help = "give it with the manifests and name it: --set ingress=NAME";
        return Err(Diagnostic::error(code::FRONT_END, message).help(help));
    }
    let source = Source::Text { name: "the chart of ingress-nginx".to_owned(), text: CHART.to_owned() };
    Ok(read_manifests(&[source]).expect("the chart's Deployment is valid"))
}

// === Pods ===

fn template(
    spec: &PodSpec,
    minor: u32,
    gated: bool,
    present: &[&str],
    values: &mut Values<'_>,
) -> PodTemplate {
    let containers = running(spec);
    let serving = serving(&containers, values);
    let plans = containers.iter().enumerate().map(|(at, (container, is_sidecar))| {
        let of = Of { name: &container.name, star: false, main: false };
        let pulled = present.contains(&container.image.as_str()).then_some("0s");
        let pulled =
            Fallback::plain(pulled.unwrap_or("median=2s,p99=6s"), Origin::Guess, "an image of 100 MB");
        let (pre_stop, on_stop) = stop_of(container, &of, minor, values);
        let probe = |probe: &Option<Probe>| {
            probe.as_ref().map(|probe| {
                let exec = matches!(probe.handler, ProbeHandler::Exec(_));
                as_written(probe, (!exec).then_some(serving))
            })
        };
        let startup = Fallback::plain("uniform=1s..3s", Origin::Guess, "a proxy and its first configuration");
        ContainerPlan {
            name: container.name.clone(),
            role: if at == serving { Role::Serves(server(container, &of, values)) } else { Role::Other },
            is_sidecar: *is_sidecar,
            startup: probe(&container.startup_probe),
            readiness: probe(&container.readiness_probe),
            liveness: probe(&container.liveness_probe),
            pre_stop,
            cpu_request_milli: container.resources.cpu_request_milli,
            image_pull: values.dist_of(&of, "image_pull", Some(pulled)),
            start: values.dist_of(&of, "start", None),
            post_start: post_start(container, &of, values),
            startup_time: values.dist_of(&of, "startup", Some(startup)),
            // It answers what it can as soon as it listens.
            app_ready_delay: Dist::ZERO,
            startup_cpu_milli: 0,
            on_stop,
        }
    });
    let containers = plans.collect();
    let init = spec.init_containers.iter().filter(|container| !container.is_sidecar()).map(|container| {
        let of = Of { name: &container.name, star: false, main: false };
        values.dist_of(&of, "run_time", None)
    });
    PodTemplate {
        init: init.collect(),
        containers,
        grace_seconds: spec.termination_grace_period_seconds,
        readiness_gate: gated && spec.readiness_gates.iter().any(|gate| is_target_gate(gate)),
    }
}

/// The container that is the front end: the one that is said to be, else the first with a port that
/// clients use, else the first.
fn serving(containers: &[(&Container, bool)], values: &mut Values<'_>) -> usize {
    let said = containers.iter().position(|(container, _)| {
        let path = format!("containers.{}.role", container.name);
        let value = values.said(&path).is_some().then(|| values.value_at(&path)).flatten();
        value == Some(Value::Choice("serves"))
    });
    let takes_requests = |(container, _): &(&Container, bool)| {
        let usual = [80, 443, 8000, 8080, 8443];
        container.ports.iter().any(|port| usual.contains(&port.container_port))
    };
    let apart = || containers.iter().position(|(_, is_sidecar)| !is_sidecar);
    said.or_else(|| containers.iter().position(takes_requests)).or_else(apart).unwrap_or(0)
}

/// A process without a queue: what it does with a request is the front end's part.
fn server(container: &Container, of: &Of<'_>, values: &mut Values<'_>) -> ServerSpec {
    let known = match image_name(&container.image).0.as_str() {
        "controller" | "nginx" | "nginx-ingress" => Some("nginx' keepalive_timeout"),
        _ => None,
    };
    let usual = known.map(|source| Fallback::plain("75s", Origin::Documented, source));
    let idle = limit_of(values.of(of, "keepalive_idle", usual));
    let keepalive_idle = Some(idle.unwrap_or(Nanos::MAX_SPAN)).filter(|idle| *idle > Nanos::ZERO);
    ServerSpec { keepalive_idle, ..ServerSpec::ideal(None, Dist::ZERO) }
}

/// The hook and what follows it.
///
/// Source: ingress-nginx cmd/waitshutdown/main.go: the hook sends the signal itself and ends with
/// nginx; internal/ingress/controller/nginx.go Stop: the grace of `--shutdown-grace-period`, then
/// `nginx -s quit`, whose workers have worker_shutdown_timeout, 240 s.
fn stop_of(
    container: &Container,
    of: &Of<'_>,
    minor: u32,
    values: &mut Values<'_>,
) -> (Option<PreStop>, OnStop) {
    let waits = matches!(&container.lifecycle.pre_stop, Some(Hook::Exec(command))
        if command.iter().any(|word| word.ends_with("/wait-shutdown")));
    let hook = if waits { None } else { stopping::pre_stop(container, of, minor, values) };
    let image = image_name(&container.image).0;
    let is_ingress_nginx = waits || image.contains("nginx-ingress-controller") || image == "controller";
    let known = match image.as_str() {
        _ if is_ingress_nginx => {
            Some(("drain,limit=240s", "ingress-nginx, nginx -s quit with worker-shutdown-timeout 240s"))
        }
        "traefik" => Some(("drain,limit=10s", "traefik, lifeCycle.graceTimeOut 10s")),
        _ => None,
    };
    let usual = known.map(|(text, source)| Fallback::plain(text, Origin::Documented, source));
    let on_stop = stopping::on_stop_as(container, of, usual, values);
    if !on_stop.suits_ingress() {
        let message = format!(
            "{} ends over the connections that are kept to it, which is not simulated for pods of the front end",
            container.name
        );
        let help = format!(
            "choose exit, ignore, drain, linger or decline: --set containers.{}.on_stop=drain",
            of.name
        );
        values.problems.push(Diagnostic::error(code::UNSUPPORTED, message).help(help));
    }
    (
        hook,
        match (on_stop, shutdown_grace(container).filter(|_| is_ingress_nginx)) {
            (OnStop::Drain(drain), Some(grace)) => OnStop::Linger { time: Dist::Fixed(grace), drain },
            (on_stop, _) => on_stop,
        },
    )
}

/// How long ingress-nginx is told to go on after its signal.
fn shutdown_grace(container: &Container) -> Option<Nanos> {
    const FLAG: &str = "--shutdown-grace-period";
    let words: Vec<&str> = container.command.iter().chain(&container.args).map(String::as_str).collect();
    let at = words.iter().position(|word| word.starts_with(FLAG))?;
    let text = match words[at].strip_prefix(FLAG)?.strip_prefix('=') {
        Some(text) => text,
        None => words.get(at + 1)?,
    };
    let bare = text.parse().ok().map(Nanos::from_secs);
    bare.or_else(|| parse_duration(text).ok()).filter(|grace| *grace > Nanos::ZERO)
}
