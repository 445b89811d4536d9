//! The way metrics take, and what they measure in the simulated service.

use super::values::Values;
use crate::config::load::Rate;
use crate::model::hpa::{HpaSpec, MetricSource, MetricSpec};
use crate::sim::spec::{
    Activation, Adapter, MemoryUse, MetricsApi, MetricsPipeline, Outage, QueuePlan, Signal,
};
use crate::units::{Nanos, parse_duration, parse_quantity_milli};

/// The pipelines of an autoscaler's metrics during a load that lasts until `end`.
pub(super) fn metrics(hpa: &HpaSpec, end: Nanos, values: &mut Values<'_>) -> MetricsPipeline {
    let signals = signals(hpa, values);
    let scraped = |signal: &Signal| {
        let counted = matches!(signal, Signal::RequestRate | Signal::InFlight | Signal::Waiting);
        counted || matches!(signal, Signal::Latency { .. })
    };
    // Only what plays a part is asked for, so that a setting without effect is told.
    let adapter = if signals.iter().any(scraped) {
        Adapter {
            scrape: values.period("metrics.scrape"),
            rate_window: values.span("metrics.rate_window"),
            relist: values.period("metrics.relist"),
        }
    } else {
        Adapter::default()
    };
    let queue = signals.contains(&Signal::Backlog).then(|| queue(end, values)).flatten();
    MetricsPipeline {
        housekeeping: values.period("metrics.housekeeping"),
        resolution: values.period("metrics.resolution"),
        signals,
        adapter,
        queue,
        outages: outages(values),
    }
}

/// Whether the simulator knows what a metric measures.
pub(super) fn is_simulated(metric: &MetricSpec, text: Option<&str>) -> bool {
    match &metric.source {
        MetricSource::Resource { resource } | MetricSource::ContainerResource { resource, .. } => {
            matches!(resource.as_str(), "cpu" | "memory")
        }
        MetricSource::Pods { metric }
        | MetricSource::Object { metric }
        | MetricSource::External { metric } => {
            text.is_some_and(|text| pairs(text).any(|(name, _)| name == metric))
        }
        MetricSource::Unknown { .. } => false,
    }
}

/// `name=word` items of a list.
fn pairs(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.split(',').map(|item| item.split_once('=').unwrap_or((item, ""))).map(|(a, b)| (a.trim(), b.trim()))
}

fn signals(hpa: &HpaSpec, values: &mut Values<'_>) -> Vec<Signal> {
    let said = values.said("metrics.signals");
    let text = said.map_or("", |setting| setting.text.as_str());
    let mut problems = Vec::new();
    for (name, word) in pairs(text).filter(|(name, _)| !name.is_empty()) {
        let known = hpa.metrics.iter().any(|metric| name_of(metric) == Some(name));
        if !known {
            problems.push(format!("the autoscaler has no Pods, Object or External metric `{name}`"));
        }
        if signal_of(word).is_none() {
            problems.push(format!("`{word}` is nothing that is measured: {SIGNAL_FORM}"));
        }
    }
    if let Some(setting) = said {
        problems.iter().for_each(|problem| values.invalid(setting, problem));
    }
    let has_memory = hpa.metrics.iter().any(is_memory);
    let memory = has_memory.then(|| MemoryUse {
        idle: bytes("metrics.memory_idle", values),
        per_request: bytes("metrics.memory_per_request", values),
    });
    let signal = |metric: &MetricSpec| {
        if let Some(memory) = memory.filter(|_| is_memory(metric)) {
            return Signal::Memory(memory);
        }
        let named = pairs(text).find(|(name, _)| Some(*name) == name_of(metric));
        let named = named.and_then(|(_, word)| signal_of(word));
        named.unwrap_or_else(|| Signal::usual(&metric.source))
    };
    hpa.metrics.iter().map(signal).collect()
}

fn is_memory(metric: &MetricSpec) -> bool {
    matches!(
        &metric.source,
        MetricSource::Resource { resource } | MetricSource::ContainerResource { resource, .. }
            if resource == "memory"
    )
}

