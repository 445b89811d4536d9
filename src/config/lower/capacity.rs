//! How much one request costs, how much a pod can take, and how many pods there are.

use super::code;
use super::fields::Objects;
use super::of::Of;
use super::pods::cpu_limit;
use super::values::{Fallback, Values};
use crate::config::case::Origin;
use crate::config::knobs::{Kind, Value};
use crate::config::manifest::Selection;
use crate::diag::Diagnostic;
use crate::model::hpa::{HpaSpec, MetricSource, PodRequests};
use crate::random::Dist;
use crate::sim::spec::SimSpec;
use crate::units::Nanos;
use crate::workload::{Load, OpenSource};

/// What the load asks for.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Demand {
    /// Requests per second at the beginning and at most, whatever the answers.
    Open { first: f64, peak: f64 },
    /// So many connections, and the rest of their cycle besides the service, in seconds.
    Closed { connections: f64, rest: f64 },
}

impl Demand {
    pub(super) fn of(load: &Load, overhead: Nanos) -> Demand {
        match load {
            Load::Closed(closed) => Demand::Closed {
                connections: f64::from(closed.connections),
                rest: closed.think.mean().as_secs_f64() + overhead.as_secs_f64(),
            },
            Load::Open(open) => match &open.source {
                OpenSource::Rate { profile, .. } => {
                    Demand::Open { first: profile.rate(Nanos::ZERO), peak: profile.peak() }
                }
                OpenSource::List(list) => {
                    // The engine takes the same minute for its warm start.
                    let window = Nanos::from_secs(60).min(load.duration()).as_secs_f64().max(1e-9);
                    let within = |from: f64| {
                        let low = list.partition_point(|at| at.as_secs_f64() < from);
                        let high = list.partition_point(|at| at.as_secs_f64() < from + window);
                        (high - low) as f64 / window
                    };
                    let windows = (load.duration().as_secs_f64() / window).ceil() as u64;
                    let peak = (0..windows).map(|k| within(k as f64 * window)).fold(0.0, f64::max);
                    Demand::Open { first: within(0.0), peak }
                }
            },
        }
    }

    /// Requests per second at the beginning, if a request takes so many seconds.
    pub(super) fn first(self, service: f64) -> f64 {
        match self {
            Demand::Open { first, .. } => first,
            Demand::Closed { connections, rest } => connections / (rest + service).max(1e-6),
        }
    }

    fn peak(self, service: f64) -> f64 {
        match self {
            Demand::Open { peak, .. } => peak,
            closed => closed.first(service),
        }
    }
}

/// The size that costs are assumed by.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct PodSize {
    /// The most pods there can be for long: `maxReplicas`, else `replicas`.
    pub(super) pods: u32,
    /// CPU limit, else request, of the container that answers, in cores.
    pub(super) cores: Option<f64>,
    /// Requests at once.
    pub(super) workers: Option<u32>,
}

/// Service time of a request, and the share of it that is CPU.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cost {
    pub(super) service: Dist,
    pub(super) cpu_seconds: f64,
}

impl Cost {
    pub(super) fn cpu_share(&self) -> f64 {
        let mean = self.service.mean().as_secs_f64();
        if mean > 0.0 { (self.cpu_seconds / mean).min(1.0) } else { 0.0 }
    }
}

/// Pods are taken to be sized so that they run at this share of what they have...
const SIZED_FOR: f64 = 0.5;
/// ... and the range of the unknown goes up to this one.
const SIZED_AT_MOST: f64 = 0.8;

