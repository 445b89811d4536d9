//! A small case with two unknowns, and lines of runs, for tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::facts::{Pair, RunFacts};
use super::{CauseCount, RunSummary};
use crate::config::case::{Assumption, Case, Expectation, Heading, MarginFacts, Origin, Override};
use crate::model::deployment::{DeploymentSpec, Strategy};
use crate::model::outcome::{Cause, Status};
use crate::model::probe::ProbeSpec;
use crate::model::retry::RetryPolicy;
use crate::random::Dist;
use crate::sim::PodRecord;
use crate::sim::spec::{
    Accept, AfterExit, Answers, Balancer, CircuitBreaker, ClientSpec, ContainerPlan, ControlPlane, Delivery,
    DeploymentPlan, Drain, FrontSpec, Mechanism, NetworkSpec, OnStop, PlannedAction, PlannedEvent,
    PodTemplate, PreStop, ProbePhase, ProbePlan, Role, ServerSpec, SimSpec, VictimOrder,
};
use crate::units::{IntOrPercent, Nanos, SimTime, parse_duration};
use crate::workload::{Load, OpenLoad, OpenSource, Profile};

const fn ms(millis: u64) -> Dist {
    Dist::Fixed(Nanos::from_millis(millis))
}

/// Four pods at 80 requests per second, one rollout at 20 s, a front end that lets go after
/// `removal`, processes that stop by `stop`. Knobs: `removal`, `stop`, `preStop`.
pub(crate) fn case(overrides: &[Override]) -> Result<Case, String> {
    let mut knobs = BTreeMap::from([("removal", "4s"), ("stop", "exit"), ("preStop", "0s")]);
    for set in overrides {
        *knobs.get_mut(set.knob.as_str()).ok_or_else(|| format!("no knob `{}`", set.knob))? = &set.value;
    }
    let duration = |knob: &str| parse_duration(knobs[knob]).map_err(|error| error.to_string());
    let removal = duration("removal")?;
    let on_stop = match knobs["stop"] {
        "exit" => OnStop::Exit,
        "drain" => OnStop::Drain(Drain::within(None)),
        "linger" => OnStop::Linger { time: ms(8_000), drain: Drain::within(None) },
        other => return Err(format!("no way to stop `{other}`")),
    };
    let pre_stop = Some(duration("preStop")?).filter(|span| *span > Nanos::ZERO);
    let pre_stop = pre_stop.map(|span| PreStop { duration: Dist::Fixed(span) });
    let unknown = |key: &str, value: &str, lo: &str, hi: &str| Assumption {
        key: key.to_owned(),
        label: format!("{key} of the test"),
        value: value.to_owned(),
        range: Some((lo.to_owned(), hi.to_owned())),
        origin: Origin::Guess,
        source: "a test".to_owned(),
        set_with: format!("--{key}"),
        decisive: true,
    };
    Ok(Case {
        name: "four pods".to_owned(),
        hash: "0123456789abcdef".to_owned(),
        spec: Arc::new(spec(removal, on_stop, pre_stop)),
        assumptions: vec![
            unknown("removal", knobs["removal"], "1s", "10s"),
            unknown("stop", knobs["stop"], "linger", "exit"),
            Assumption { decisive: false, range: None, ..unknown("kubernetes", "1.35", "", "") },
        ],
        expectations: vec![
            Expectation { metric: "lost".to_owned(), is: "> 0".to_owned(), place: None },
            Expectation { metric: "margin.removal".to_owned(), is: ">= 5s".to_owned(), place: None },
        ],
        heading: Heading {
            front_end_assumed: false,
            workload: "default/web".to_owned(),
            load: "80 rps open loop".to_owned(),
            size: "4 pods".to_owned(),
            front_end: "nginx".to_owned(),
            kubernetes: "kubernetes 1.35 assumed".to_owned(),
        },
        margins: MarginFacts {
            longest_removal_s: 0.0,
            longest_outer_removal_s: 0.0,
            outer_removal_s: (0.0, 0.0, 0.0),
            removal_s: (1.0, removal.as_secs_f64(), 10.0),
            cpu_limit_cores: Some(1.0),
            keepalive_s: None,
        },
        not_modelled: vec![("Deployment/web".to_owned(), "spec.template.spec.hostNetwork".to_owned())],
        warnings: Vec::new(),
        inputs: vec![("web.yaml".to_owned(), "kind: Deployment\n".to_owned())],
        seed: 1,
        runs: 6,
    })
}

