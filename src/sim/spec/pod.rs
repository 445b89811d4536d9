//! A pod template: what every pod of one revision is made of.

use crate::model::outcome::Status;
use crate::model::probe::ProbeSpec;
use crate::random::Dist;
use crate::sim::spec::ServerSpec;
use crate::units::Nanos;

/// One revision of a workload's pods.
#[derive(Clone, Debug, PartialEq)]
pub struct PodTemplate {
    /// Run times of the init containers that end, in order: all before the first container.
    pub init: Vec<Dist>,
    /// `spec.containers`, and restartable init containers (sidecars) before them, in start order.
    pub containers: Vec<ContainerPlan>,
    /// `terminationGracePeriodSeconds`.
    pub grace_seconds: u32,
    /// The pod has a readiness gate that the front end sets when its target is healthy.
    pub readiness_gate: bool,
}

impl PodTemplate {
    /// Index of the container that answers requests.
    pub fn server(&self) -> Option<usize> {
        self.containers.iter().position(|container| matches!(container.role, Role::Serves(_)))
    }

    /// Index of the container that requests enter by: the first that forwards them, else the one that
    /// answers.
    pub fn entry(&self) -> Option<usize> {
        let forwards = |container: &ContainerPlan| matches!(container.role, Role::Forwards { .. });
        self.containers.iter().position(forwards).or_else(|| self.server())
    }

    /// How many requests may wait inside the container that answers them; `None` for no bound.
    pub fn own_queue(&self) -> Option<u32> {
        self.containers.iter().find_map(|container| match &container.role {
            Role::Serves(server) => server.queue,
            _ => None,
        })
    }

    /// The delay of the container that hands requests on, and what it answers when nobody takes them;
    /// `None` where requests meet one container only.
    pub fn forwards(&self) -> Option<(Nanos, Status)> {
        self.containers.iter().find_map(|container| match container.role {
            Role::Forwards { delay, down } => Some((delay, down)),
            _ => None,
        })
    }
}

/// One container.
#[derive(Clone, Debug, PartialEq)]
pub struct ContainerPlan {
    /// Its name.
    pub name: String,
    /// What it does for requests.
    pub role: Role,
    /// A restartable init container: starts before and stops after the app containers.
    pub is_sidecar: bool,
    /// `startupProbe`.
    pub startup: Option<ProbePlan>,
    /// `readinessProbe`.
    pub readiness: Option<ProbePlan>,
    /// `livenessProbe`.
    pub liveness: Option<ProbePlan>,
    /// `lifecycle.preStop`.
    pub pre_stop: Option<PreStop>,
    /// CPU request, thousandths of a core.
    pub cpu_request_milli: Option<u64>,
    /// Getting the image onto the node.
    pub image_pull: Dist,
    /// Creating and starting the container.
    pub start: Dist,
    /// Process start to the listener being open.
    pub startup_time: Dist,
    /// `lifecycle.postStart`: runs beside the process. Until it has ended the kubelet does not call the
    /// container running, and starts no other.
    pub post_start: Option<PostStart>,
    /// From then on the application answers 503 for this long.
    pub app_ready_delay: Dist,
    /// CPU used between process start and listening, thousandths of a core.
    pub startup_cpu_milli: u64,
    /// What the process does on its stop signal.
    pub on_stop: OnStop,
}

/// What a container does for requests.
#[derive(Clone, Debug, PartialEq)]
pub enum Role {
    /// It answers them.
    Serves(ServerSpec),
    /// It takes them in and hands them to the container that serves, after this time each.
    Forwards {
        /// Constant time of its own.
        delay: Nanos,
        /// What it answers when that container takes no connection.
        down: Status,
    },
    /// What the application calls to serve a request goes through it: a proxy to a database, or a mesh's
    /// that inbound connections go past.
    Egress,
    /// Nothing.
    Other,
}

/// A probe of a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProbePlan {
    /// Periods and thresholds.
    pub spec: ProbeSpec,
    /// The probe's own `terminationGracePeriodSeconds`.
    pub grace_seconds: Option<u32>,
    /// Index of the container that answers it: the one that owns the port, not always the one that
    /// declares the probe. `None` for probes that ask no port (exec).
    pub target: Option<usize>,
    /// The probe looks only at whether the port accepts connections.
    pub connects_only: bool,
    /// The probe waits for a worker like a request does.
    pub needs_worker: bool,
    /// It fails while the application's dependency is down.
    pub asks_dependency: bool,
}

impl ProbePlan {
    /// The same probe; whether it asks the application's dependency is `asks`. One that only
    /// connects never does.
    pub fn asking(self, asks: bool) -> ProbePlan {
        ProbePlan { asks_dependency: asks && !self.connects_only, ..self }
    }
}

/// A `preStop` hook.
#[derive(Clone, Debug, PartialEq)]
pub struct PreStop {
    /// How long it runs if nobody cuts it.
    pub duration: Dist,
}

/// A `postStart` hook.
#[derive(Clone, Debug, PartialEq)]
pub struct PostStart {
    /// How long it runs.
    pub duration: Dist,
    /// The share of its runs that fail at their end, upon which the kubelet kills the container.
    pub fails: f64,
}

/// What a process does on its stop signal.
#[derive(Clone, Debug, PartialEq)]
pub enum OnStop {
    /// It ends at once; what it was serving is lost.
    Exit,
    /// It closes its listener and idle connections, finishes what it has accepted, and ends.
    Drain(Drain),
    /// It goes on serving for a while and drains then.
    Linger {
        /// How long it goes on.
        time: Dist,
        /// What follows.
        drain: Drain,
    },
    /// It closes its listener and serves on over connections that are kept to it, until the other side or
    /// its own idle timeout has closed the last of them.
    ServeKept(Drain, Kept),
    /// It stops accepting and finishes what it has accepted while its listener stays open: what connects
    /// waits in the kernel's accept queue and is reset when it ends.
    Hold(Drain),
    /// It answers 503 to whatever comes from now on, finishes what it has accepted, and ends.
    Decline(Drain),
    /// It does not react and serves until SIGKILL.
    Ignore,
}

/// Which kept connections outlive the stop signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Those with a request on them; idle ones are closed.
    Busy,
    /// All.
    All,
}

impl OnStop {
    /// Whether a process of the front end may end so: nobody follows the connections that another tier
    /// keeps to it.
    pub fn suits_ingress(&self) -> bool {
        !self.depends_on_connections()
    }

    /// Whether it matters which connections were kept to the process when it is stopped.
    pub fn depends_on_connections(&self) -> bool {
        matches!(self, OnStop::ServeKept(..) | OnStop::Hold(_))
    }

    /// The graceful end that it has, if it has one.
    pub fn drain(&self) -> Option<Drain> {
        match self {
            OnStop::Drain(drain)
            | OnStop::ServeKept(drain, _)
            | OnStop::Hold(drain)
            | OnStop::Decline(drain)
            | OnStop::Linger { drain, .. } => Some(*drain),
            OnStop::Exit | OnStop::Ignore => None,
        }
    }
}

/// A graceful end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drain {
    /// After this time the process ends even if requests are left; `None` for no limit of its own.
    pub limit: Option<Nanos>,
    /// Whether it answers 500 to what is left then; if not, their connections are closed.
    pub answers: bool,
}

impl Drain {
    /// One that closes the connections of what is left after `limit`.
    pub const fn within(limit: Option<Nanos>) -> Drain {
        Drain { limit, answers: false }
    }
}