/// Finds what a request costs. Where nobody says, a usual cost is assumed, and a smaller one if
/// the pods could not carry the load with it: most services are sized for their load.
pub(super) fn cost(demand: Demand, size: PodSize, of: &Of<'_>, values: &mut Values<'_>) -> Cost {
    let usual = assumed_service(demand, size, cpu_said(of, values));
    let (service, cpu_within) = match values.of(of, "service", Some(usual)) {
        Some(Value::Service(service, cpu)) => (service, cpu),
        _ => (Dist::ZERO, None),
    };
    let mean = service.mean().as_secs_f64();
    // `--cpu` stands over `--latency 45ms,cpu=8ms` unless that is said in a stronger layer.
    let beside = values.said_of(of, "cpu").map(|setting| setting.layer);
    let within = values.said_of(of, "service").map(|setting| setting.layer);
    let cpu = match (cpu_within, beside) {
        (Some(cpu), beside) if beside.is_none() || within > beside => cpu.as_secs_f64(),
        _ => match values.of(of, "cpu", Some(assumed_cpu(demand, size, mean))) {
            Some(Value::Duration(cpu)) => cpu.as_secs_f64(),
            _ => 0.0,
        },
    };
    if cpu > mean * 1.000_001 {
        let message = format!(
            "a request takes {} of CPU but only {} in all (mean)",
            Nanos::from_secs_f64(cpu),
            Nanos::from_secs_f64(mean)
        );
        let help = "the service time contains the CPU time: raise `--latency` or lower `--cpu`";
        values.problems.push(Diagnostic::error(code::SETTING, message).help(help));
    }
    Cost { service, cpu_seconds: cpu.min(mean) }
}

/// CPU time that was said, in seconds.
fn cpu_said(of: &Of<'_>, values: &mut Values<'_>) -> f64 {
    let parsed = |kind: Kind, text: &str| {
        kind.parse(text).ok().map(|value| match value {
            Value::Duration(cpu) | Value::Service(_, Some(cpu)) => cpu.as_secs_f64(),
            _ => 0.0,
        })
    };
    let beside = values.said_of(of, "cpu").and_then(|setting| parsed(Kind::Duration, &setting.text));
    let within = values.said_of(of, "service").and_then(|setting| parsed(Kind::Service, &setting.text));
    beside.or(within).unwrap_or(0.0)
}

/// A log-normal of which the 99th percentile is five times the median.
fn assumed_service(demand: Demand, size: PodSize, cpu: f64) -> Fallback {
    const MEDIAN: f64 = 0.020;
    const MEAN_OVER_MEDIAN: f64 = 1.270;
    let mean = (MEDIAN * MEAN_OVER_MEDIAN).max(cpu * 1.5);
    // A range of the unknown ends where the workers could not carry an open load any more.
    let most = match (size.workers, demand) {
        (Some(workers), Demand::Open { peak, .. }) => {
            SIZED_AT_MOST * f64::from(workers) * f64::from(size.pods) / peak.max(1e-9)
        }
        _ => f64::INFINITY,
    };
    let median = mean / MEAN_OVER_MEDIAN;
    let (low, high) = ((mean / 5.0).max(cpu), (mean * 8.0).min(most).max(mean));
    Fallback {
        text: format!("median={},p99={}", rounded(median), rounded(median * 5.0)),
        range: Some((rounded_up(low).to_string(), rounded(high).to_string())),
        origin: Origin::Guess,
        source: "a small web request".to_owned(),
        decisive: true,
    }
}

fn assumed_cpu(demand: Demand, size: PodSize, service: f64) -> Fallback {
    const USUAL: f64 = 0.005;
    let rate = demand.peak(service).max(1e-9);
    let at =
        |share: f64| size.cores.map_or(f64::INFINITY, |cores| share * cores * f64::from(size.pods) / rate);
    let most = service * 0.8;
    let cpu = USUAL.min(at(SIZED_FOR)).min(most);
    let sized = at(SIZED_FOR) < USUAL && at(SIZED_FOR) < most;
    let (low, high) = ((cpu / 2.0).min(0.001), (cpu * 4.0).min(at(SIZED_AT_MOST)).min(most).max(cpu));
    Fallback {
        text: rounded(cpu).to_string(),
        range: Some((rounded(low).to_string(), rounded(high).to_string())),
        origin: Origin::Guess,
        source: match sized {
            true => format!("sized so that {} pods run at half of their CPU", size.pods),
            false => "a small web request".to_owned(),
        },
        decisive: size.cores.is_some(),
    }
}

/// Three digits, rounded down.
fn rounded(seconds: f64) -> Nanos {
    Nanos::from_secs_f64(seconds).three_digits()
}

/// Three digits, rounded up: a service time must not fall below the CPU time in it.
fn rounded_up(seconds: f64) -> Nanos {
    let nanos = Nanos::from_secs_f64(seconds).0;
    let unit = 10_u64.pow(nanos.max(1).ilog10().saturating_sub(2));
    Nanos(nanos.div_ceil(unit) * unit)
}

