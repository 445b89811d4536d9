//! A front end: the tier that chooses a pod for every request.

use crate::model::balancer::PassiveChecks;
use crate::model::outcome::Status;
use crate::model::outlier::OutlierSpec;
use crate::model::retry::RetryPolicy;
use crate::model::server_check::Thresholds;
use crate::random::Dist;
use crate::units::Nanos;

/// One tier in front of pods. Parameters follow facts on real load balancers; presets are in
/// `config::presets`.
#[derive(Clone, Debug, PartialEq)]
pub struct FrontSpec {
    /// The preset's name, for messages.
    pub name: String,
    /// Independent processes (or load balancer nodes), each with its own view of the endpoints.
    pub replicas: u32,
    /// The Deployment whose pods are the processes, by number, if they are pods; [`Self::replicas`]
    /// plays no part then, and there is a tier before this one.
    pub pods: Option<usize>,
    /// Worker processes of each, with their own rings and timers but one delivery of changes.
    pub workers: u32,
    /// It is a traffic router: beside the endpoints of the Service every process has those of a canary Service
    /// and a weight by which requests go to either.
    pub has_canary: bool,
    /// `externalTrafficPolicy: Local`: every process is the kube-proxy of the node with its number and knows
    /// that node's pods alone, and a load balancer sends connections to the nodes that pass these checks of
    /// it. `None` is policy Cluster.
    pub node_local: Option<HealthCheck>,
    /// How a peer is chosen.
    pub balancer: Balancer,
    /// When a failed attempt is repeated.
    pub retry: RetryPolicy,
    /// Patience for a connection; starts anew with every attempt.
    pub connect_timeout: Nanos,
    /// Patience for an answer; starts anew with every attempt.
    pub read_timeout: Nanos,
    /// Patience for the whole request, attempts and pauses together; `None` for ever. Envoy's route
    /// timeout.
    pub request_timeout: Option<Nanos>,
    /// How long a request may go without a byte of an answer; `request_timeout` is never longer. Kept apart
    /// to tell which of the two decides.
    pub stream_idle_timeout: Option<Nanos>,
    /// What one process may have under way.
    pub breaker: CircuitBreaker,
    /// Outlier detection, for the balancers that Envoy has.
    pub outlier: Option<OutlierSpec>,
    /// Connections are balanced, not requests: a client that keeps its connection stays with its pod
    /// until one of the two closes it.
    pub pins_connections: bool,
    /// A client goes to the pod of its last request as long as that is listed: cookies of a proxy, or
    /// `sessionAffinity: ClientIP` of kube-proxy.
    pub client_affinity: bool,
    /// A client whose pod fails a request belongs there all the same: the next attempt goes to that pod again
    /// as long as it is listed.
    pub affinity_holds: bool,
    /// How long a new pod's share grows until it is a whole one; zero for at once.
    pub slow_start: Nanos,
    /// Kept-alive connections to pods; `None` opens one per request.
    pub keepalive: Option<Keepalive>,
    /// What the user gets in the cases that are the front end's own doing.
    pub answers: Answers,
    /// How endpoint changes reach the holders.
    pub delivery: Delivery,
    /// Time a request spends outside pods: the front end's own work and the network there and
    /// back. Constant; added to every answer and every error.
    pub overhead: Nanos,
}

impl FrontSpec {
    /// Lists of one Service's endpoints at one process, where the processes are no pods: every process has
    /// one, those of the canary Service come behind all of the Service.
    pub fn clusters(&self) -> u32 {
        let processes = self.replicas.max(1);
        if self.has_canary { 2 * processes } else { processes }
    }

    /// The process that has the list with this number.
    pub fn process_of(&self, cluster: u32) -> u32 {
        if self.has_canary { cluster % self.replicas.max(1) } else { cluster }
    }

    /// The list of the canary Service at a process, if it has one.
    pub fn canary_of(&self, process: u32) -> Option<u32> {
        self.has_canary.then(|| self.replicas.max(1) + process)
    }