fn name_of(metric: &MetricSpec) -> Option<&str> {
    match &metric.source {
        MetricSource::Pods { metric }
        | MetricSource::Object { metric }
        | MetricSource::External { metric } => Some(metric),
        _ => None,
    }
}

const SIGNAL_FORM: &str =
    "write rate, in_flight, waiting, backlog, or a percentile of the latency such as p99";

fn signal_of(word: &str) -> Option<Signal> {
    Some(match word {
        "rate" => Signal::RequestRate,
        "in_flight" => Signal::InFlight,
        "waiting" => Signal::Waiting,
        "backlog" => Signal::Backlog,
        _ => {
            let percent: f64 = word.strip_prefix('p')?.parse().ok()?;
            (percent > 0.0 && percent < 100.0).then_some(Signal::Latency { share: percent / 100.0 })?
        }
    })
}

/// A quantity of bytes; the registry's default where nobody says one.
fn bytes(path: &str, values: &mut Values<'_>) -> u64 {
    let Some(text) = values.text(path) else { return 0 };
    match parse_quantity_milli(&text) {
        Ok(milli) => milli / 1_000,
        Err(error) => {
            if let Some(setting) = values.said(path) {
                values.invalid(setting, &error.to_string());
            }
            0
        }
    }
}

fn queue(end: Nanos, values: &mut Values<'_>) -> Option<QueuePlan> {
    let text = values.text("metrics.queue")?;
    let arrivals = Rate::parse(&text).and_then(|rate| rate.profile(end));
    let arrivals = match (arrivals, values.said("metrics.queue")) {
        (Ok(arrivals), _) => arrivals,
        (Err(problem), Some(setting)) => {
            values.invalid(setting, &problem);
            return None;
        }
        (Err(_), None) => return None,
    };
    let activation = values.switch("metrics.keda").then(|| Activation {
        polling_interval: values.period("metrics.keda_polling_interval"),
        cooldown: values.span("metrics.keda_cooldown"),
        threshold: values.number("metrics.keda_threshold"),
    });
    Some(QueuePlan {
        arrivals,
        per_pod: values.number("metrics.queue_per_pod"),
        initial: values.number("metrics.queue_initial"),
        lag: values.span("metrics.queue_lag"),
        activation,
    })
}

/// `resource@50s..150s`, several separated by commas.
fn outages(values: &mut Values<'_>) -> Vec<Outage> {
    let Some(setting) = values.said("metrics.outage") else { return Vec::new() };
    let mut outages = Vec::new();
    for item in setting.text.split(',').map(str::trim).filter(|item| !item.is_empty()) {
        match outage(item) {
            Ok(outage) => outages.push(outage),
            Err(problem) => values.invalid(setting, &problem),
        }
    }
    outages
}

fn outage(item: &str) -> Result<Outage, String> {
    let form = || {
        format!("`{item}` is no outage: write resource@50s..150s, or custom or external in place of resource")
    };
    let (api, span) = item.split_once('@').ok_or_else(form)?;
    let (from, until) = span.split_once("..").ok_or_else(form)?;
    let api = match api.trim() {
        "resource" => MetricsApi::Resource,
        "custom" => MetricsApi::Custom,
        "external" => MetricsApi::External,
        _ => return Err(form()),
    };
    let time = |text: &str| parse_duration(text.trim()).map_err(|error| error.to_string());
    let (from, until) = (time(from)?, time(until)?);
    if from >= until {
        return Err(format!("`{item}` ends before it begins"));
    }
    Ok(Outage { api, from, until })
}

#[cfg(test)]
mod tests {
    use super::super::tests::{lowered, refused};
    use super::*;

