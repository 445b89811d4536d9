//! A row's parameters, turned into the simulator's own.

use serde::Deserialize;

use crate::model::deployment::{DeploymentSpec, Strategy};
use crate::model::probe::ProbeSpec;
use crate::random::Dist;
use crate::sim::spec::{
    Accept, AfterExit, ClientSpec, ContainerPlan, ControlPlane, DeploymentPlan, Drain, NetworkSpec, OnStop,
    PlannedAction, PlannedEvent, PodTemplate, PreStop, ProbePhase, ProbePlan, Role, ServerSpec, SimSpec,
    VictimOrder,
};
use crate::units::{IntOrPercent, Nanos};
use crate::workload::{ClosedLoad, Load, OpenLoad, OpenSource, Profile};

/// The names are the rows' own.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Parameters {
    pub(super) scenario: String,
    pub(super) replicas: u32,
    pub(super) target_replicas: u32,
    pub(super) max_surge: u32,
    pub(super) max_unavailable: u32,
    pub(super) container_start_s: f64,
    pub(super) startup_s: f64,
    pub(super) app_ready_delay_s: f64,
    pub(super) readiness: String,
    pub(super) probe_initial_delay_s: f64,
    pub(super) probe_period_s: f64,
    pub(super) probe_timeout_s: f64,
    pub(super) probe_success_threshold: u32,
    pub(super) probe_failure_threshold: u32,
    pub(super) prop_add_s: [f64; 2],
    pub(super) prop_remove_s: [f64; 2],
    pub(super) prestop_s: f64,
    pub(super) grace_s: f64,
    pub(super) term_mode: String,
    pub(super) linger_s: f64,
    pub(super) after_exit: String,
    pub(super) svc_dist: String,
    pub(super) svc_mean_s: f64,
    pub(super) svc_sigma: f64,
    pub(super) workers: u32,
    pub(super) accept_mode: String,
    pub(super) listen_backlog: u32,
    pub(super) backend_keepalive_idle_s: f64,
    pub(super) backend_keepalive_race_s: f64,
    pub(super) ep_mode: String,
    pub(super) next_upstream: String,
    pub(super) next_upstream_tries: u32,
    pub(super) max_fails: u32,
    pub(super) fail_timeout_s: u64,
    pub(super) connect_timeout_s: f64,
    pub(super) read_timeout_s: f64,
    pub(super) nginx_keepalive: u32,
    pub(super) load: String,
    pub(super) rate_rps: f64,
    pub(super) conns: u32,
    pub(super) think_s: f64,
    pub(super) method: String,
    pub(super) duration_s: f64,
    pub(super) t0_s: f64,
    pub(super) client_timeout_s: f64,
    /// Only in rows of real front ends.
    pub(super) front: Option<String>,
    pub(super) front_replicas: Option<u32>,
    pub(super) front_workers: Option<u32>,
    pub(super) prop_remove2_s: Option<[f64; 2]>,
    pub(super) ctl_sync_rate_per_s: Option<f64>,
    pub(super) ctl_sync_period_s: Option<f64>,
    pub(super) ingress_lb: Option<String>,
    pub(super) haproxy_retries: Option<u32>,
    pub(super) haproxy_redispatch: Option<bool>,
    pub(super) haproxy_check: Option<bool>,
    pub(super) haproxy_check_inter_s: Option<f64>,
    pub(super) haproxy_check_fall: Option<u32>,
    pub(super) haproxy_check_rise: Option<u32>,
    pub(super) haproxy_http_reuse: Option<String>,
    pub(super) envoy_lb: Option<String>,
    pub(super) envoy_retry_on: Option<String>,
    pub(super) envoy_num_retries: Option<u32>,
    pub(super) envoy_retry_other_host: Option<bool>,
    pub(super) envoy_cb_max_retries: Option<u64>,
    pub(super) envoy_outlier: Option<bool>,
    pub(super) envoy_max_ejection_percent: Option<u32>,
    pub(super) envoy_always_eject_one_host: Option<bool>,
    pub(super) envoy_panic_threshold_pct: Option<f64>,
    pub(super) traefik_throttle_s: Option<f64>,
    pub(super) traefik_retry_attempts: Option<u32>,
    pub(super) traefik_retry_interval_s: Option<f64>,
    pub(super) traefik_retry_status: Option<String>,
    /// Only in rows of `validation/`: the share of POST where `method` does not say it all, and
    /// whether closed-loop users keep their connection.
    pub(super) post_share: Option<f64>,
    pub(super) client_keepalive: Option<bool>,
}

