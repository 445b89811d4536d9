//! How metrics of the simulated service reach the autoscaler: every stage with its clock.

use crate::model::hpa::{MetricSource, MetricSpec};
use crate::units::Nanos;
use crate::workload::Profile;

/// The pipelines of one autoscaler's metrics.
#[derive(Clone, Debug, PartialEq)]
pub struct MetricsPipeline {
    /// Time between two readings of a container by the kubelet (cAdvisor housekeeping).
    pub housekeeping: Nanos,
    /// metrics-server `--metric-resolution`.
    pub resolution: Nanos,
    /// What each metric of the spec measures, in its order. A metric without an entry measures
    /// what [`Signal::usual`] says.
    pub signals: Vec<Signal>,
    /// Prometheus and its adapter, for Pods, Object and External metrics of the service.
    pub adapter: Adapter,
    /// The queue that [`Signal::Backlog`] measures.
    pub queue: Option<QueuePlan>,
    /// When an API does not answer.
    pub outages: Vec<Outage>,
}

impl Default for MetricsPipeline {
    /// Source: cadvisor_linux.go (10 s); metrics-server's own manifest (15 s).
    fn default() -> MetricsPipeline {
        MetricsPipeline {
            housekeeping: Nanos::from_secs(10),
            resolution: Nanos::from_secs(15),
            signals: Vec::new(),
            adapter: Adapter::default(),
            queue: None,
            outages: Vec::new(),
        }
    }
}

impl MetricsPipeline {
    /// What metric number `index` measures.
    pub fn signal(&self, index: usize, metric: &MetricSpec) -> Signal {
        self.signals.get(index).copied().unwrap_or_else(|| Signal::usual(&metric.source))
    }

    /// Whether the API for a metric of this source answers at this time of the run.
    pub fn answers(&self, source: &MetricSource, since_start: Nanos) -> bool {
        let api = match source {
            MetricSource::Resource { .. } | MetricSource::ContainerResource { .. } => MetricsApi::Resource,
            MetricSource::Pods { .. } | MetricSource::Object { .. } => MetricsApi::Custom,
            MetricSource::External { .. } | MetricSource::Unknown { .. } => MetricsApi::External,
        };
        let inside = |outage: &&Outage| outage.from <= since_start && since_start < outage.until;
        !self.outages.iter().filter(inside).any(|outage| outage.api == api)
    }
}

/// What a metric measures in the simulated service.
///
/// A Pods metric has one value per pod. Object and External metrics have the sum over the pods,
/// except latency and backlog, which are of the whole service by nature.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Signal {
    /// CPU, by way of kubelet and metrics-server.
    Cpu,
    /// Working set, by the same way.
    Memory(MemoryUse),
    /// Requests served per second: a counter, scraped, with a rate over the adapter's window.
    RequestRate,
    /// Requests that pods have accepted and not finished: a gauge, as last scraped.
    InFlight,
    /// Requests that wait for a worker: a gauge, as last scraped.
    Waiting,
    /// Latency below which this share (0 to 1) of the ok answers lies, in seconds, over the
    /// adapter's window. From exact counts; the buckets of a Prometheus histogram would blur it.
    Latency {
        /// 0.99 for the 99th percentile.
        share: f64,
    },
    /// Items in [`MetricsPipeline::queue`].
    Backlog,
    /// Nothing here knows it: its API always fails.
    NotSimulated,
}

impl Signal {
    /// What a metric measures where nobody says: cpu is CPU; nobody can guess what a custom
    /// metric's name means.
    pub fn usual(source: &MetricSource) -> Signal {
        match source {
            MetricSource::Resource { resource } | MetricSource::ContainerResource { resource, .. }
                if resource == "cpu" =>
            {
                Signal::Cpu
            }
            _ => Signal::NotSimulated,
        }
    }
}

/// Memory of a pod: what it needs idle, and for every request that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemoryUse {
    /// Working set of an idle pod, bytes.
    pub idle: u64,
    /// More for each request that is under way, bytes.
    pub per_request: u64,
}

/// Prometheus and prometheus-adapter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Adapter {
    /// `scrape_interval`.
    pub scrape: Nanos,
    /// Window of `rate()` in the adapter's query.
    pub rate_window: Nanos,
    /// `--metrics-relist-interval`: how soon the adapter learns of a metric that nobody had before.
    pub relist: Nanos,
}

impl Default for Adapter {
    /// Source: prometheus-operator's and the adapter chart's usual 30 s scrape and `[2m]` window;
    /// the adapter's default relist interval is 10 m.
    fn default() -> Adapter {
        Adapter {
            scrape: Nanos::from_secs(30),
            rate_window: Nanos::from_secs(120),
            relist: Nanos::from_secs(600),
        }
    }
}

/// A queue outside the cluster that the pods work off. A fluid in steps of one second.
#[derive(Clone, Debug, PartialEq)]
pub struct QueuePlan {
    /// Items per second.
    pub arrivals: Profile,
    /// Items that a ready pod takes per second.
    pub per_pod: f64,
    /// Items at the beginning.
    pub initial: f64,
    /// How old the number is that the External metrics API serves: exporter, scrape and query.
    pub lag: Nanos,
    /// KEDA's part, if KEDA scales this workload from and to zero.
    pub activation: Option<Activation>,
}

/// KEDA's operator: it alone goes from 0 to 1 and back, the autoscaler does the rest.
/// Source: KEDA documentation, "Scaling Deployments" and the ScaledObject specification.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Activation {
    /// `pollingInterval`; KEDA's default is 30 s.
    pub polling_interval: Nanos,
    /// `cooldownPeriod`: so long after the last poll that found work it goes to zero; 300 s.
    pub cooldown: Nanos,
    /// `activationThreshold`: more items than this are work; 0.
    pub threshold: f64,
}

impl Default for Activation {
    fn default() -> Activation {
        Activation { polling_interval: Nanos::from_secs(30), cooldown: Nanos::from_secs(300), threshold: 0.0 }
    }
}

/// A time during which an API answers with an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Outage {
    /// Which API.
    pub api: MetricsApi,
    /// From the run's beginning.
    pub from: Nanos,
    /// End (exclusive).
    pub until: Nanos,
}

/// One of the metrics APIs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricsApi {
    /// `metrics.k8s.io`, served by metrics-server.
    Resource,
    /// `custom.metrics.k8s.io`.
    Custom,
    /// `external.metrics.k8s.io`.
    External,
}