fn spec(removal: Nanos, on_stop: OnStop, pre_stop: Option<PreStop>) -> SimSpec {
    let profile = Profile::constant(80.0, Nanos::from_secs(60)).expect("a valid rate");
    SimSpec {
        kubernetes_minor: 35,
        load: Load::Open(OpenLoad { source: OpenSource::Rate { profile, dispersion: 1.0 } }),
        client: ClientSpec {
            post_share: 0.2,
            timeout: Some(Nanos::from_secs(10)),
            retries: 0,
            retry_budget_per_mille: None,
            backoff: Dist::ZERO,
            keep_alive: false,
            connections: 0,
        },
        network: NetworkSpec {
            race_window: Nanos(500_000),
            linear_syn_retries: true,
            reset_share: 0.0,
            after_exit: AfterExit::Refused,
        },
        tiers: vec![front(removal)],
        deployments: vec![deployment(on_stop, pre_stop)],
        events: vec![PlannedEvent {
            at: Nanos::from_secs(20),
            deployment: 0,
            action: PlannedAction::Rollout { template: 0 },
        }],
        control: control(),
        settle_limit: Nanos::from_secs(120),
    }
}

fn front(removal: Nanos) -> FrontSpec {
    FrontSpec {
        node_local: None,
        name: "nginx".to_owned(),
        replicas: 1,
        pods: None,
        workers: 1,
        has_canary: false,
        balancer: Balancer::RoundRobin,
        retry: RetryPolicy::NEVER,
        connect_timeout: Nanos::from_secs(5),
        read_timeout: Nanos::from_secs(60),
        request_timeout: None,
        stream_idle_timeout: None,
        breaker: CircuitBreaker::default(),
        outlier: None,
        pins_connections: false,
        client_affinity: false,
        affinity_holds: false,
        slow_start: Nanos::ZERO,
        keepalive: None,
        answers: Answers::NGINX,
        delivery: Delivery {
            add: ms(20),
            remove: ms(20),
            remove_elsewhere: None,
            removal_override: Some(Dist::Fixed(removal)),
            addition_override: None,
            falls_back_to_terminating: false,
            mechanism: Mechanism::in_place(Nanos::ZERO),
        },
        overhead: Nanos(200_000),
    }
}

fn deployment(on_stop: OnStop, pre_stop: Option<PreStop>) -> DeploymentPlan {
    let probe = ProbePlan {
        spec: ProbeSpec { period_seconds: 1, ..ProbeSpec::default() },
        grace_seconds: None,
        target: Some(0),
        connects_only: false,
        needs_worker: false,
        asks_dependency: false,
    };
    let server = ServerSpec {
        workers: Some(8),
        accept: Accept::Eager,
        backlog: 511,
        queue: None,
        service: Dist::log_normal_mean(Nanos::from_millis(45), 0.5),
        probe_service: Dist::Fixed(Nanos::from_millis(5)),
        cpu_share: 0.2,
        cpu_limit_milli: None,
        keepalive_idle: None,
        max_connection_age: None,
        warm_up: None,
    };
    let container = ContainerPlan {
        name: "app".to_owned(),
        role: Role::Serves(server),
        is_sidecar: false,
        startup: None,
        readiness: Some(probe),
        liveness: Some(ProbePlan { spec: ProbeSpec::default(), ..probe }),
        pre_stop,
        cpu_request_milli: Some(500),
        image_pull: Dist::ZERO,
        start: ms(150),
        startup_time: ms(2_000),
        post_start: None,
        app_ready_delay: Dist::ZERO,
        startup_cpu_milli: 0,
        on_stop,
    };
    DeploymentPlan {
        name: "default/web".to_owned(),
        spec: DeploymentSpec {
            replicas: 4,
            strategy: Strategy::RollingUpdate {
                max_surge: IntOrPercent::Int(1),
                max_unavailable: IntOrPercent::Int(0),
            },
            paused: false,
        },
        min_ready_seconds: 0,
        progress_deadline_seconds: Some(600),
        templates: vec![PodTemplate {
            init: Vec::new(),
            containers: vec![container],
            grace_seconds: 30,
            readiness_gate: false,
        }],
        publish_not_ready_addresses: false,
        disruption_budget: None,
        hpa: None,
    }
}