/// The size that the manifests state, which settings over them do not change: costs that nobody
/// says must stay the same when replicas or limits are swept.
pub(super) fn written_size(
    selection: &Selection<'_>,
    objects: &Objects,
    server: &str,
    minor: u32,
) -> PodSize {
    let scaler = match selection.autoscalers.as_slice() {
        [only] => Some(only.max_replicas),
        _ => None,
    };
    let pods = scaler.or(selection.deployment.replicas).or(objects.deployment.replicas).unwrap_or(1).max(1);
    let container = selection.pod_spec.container(server);
    let limit = container.and_then(|container| cpu_limit(container, &selection.pod_spec, minor));
    let milli = limit.or(container.and_then(|container| container.resources.cpu_request_milli));
    PodSize { pods, cores: milli.filter(|milli| *milli > 0).map(|milli| milli as f64 / 1e3), workers: None }
}

/// The size at which an autoscaler rests under a steady demand for CPU, in cores per pod of the
/// container that answers; `None` if no metric of it depends on that.
///
/// At rest the utilization is at most the target, and one pod fewer would be above it.
/// Source: kubernetes pkg/controller/podautoscaler/replica_calculator.go, the formula alone.
pub(super) fn resting_size(
    hpa: &HpaSpec,
    requests: &PodRequests,
    server: &str,
    pod_level: bool,
    cores: f64,
) -> Option<u32> {
    let sizes = hpa.metrics.iter().filter_map(|metric| {
        let container = match &metric.source {
            MetricSource::Resource { resource } if resource == "cpu" => None,
            MetricSource::ContainerResource { resource, container }
                if resource == "cpu" && container == server =>
            {
                Some(container.as_str())
            }
            _ => return None,
        };
        let milli = match (metric.target.average_utilization, metric.target.average_value) {
            (Some(percent), _) => {
                let request = requests.of("cpu", container, pod_level).ok()?;
                request as f64 * f64::from(percent) / 100.0
            }
            (None, Some(value)) => value as f64,
            (None, None) => return None,
        };
        (milli > 0.0).then(|| (cores * 1e3 / milli - 1e-9).ceil().max(1.0))
    });
    let size = sizes.fold(None, |most: Option<f64>, size| Some(most.map_or(size, |most| most.max(size))))?;
    let bounded = size.clamp(f64::from(hpa.min_replicas), f64::from(hpa.max_replicas.max(hpa.min_replicas)));
    Some(bounded.min(f64::from(u32::MAX)) as u32)
}

/// More pods at the beginning than all nodes have room for.
pub(super) fn no_room(spec: &SimSpec) -> Option<Diagnostic> {
    let room = spec.control.pods_per_node?;
    let pods: u32 = spec.deployments.iter().map(|plan| plan.spec.replicas).sum();
    let nodes = spec.control.nodes;
    let message = format!("{pods} pods at the beginning find no room on {nodes} nodes with {room} each");
    let help = "raise control.nodes or control.pods_per_node, or begin with fewer replicas";
    (pods > nodes.saturating_mul(room)).then(|| Diagnostic::error(code::SETTING, message).help(help))
}

/// A word if the pods of the beginning cannot carry the load of the beginning.
pub(super) fn overload(
    demand: Demand,
    cost: &Cost,
    pods: u32,
    limit_cores: Option<f64>,
    workers: Option<u32>,
) -> Option<Diagnostic> {
    let Demand::Open { first, .. } = demand else { return None };
    let service = cost.service.mean().as_secs_f64();
    let by_cpu = limit_cores
        .filter(|_| cost.cpu_seconds > 0.0)
        .map(|cores| f64::from(pods) * cores / cost.cpu_seconds);
    let by_workers =
        workers.filter(|_| service > 0.0).map(|workers| f64::from(pods) * f64::from(workers) / service);
    let (capacity, what) = match (by_cpu, by_workers) {
        (Some(cpu), Some(workers)) if workers < cpu => (workers, "workers"),
        (Some(cpu), _) => (cpu, "CPU limit"),
        (None, Some(workers)) => (workers, "workers"),
        (None, None) => return None,
    };
    (first > capacity).then(|| {
        let message = format!(
            "{pods} pods can answer {capacity:.0} requests/s by their {what}, but {first:.0} arrive at the beginning"
        );
        Diagnostic::warning(code::OVERLOAD, message).help("losses below come from overload, not from the rollout alone")
    })
}