/// Work of the rig's front end and load generator per request: the middle of the 0.1 to 0.6 ms
/// that the rows' description gives.
pub(super) const OVERHEAD: Nanos = Nanos(350_000);

/// What the rig takes to start a process or to notice its exit, seconds: the 1 to 10 ms of the rows'
/// description. It decides whether a service of exactly one second outlives the next kill of a rollout
/// in steps of one second.
const LAG_S: [f64; 2] = [0.001, 0.010];

pub(super) fn secs(seconds: f64) -> Nanos {
    Nanos::from_secs_f64(seconds)
}

fn fixed(seconds: f64) -> Dist {
    Dist::Fixed(secs(seconds))
}

/// Kubernetes knows these in whole seconds only, and so does the simulator.
fn whole(name: &str, seconds: f64) -> Result<u32, String> {
    if seconds.fract() == 0.0 && (0.0..=f64::from(u32::MAX)).contains(&seconds) {
        Ok(seconds as u32)
    } else {
        Err(format!("{name} {seconds} is no whole number of seconds, and only those are modelled"))
    }
}

pub(super) fn between([lo, hi]: [f64; 2]) -> Dist {
    if lo.total_cmp(&hi).is_eq() { fixed(lo) } else { Dist::Uniform { lo: secs(lo), hi: secs(hi) } }
}

impl Parameters {
    /// `None` if the row needs a front end that is not modelled.
    pub(super) fn to_spec(&self) -> Result<Option<SimSpec>, String> {
        let Some(tier) = self.front()? else { return Ok(None) };
        Ok(Some(SimSpec {
            kubernetes_minor: 35,
            load: self.load()?,
            client: ClientSpec {
                post_share: self.post_share()?,
                timeout: Some(secs(self.client_timeout_s)),
                retries: 0,
                retry_budget_per_mille: None,
                backoff: Dist::ZERO,
                keep_alive: self.client_keepalive.unwrap_or(false),
                connections: 0,
            },
            network: NetworkSpec {
                race_window: secs(self.backend_keepalive_race_s),
                linear_syn_retries: true,
                reset_share: 0.0,
                after_exit: match self.after_exit.as_str() {
                    "refuse" => AfterExit::Refused,
                    "blackhole" => AfterExit::Blackhole,
                    other => return Err(format!("after_exit `{other}` is unknown")),
                },
            },
            tiers: vec![tier],
            deployments: vec![self.deployment()?],
            events: self.events()?,
            control: control_plane(),
            settle_limit: Nanos::from_secs(120),
        }))
    }

    fn post_share(&self) -> Result<f64, String> {
        let share = self.post_share.unwrap_or(f64::from(u8::from(self.method == "POST")));
        if (0.0..=1.0).contains(&share) {
            Ok(share)
        } else {
            Err(format!("post_share {share} is not 0 to 1"))
        }
    }

    fn load(&self) -> Result<Load, String> {
        let duration = secs(self.duration_s);
        match self.load.as_str() {
            "open" => {
                let profile = Profile::constant(self.rate_rps, duration).map_err(|e| e.to_string())?;
                Ok(Load::Open(OpenLoad { source: OpenSource::Rate { profile, dispersion: 1.0 } }))
            }
            "closed" => Ok(Load::Closed(ClosedLoad {
                connections: self.conns,
                think: fixed(self.think_s),
                ramp: secs(self.think_s.max(0.05)),
                duration,
            })),
            other => Err(format!("load `{other}` is unknown")),
        }
    }

    fn events(&self) -> Result<Vec<PlannedEvent>, String> {
        let action = match self.scenario.as_str() {
            "rolling" => PlannedAction::Rollout { template: 0 },
            "scale_in" | "scale_out" => PlannedAction::Scale { replicas: self.target_replicas },
            "none" => return Ok(Vec::new()),
            other => return Err(format!("scenario `{other}` is unknown")),
        };
        Ok(vec![PlannedEvent { at: secs(self.t0_s), deployment: 0, action }])
    }