    /// Whether it can share requests out between two Services by weight, and if not, why.
    ///
    /// # Errors
    /// What it does that is simulated with one Service only, and what to do about that.
    pub fn may_route(&self) -> Result<(), (&'static str, &'static str)> {
        const OTHERS: &str = "choose --front-end istio-gateway, envoy or traefik, or roll by the number of pods: canary=20%,1m";
        let hands_on_in_place = matches!(self.delivery.mechanism, Mechanism::InPlace { checks: None, .. });
        let connections_are_kept = self.connections_outlive_lists() || self.node_local.is_some();
        match () {
            () if matches!(self.delivery.mechanism, Mechanism::TargetGroup(_)) => {
                Err(("its weights are between target groups, and one is simulated", OTHERS))
            }
            () if connections_are_kept => {
                Err(("it sends connections to nodes or pods, and weights are for requests", OTHERS))
            }
            () if !hands_on_in_place || self.balancer == Balancer::Turns => {
                Err(("weights between two Services are simulated for Envoy, Istio and Traefik", OTHERS))
            }
            () if self.pods.is_some() => {
                Err(("its processes are pods themselves here", "leave the tier before it out: no `outer`"))
            }
            () if self.client_affinity => Err((
                "its clients stay with their pod",
                "leave the affinity out: front_end.client_affinity=false",
            )),
            () => Ok(()),
        }
    }

    /// Whether connections stay with their pod when the front end does not list it any more.
    pub fn connections_outlive_lists(&self) -> bool {
        self.pins_connections || self.keepalive.is_some_and(|keepalive| keepalive.any_connection)
    }

    /// How long it waits for an answer at most: one attempt's, or all of them together if that is shorter.
    pub fn patience(&self) -> Nanos {
        self.read_timeout.min(self.request_timeout.unwrap_or(Nanos::MAX_SPAN))
    }

    /// Whether a tier like this can stand before another one, and if not, why.
    ///
    /// # Errors
    /// What it does that is simulated only right before the service.
    pub fn may_stand_first(&self) -> Result<(), &'static str> {
        let makes_one_attempt = self.retry.max_attempts == 1;
        let by_turns_or_at_random = matches!(self.balancer, Balancer::RoundRobin | Balancer::Random);
        let any_connection = self.keepalive.is_some_and(|keepalive| keepalive.any_connection);
        match () {
            () if any_connection => {
                Err("its connections lead to nodes, and only kube-proxy knows where from there")
            }
            () if self.pods.is_some() => Err("its processes are pods themselves"),
            () if !makes_one_attempt => Err("it tries again after failures"),
            () if !by_turns_or_at_random => Err("it chooses by what it knows of requests under way"),
            () if self.outlier.is_some() => Err("it ejects outliers"),
            () if self.breaker != CircuitBreaker::default() => Err("it has a circuit breaker"),
            () if self.request_timeout.is_some() => Err("it has a timeout for attempts together"),
            () => Ok(()),
        }
    }
}

/// Limits of what the workers of one process have under way together; without one, any number. Retries have
/// theirs in [`RetryPolicy::max_concurrent`]. Source: Envoy, circuit_breaking.rst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CircuitBreaker {
    /// Requests with pods.
    pub max_requests: Option<u32>,
    /// Requests that wait for a connection.
    pub max_pending_requests: Option<u32>,
    /// Connections to pods, with one request at a time on each: HTTP/1.1. A worker without any to a pod may
    /// always open one.
    pub max_connections: Option<u32>,
}

/// How a holder chooses a peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Balancer {
    /// nginx' smooth weighted round robin with passive checks; one generation per reload.
    Nginx(PassiveChecks),
    /// One counter per holder that runs on when the list changes.
    RoundRobin,
    /// ingress-nginx' Lua ring, which starts at a random entry after every change.
    IngressRing,
    /// Traefik's heap of deadlines: every round has every peer once, in another order, and a new list
    /// begins in a random one.
    EarliestDeadline,
    /// The peer with the fewest requests under way, ties in list order from a moving start.
    LeastConnections,
    /// ingress-nginx' peak EWMA; its scores are common to the workers of one process.
    Ewma,
    /// HAProxy's turns: a server that becomes usable enters behind all others.
    Turns,
    /// Envoy's least request of two random hosts; counts are common to the workers of one process.
    LeastRequest,
    /// Any peer with equal chance: kube-proxy's rules.
    Random,
}