/// `spec.replicas` that the run starts with, and why, in words for the heading.
pub(super) fn starting_size(objects: &Objects, hpa: Option<&HpaSpec>, resting: Option<u32>) -> (u32, String) {
    let written = objects.deployment.replicas;
    let pods = |n: u32| format!("{n} pod{}", if n == 1 { "" } else { "s" });
    let Some(hpa) = hpa else {
        return match written {
            Some(n) => (n, pods(n)),
            None => (1, "1 pod (replicas not given)".to_owned()),
        };
    };
    let (min, max) = (hpa.min_replicas.max(0).unsigned_abs(), hpa.max_replicas.max(0).unsigned_abs());
    let bounds = format!("{min}..{max}");
    // A number that a cluster gave out is what runs there; one in a file is overwritten by the
    // autoscaler within seconds.
    let runs = objects.deployment.meta.uid.is_some();
    match (written, resting) {
        (Some(n), _) if objects.replicas_set || runs => {
            let n = if objects.replicas_set { n } else { n.clamp(min, max) };
            (n, format!("{} (HPA {bounds})", pods(n)))
        }
        (_, Some(n)) => (n, format!("{} (HPA equilibrium, {bounds})", pods(n))),
        (written, None) => {
            let n = written.unwrap_or(1).clamp(min, max);
            (n, format!("{} (HPA {bounds})", pods(n)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::hpa::{ContainerRequests, MetricSpec, MetricTarget};

    fn requests(app: i64, proxy: i64) -> PodRequests {
        let of = |name: &str, milli: i64| ContainerRequests {
            name: name.to_owned(),
            requests: [("cpu".to_owned(), milli)].into(),
        };
        PodRequests { containers: vec![of("app", app), of("proxy", proxy)], ..PodRequests::default() }
    }

    fn on(source: MetricSource, target: MetricTarget) -> HpaSpec {
        HpaSpec {
            min_replicas: 3,
            max_replicas: 24,
            metrics: vec![MetricSpec { source, target }],
            behavior: None,
        }
    }

    #[test]
    fn an_autoscaler_rests_where_one_pod_fewer_would_be_above_the_target() {
        let cpu = || MetricSource::Resource { resource: "cpu".to_owned() };
        let app =
            || MetricSource::ContainerResource { resource: "cpu".to_owned(), container: "app".to_owned() };
        let sixty = MetricTarget::utilization(60);
        for (hpa, cores, size) in [
            (on(cpu(), sixty), 7.2, Some(11)),
            (on(cpu(), sixty), 6.6, Some(10)),
            (on(cpu(), sixty), 0.1, Some(3)),
            (on(cpu(), sixty), 100.0, Some(24)),
            (on(app(), sixty), 6.6, Some(11)),
            (on(cpu(), MetricTarget::average_value(500)), 5.1, Some(11)),
            (on(MetricSource::Resource { resource: "memory".to_owned() }, sixty), 5.0, None),
            (on(MetricSource::External { metric: "queue".to_owned() }, sixty), 5.0, None),
        ] {
            assert_eq!(
                resting_size(&hpa, &requests(1_000, 100), "app", true, cores),
                size,
                "{hpa:?} {cores}"
            );
        }
    }

    #[test]
    fn assumed_costs_let_the_pods_carry_the_load() {
        let size = PodSize { pods: 3, cores: Some(0.2), workers: Some(4) };
        let demand = Demand::Open { first: 900.0, peak: 900.0 };
        let cpu = assumed_cpu(demand, size, 0.025);
        assert_eq!(cpu.text, "333us");
        assert_eq!(cpu.range, Some(("166us".to_owned(), "533us".to_owned())));
        // 0.8 x 12 workers / 900 rps.
        assert_eq!(assumed_service(demand, size, 0.0).range.unwrap().1, "25.4ms");
        let free = PodSize { pods: 3, cores: None, workers: None };
        assert_eq!(assumed_service(demand, free, 0.0).text, "median=20ms,p99=100ms");
        assert_eq!(assumed_cpu(demand, free, 0.025).text, "5ms");
        let slow = assumed_service(demand, free, 0.1);
        let Ok(Value::Service(service, None)) = Kind::Service.parse(&slow.text) else { panic!() };
        assert!(service.mean().as_secs_f64() > 0.1, "a service time contains its CPU time");
    }
}