    const SCALED: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      containers:
        - name: app
          image: app
          ports: [{containerPort: 80}]
          resources: {requests: {cpu: 200m, memory: 100Mi}}
---
apiVersion: v1
kind: Service
metadata: {name: web}
spec: {selector: {app: web}, ports: [{port: 80}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}
  maxReplicas: 9
  metrics:
    - {type: Resource, resource: {name: memory, target: {type: Utilization, averageUtilization: 70}}}
    - {type: Pods, pods: {metric: {name: rps}, target: {type: AverageValue, averageValue: 50}}}
    - {type: External, external: {metric: {name: jobs}, target: {type: AverageValue, averageValue: 20}}}
";

    fn pipeline(said: &[(&str, &str)]) -> MetricsPipeline {
        let spec = lowered(SCALED, said).spec;
        spec.deployments[0].hpa.as_ref().expect("it is scaled").metrics.clone()
    }

    #[test]
    fn names_get_their_signals() {
        let plain = pipeline(&[]);
        let idle = 100 << 20;
        assert!(matches!(plain.signals[0], Signal::Memory(memory) if memory.idle == idle), "{plain:?}");
        assert_eq!(plain.signals[1..], [Signal::NotSimulated, Signal::NotSimulated]);
        let said = [
            ("metrics.signals", "rps=rate, jobs=backlog"),
            ("metrics.memory_idle", "50Mi"),
            ("metrics.memory_per_request", "1M"),
            ("metrics.scrape", "5s"),
            ("metrics.rate_window", "1m"),
            ("metrics.relist", "2m"),
            ("metrics.queue", "0@0s,10@60s"),
            ("metrics.queue_per_pod", "3"),
            ("metrics.queue_initial", "7"),
            ("metrics.queue_lag", "20s"),
            ("metrics.keda", "true"),
            ("metrics.keda_polling_interval", "10s"),
            ("metrics.keda_cooldown", "1m"),
            ("metrics.keda_threshold", "4"),
            ("metrics.outage", "resource@50s..150s,custom@1m..2m"),
        ];
        let told = pipeline(&said);
        let memory = MemoryUse { idle: 50 << 20, per_request: 1_000_000 };
        assert_eq!(told.signals, [Signal::Memory(memory), Signal::RequestRate, Signal::Backlog]);
        let adapter = Adapter {
            scrape: Nanos::from_secs(5),
            rate_window: Nanos::from_secs(60),
            relist: Nanos::from_secs(120),
        };
        assert_eq!(told.adapter, adapter);
        let queue = told.queue.expect("a backlog has a queue");
        assert_eq!((queue.per_pod, queue.initial, queue.lag), (3.0, 7.0, Nanos::from_secs(20)));
        assert!((queue.arrivals.rate(Nanos::from_secs(61)) - 10.0).abs() < 1e-9);
        let activation = Activation {
            polling_interval: Nanos::from_secs(10),
            cooldown: Nanos::from_secs(60),
            threshold: 4.0,
        };
        assert_eq!(queue.activation, Some(activation));
        assert_eq!(told.outages.len(), 2);
        assert_eq!(told.outages[0].until, Nanos::from_secs(150));
    }

    #[test]
    fn percentiles_are_words_too() {
        assert_eq!(signal_of("p99"), Some(Signal::Latency { share: 0.99 }));
        assert_eq!(
            signal_of("p99.9").map(|s| matches!(s, Signal::Latency { share } if share > 0.998)),
            Some(true)
        );
        for word in ["", "p", "p0", "p100", "p-5", "cpu", "pNaN"] {
            assert_eq!(signal_of(word), None, "{word}");
        }
    }

    #[test]
    fn what_cannot_be_measured_is_refused() {
        for (path, text, want) in [
            ("metrics.signals", "rps=speed", "`speed` is nothing that is measured"),
            ("metrics.signals", "qps=rate", "the autoscaler has no Pods, Object or External metric `qps`"),
            ("metrics.memory_idle", "lots", "`lots` is not a quantity"),
            ("metrics.outage", "dns@1s..2s", "`dns@1s..2s` is no outage"),
            ("metrics.outage", "resource@2s..1s", "`resource@2s..1s` ends before it begins"),
        ] {
            let problems = refused(SCALED, &[(path, text)]);
            assert!(problems.iter().any(|problem| problem.message.contains(want)), "{problems:#?}");
        }
        let problems = refused(SCALED, &[("metrics.signals", "jobs=backlog"), ("metrics.queue", "fast")]);
        assert!(
            problems.iter().any(|problem| problem.message.starts_with("metrics.queue: ")),
            "{problems:#?}"
        );
    }
}