/// A pool of idle connections per holder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Keepalive {
    /// The front end closes a connection that was idle for this long.
    pub idle_timeout: Nanos,
    /// Idle connections per holder; the longest idle one makes room.
    pub max_idle: u32,
    /// What follows when a reused connection breaks before the answer.
    pub stale: StaleRetry,
    /// Whether the first request of a client's connection always gets a new one (HAProxy
    /// `http-reuse safe`).
    pub first_is_fresh: bool,
    /// Whether any idle connection of the holder takes the next request, and the balancer only chooses
    /// where a new one leads: connections to a node's port, which kube-proxy has bound to a pod each.
    pub any_connection: bool,
}

/// What follows when a reused connection breaks before the answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StaleRetry {
    /// The same as on a new one.
    Counts,
    /// The attempt gives its try back. Source: nginx ngx_http_upstream_next, `u->peer.cached`.
    GivesTryBack,
    /// An idempotent request is sent to the same pod once more, whatever else is retried; it takes no try.
    /// Source: Go net/http transport.go, shouldRetryRequest.
    SamePod,
}

/// Statuses for what the front end answers itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answers {
    /// Connection refused or address unreachable.
    pub error: Status,
    /// A new connection closed or reset before the answer.
    pub closed: Status,
    /// The same on a connection that had been kept.
    pub stale: Status,
    /// No connection in time.
    pub connect_timeout: Status,
    /// No answer in time.
    pub read_timeout: Status,
    /// No endpoint known.
    pub no_endpoints: Status,
    /// Every endpoint marked down.
    pub all_down: Status,
    /// What the log says when the client left first.
    pub client_left: Status,
}

impl Answers {
    /// nginx and its relatives.
    pub const NGINX: Answers = Answers {
        error: Status::BadGateway,
        closed: Status::BadGateway,
        stale: Status::BadGateway,
        connect_timeout: Status::GatewayTimeout,
        read_timeout: Status::GatewayTimeout,
        no_endpoints: Status::Unavailable,
        all_down: Status::BadGateway,
        client_left: Status::ClientLeft,
    };

    /// HAProxy: connections that fail are its own unavailability, broken ones a bad gateway.
    /// Source: measured with 2.6.12; src/http_ana.c abort_keep_alive for kept connections.
    pub const HAPROXY: Answers = Answers {
        error: Status::Unavailable,
        closed: Status::BadGateway,
        stale: Status::Closed,
        connect_timeout: Status::Unavailable,
        read_timeout: Status::GatewayTimeout,
        no_endpoints: Status::Unavailable,
        all_down: Status::Unavailable,
        client_left: Status::ClientLeft,
    };

    /// Envoy: every reset before the answer is a 503, also of connections that were not established
    /// in time. Source: measured with 1.40.0; source/common/router/router.cc.
    pub const ENVOY: Answers = Answers {
        error: Status::Unavailable,
        closed: Status::Unavailable,
        stale: Status::Unavailable,
        connect_timeout: Status::Unavailable,
        read_timeout: Status::GatewayTimeout,
        no_endpoints: Status::Unavailable,
        all_down: Status::Unavailable,
        client_left: Status::ClientLeft,
    };

    /// No proxy: what the client's own socket tells.
    pub const SOCKET: Answers = Answers {
        error: Status::Refused,
        closed: Status::Reset,
        stale: Status::Reset,
        connect_timeout: Status::Timeout,
        read_timeout: Status::Timeout,
        no_endpoints: Status::Refused,
        all_down: Status::Refused,
        client_left: Status::Timeout,
    };

    /// Traefik. Source: measured with 3.7.15; pkg/proxy/httputil/proxy.go, ComputeStatusCode.
    pub const TRAEFIK: Answers = Answers { all_down: Status::Unavailable, ..Answers::NGINX };
}