    fn deployment(&self) -> Result<DeploymentPlan, String> {
        Ok(DeploymentPlan {
            name: "row".to_owned(),
            spec: DeploymentSpec {
                replicas: self.replicas,
                strategy: Strategy::RollingUpdate {
                    max_surge: IntOrPercent::Int(self.max_surge),
                    max_unavailable: IntOrPercent::Int(self.max_unavailable),
                },
                paused: false,
            },
            min_ready_seconds: 0,
            progress_deadline_seconds: None,
            templates: vec![PodTemplate {
                init: Vec::new(),
                containers: vec![self.container()?],
                grace_seconds: whole("grace_s", self.grace_s)?,
                readiness_gate: false,
            }],
            publish_not_ready_addresses: false,
            disruption_budget: None,
            hpa: None,
        })
    }

    fn container(&self) -> Result<ContainerPlan, String> {
        let lazy = self.accept_mode == "lazy";
        let drain = Drain::within(None);
        let probe = ProbePlan {
            spec: ProbeSpec {
                initial_delay_seconds: whole("probe_initial_delay_s", self.probe_initial_delay_s)?,
                period_seconds: whole("probe_period_s", self.probe_period_s)?,
                timeout_seconds: whole("probe_timeout_s", self.probe_timeout_s)?,
                success_threshold: self.probe_success_threshold,
                failure_threshold: self.probe_failure_threshold,
            },
            grace_seconds: None,
            target: Some(0),
            connects_only: false,
            needs_worker: lazy,
            asks_dependency: false,
        };
        Ok(ContainerPlan {
            name: "app".to_owned(),
            role: Role::Serves(self.server()?),
            is_sidecar: false,
            startup: None,
            readiness: (self.readiness == "probe").then_some(probe),
            liveness: None,
            pre_stop: (self.prestop_s > 0.0).then(|| PreStop { duration: fixed(self.prestop_s) }),
            cpu_request_milli: None,
            image_pull: Dist::ZERO,
            start: between([self.container_start_s + LAG_S[0], self.container_start_s + LAG_S[1]]),
            startup_time: fixed(self.startup_s),
            post_start: None,
            app_ready_delay: fixed(self.app_ready_delay_s),
            startup_cpu_milli: 0,
            on_stop: match self.term_mode.as_str() {
                "abrupt" => OnStop::Exit,
                "graceful" => OnStop::Drain(drain),
                "linger" => OnStop::Linger { time: fixed(self.linger_s), drain },
                "ignore" => OnStop::Ignore,
                other => return Err(format!("term_mode `{other}` is unknown")),
            },
        })
    }

    fn server(&self) -> Result<ServerSpec, String> {
        let idle = self.backend_keepalive_idle_s;
        Ok(ServerSpec {
            workers: Some(self.workers),
            accept: match self.accept_mode.as_str() {
                "eager" => Accept::Eager,
                "lazy" => Accept::Lazy,
                other => return Err(format!("accept_mode `{other}` is unknown")),
            },
            backlog: self.listen_backlog,
            queue: None,
            probe_service: Dist::ZERO,
            service: match self.svc_dist.as_str() {
                "fixed" => fixed(self.svc_mean_s),
                "lognormal" => Dist::log_normal_mean(secs(self.svc_mean_s), self.svc_sigma),
                other => return Err(format!("svc_dist `{other}` is unknown")),
            },
            cpu_share: 0.0,
            cpu_limit_milli: None,
            keepalive_idle: (idle > 0.0).then(|| secs(idle)),
            max_connection_age: None,
            warm_up: None,
        })
    }
}

/// The rig's controller: no delays, no nodes, no slices, policies of its own.
fn control_plane() -> ControlPlane {
    ControlPlane {
        probe_phase: ProbePhase::ProcessStart,
        victim_order: VictimOrder::OldestFirst,
        direct_endpoints: true,
        exact_grace: true,
        slow_start: false,
        // The rig notices an exit as late as a process is started.
        sandbox_stop: between(LAG_S),
        ..ControlPlane::ideal()
    }
}