fn control() -> ControlPlane {
    ControlPlane {
        pods_per_node: None,
        nodes: 2,
        zones: 1,
        node_monitor_grace_period: Nanos::from_secs(50),
        controller_reaction: ms(10),
        api_write: ms(5),
        schedule: ms(10),
        kubelet_notice: ms(100),
        sandbox: ms(300),
        container_relist: ms(200),
        status_patch: ms(10),
        kubelet_stop: ms(20),
        sandbox_stop: ms(200),
        slice_sync: ms(20),
        probe_phase: ProbePhase::Kubelet,
        victim_order: VictimOrder::Kubernetes,
        direct_endpoints: false,
        exact_grace: false,
        slow_start: true,
    }
}

/// The line of a run that lost so many requests with 502 for `listener_closed`; each lacks 9 s of
/// serving when anything was lost and has 1 s to spare otherwise.
pub(crate) fn run_summary(run: u32, lost: u64) -> RunSummary {
    let total = 10_000;
    let seconds = |s: u64| Nanos::from_secs(s).0;
    let mut statuses = BTreeMap::from([(Status::Ok, total - lost)]);
    let mut causes = Vec::new();
    if lost > 0 {
        statuses.insert(Status::BadGateway, lost);
        let (status, cause) = (Status::BadGateway, Cause::ListenerClosed);
        causes.push(CauseCount { status, cause, count: lost, posts: lost / 5 });
    }
    let need = if lost > 0 { seconds(3) } else { 0 };
    let facts = RunFacts { removal: Some(Pair { have: seconds(1), need }), ..RunFacts::default() };
    RunSummary {
        run,
        total,
        ok: total - lost,
        lost,
        in_flight_at_end: 0,
        statuses,
        causes,
        sent_twice: 0,
        executed_but_5xx: 0,
        latency_ok_ns: u128::from(total - lost) * 45_000_000,
        latency_all_ns: u128::from(total) * 45_000_000,
        latency_quantiles_ns: Some([40_000_000, 60_000_000, 100_000_000, 120_000_000, 150_000_000]),
        replicas_min: 4,
        replicas_max: 4,
        replicas_final: 4,
        max_pods: 5,
        pod_ns: 4 * u128::from(seconds(60)),
        end_ns: seconds(60),
        rollouts: 1,
        rollouts_open: 0,
        drains: None,
        deadline_exceeded_ns: None,
        rollout_ns: Some(seconds(30)),
        facts,
    }
}

/// A pod that has only been created.
pub(crate) fn pod_record(created: SimTime) -> PodRecord {
    PodRecord {
        deployment: 0,
        revision: 0,
        created,
        bound: None,
        node: None,
        started: None,
        listening: None,
        ready: None,
        listed: None,
        unlisted: None,
        absences: Vec::new(),
        unready: Vec::new(),
        restarts: Vec::new(),
        deselected: None,
        egress_ended: None,
        deleted: None,
        hook_began: None,
        signalled: None,
        closed: None,
        exited: None,
        killed: None,
        gone: None,
        lost: None,
    }
}