/// From "the control plane of the front end knows" to "this holder uses it".
#[derive(Clone, Debug, PartialEq)]
pub struct Delivery {
    /// Endpoint slice change (or pod event, see [`super::ControlPlane::direct_endpoints`]) to the
    /// front end's control plane, for a pod that comes.
    pub add: Dist,
    /// The same for a pod that goes.
    pub remove: Dist,
    /// The same at processes other than the first, where it differs.
    pub remove_elsewhere: Option<Dist>,
    /// If given: pod deletion to the moment no holder sends new requests, replacing every stage
    /// in between.
    pub removal_override: Option<Dist>,
    /// The same for an addition: pod Ready to in rotation.
    pub addition_override: Option<Dist>,
    /// Without any ready pod, those that terminate and still serve are used.
    pub falls_back_to_terminating: bool,
    /// What happens after that.
    pub mechanism: Mechanism,
}

/// How a front end's control plane hands a new list to its processes.
#[derive(Clone, Debug, PartialEq)]
pub enum Mechanism {
    /// The list is updated in place; changes within `batch` go together.
    InPlace {
        /// Time to wait for more changes.
        batch: Nanos,
        /// Smallest time between two lists.
        min_interval: Nanos,
        /// Lists are handed on only at the ticks of a clock with this period and a random phase; zero
        /// for at once.
        period: Nanos,
        /// Health checks by every process on its own; servers that fail them get nothing.
        checks: Option<ServerChecks>,
    },
    /// A new configuration generation, started beside the old one.
    Reload {
        /// Time to wait for more changes.
        batch: Nanos,
        /// Smallest time between two reloads.
        min_interval: Nanos,
        /// Reload command to the first connection accepted by the new generation.
        start: Nanos,
        /// How long both generations accept connections.
        overlap: Nanos,
        /// As of [`Mechanism::InPlace`].
        period: Nanos,
    },
    /// Token bucket, then a poll timer common to the workers of one process (ingress-nginx).
    SyncAndPoll {
        /// Syncs per second, burst 1; 0 for no limit.
        rate_per_s: f64,
        /// Changes within this time go together.
        batch: Nanos,
        /// As of [`Mechanism::InPlace`].
        period: Nanos,
        /// Period of the workers' timer.
        poll: Nanos,
        /// A pushed list whose whole-second stamp equals the held one's is ignored.
        whole_second_stamp: bool,
    },
    /// A cloud load balancer's target group.
    TargetGroup(TargetGroup),
}

impl Mechanism {
    /// In place and at once, without health checks.
    pub const fn in_place(batch: Nanos) -> Mechanism {
        Mechanism::InPlace { batch, min_interval: Nanos::ZERO, period: Nanos::ZERO, checks: None }
    }
}

/// Health checks as HAProxy does them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerChecks {
    /// Time between two checks of one server; also how long one waits for an answer.
    pub interval: Nanos,
    /// When a server goes down and comes up.
    pub thresholds: Thresholds,
    /// A check asks for a page, and the application must answer; else it only connects.
    pub http: bool,
}

/// Registration of targets at a cloud load balancer.
#[derive(Clone, Debug, PartialEq)]
pub struct TargetGroup {
    /// The controller's reconciliation after it has seen the change.
    pub reconcile: Dist,
    /// Request to the cloud API until the data plane obeys.
    pub apply: Dist,
    /// Health checks by the load balancer itself.
    pub health: HealthCheck,
    /// How long after it has let a target go it closes the connections that are left; `None` never.
    pub deregistration_delay: Option<Nanos>,
}

/// Active health checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthCheck {
    /// Time between two checks of one target.
    pub interval: Nanos,
    /// Passed checks that make an unhealthy target healthy.
    pub healthy_threshold: u32,
    /// Failed checks that make a healthy target unhealthy.
    pub unhealthy_threshold: u32,
    /// Passed checks that a new target needs.
    pub initial_threshold: u32,
}
