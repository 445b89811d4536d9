//! The request path: from a client's request to its one end.
//!
//! [`RequestPath`] is what the event loop sees. [`fast::FastPath`] decides the fate of a request
//! when it is sent to a pod and corrects it if the pod dies first; [`plain::PlainPath`] moves every
//! request by events. Both take the same draws, ask the same pure rules and must give the same
//! end to every request.
//!
//! # Order at one instant
//! Equal times are common where people choose round numbers, so the order is part of the model:
//! 1. services that end (and queued requests that thereby start),
//! 2. timers of requests: timeouts, resent SYNs, client retries, in order of request number,
//! 3. control events (the other queue),
//! 4. arrivals, in order of arrival or of connection number.

pub(crate) mod fast;
pub(crate) mod front;
pub(crate) mod outer;
pub(crate) mod plain;
mod pool;
mod server;
mod slots;
mod source;
mod spec;
mod syn;
mod tree;

pub(crate) use self::spec::PathSpec;
use self::syn::{next_resend, next_syn};
use crate::account::{Histogram, Tally};
use crate::model::outcome::{Cause, Method, Status};
use crate::model::retry::Failure;
use crate::random::{Keyed, Stream, Streams};
use crate::sim::spec::{AfterExit, ClientSpec, FrontSpec, Kept, NetworkSpec};
use crate::workload::Load;

/// A pod's number: its place among all pods ever created in this run.
pub(crate) type PodId = u32;

/// A pod as the request path knows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BackendSpec {
    /// Which [`ServerSpec`](crate::sim::spec::ServerSpec) answers in the end.
    pub(crate) server: u32,
    /// What a container that requests pass before it answers when it has ended, if there is one.
    pub(crate) behind_proxy: Option<Status>,
    /// Time that such a container takes before it hands a request on.
    pub(crate) forward_delay: u64,
    /// It serves nobody itself: a process of the front end runs in it.
    pub(crate) is_ingress: bool,
}

/// Why a pod's entry does not accept connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Door {
    Open,
    /// Nobody listens, for this reason: connections are refused.
    Closed(Cause),
    /// The same, but those that are kept are served on.
    Shut(Cause),
    /// The kernel completes connections and nobody accepts them; those that are kept are served on.
    Held,
    /// The process is gone and so is the address.
    Gone(AfterExit),
    /// The node has died: nobody answers, on kept connections either.
    Lost,
}

/// Whether the application behind an open door answers properly.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum App {
    Up,
    /// It answers 503 to everything.
    NotReady,
    /// It cannot do its work, for this reason, and answers 500 to everything.
    Failing(Cause),
    /// A proxy in front of it has nobody to talk to, for this reason, and answers so.
    Down(Status, Cause),
    /// It listens behind a proxy and accepts nothing: what the proxy hands it waits.
    Held,
}

impl App {
    /// The application behind a proxy has ended, and connections to it are `refusal`: a restart in
    /// place keeps its name, an orderly stop is what a proxy that outlives its application shows.
    fn ended_behind(proxy: Option<Status>, refusal: Cause) -> App {
        let cause = if refusal == Cause::ListenerClosed { Cause::InPodUpstreamDown } else { refusal };
        App::Down(proxy.unwrap_or(Status::BadGateway), cause)
    }

    /// What the entry answers at once, if the application does not.
    fn answer(self) -> Option<Sent> {
        match self {
            App::Up | App::Held => None,
            App::NotReady => Some(Sent::Answered(Status::Unavailable, Cause::AppNotReady)),
            App::Failing(cause) => Some(Sent::Answered(Status::InternalError, cause)),
            App::Down(status, cause) => Some(Sent::Answered(status, cause)),
        }
    }
}

/// What a probe that was sent through the application's own workers will meet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ProbeFate {
    /// It cannot connect, or the application does not answer properly.
    Refused,
    /// It waits where nobody will serve it within any timeout.
    Hangs,
    /// The answer, if the process lives to give it, will be reported by a [`Notice::ProbeAnswered`].
    Underway,
}

/// Something the event loop must know before anything else happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Notice {
    /// The last accepted request of a pod that drains has ended.
    Drained(PodId),
    /// A probe with this number was answered by a pod.
    ProbeAnswered(PodId, u64),
}

/// What a pod's own metrics say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct PodLoad {
    /// Requests served to the end so far, whoever still waited for the answer.
    pub(crate) served: u64,
    /// Requests and probes accepted and not finished.
    pub(crate) in_flight: u32,
    /// Of these, how many wait for a worker.
    pub(crate) waiting: u32,
}

/// One finished request, for whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) request: u64,
    pub(crate) born: u64,
    /// When the client knew.
    pub(crate) at: u64,
    pub(crate) status: Status,
    pub(crate) cause: Option<Cause>,
    pub(crate) pod: Option<PodId>,
    pub(crate) attempts: u32,
    /// It was lost on the way to or with a process of the front end, which is a pod.
    pub(crate) at_ingress: bool,
    /// The process of the front end that lost it.
    pub(crate) process: Option<u32>,
}

/// One attempt that brought no answer of the application's, for whoever watches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Attempted {
    pub(crate) request: u64,
    pub(crate) pod: PodId,
    pub(crate) sent: u64,
    /// When the front end knew.
    pub(crate) failed: u64,
    /// A kept-alive connection was used.
    pub(crate) reused: bool,
    /// What the socket saw; `None` if the pod answered with an error, or the client left.
    pub(crate) failure: Option<Failure>,
    pub(crate) cause: Cause,
    /// Another attempt follows.
    pub(crate) retried: bool,
}

/// Watches requests end. The default watches nothing and costs nothing.
pub(crate) trait Observer: Default {
    /// A front-end process that runs in a pod has taken a request.
    fn entered(&mut self, _request: u64, _ingress: PodId, _at: u64) {}

    /// A request has ended.
    fn ended(&mut self, _ended: &Ended) {}

    /// An attempt has failed. Only the plain path tells: the fast one keeps no attempts.
    fn attempted(&mut self, _attempt: &Attempted) {}
}

/// Watches nothing.
#[derive(Debug, Default)]
pub(crate) struct NoObserver;

impl Observer for NoObserver {}

/// The life of requests, between control events.
pub(crate) trait RequestPath {
    /// Who watches requests end.
    type Observer: Observer;

    /// The path at the beginning of a run, without any pod.
    fn new(spec: PathSpec) -> Self;

    /// Runs up to `limit`: everything that ends at `limit` included, arrivals at `limit` not. Stops
    /// early when there is something the event loop must know; `now` is then where it stopped.
    fn run_to(&mut self, limit: u64) -> Option<(u64, Notice)>;

    /// Whether every request has ended at `now` and none will be sent any more.
    fn is_idle(&mut self, now: u64) -> bool;

    /// Adds the pod with the next number; nobody listens yet.
    fn add_pod(&mut self, backend: BackendSpec);

    /// The entry listens; in an ingress pod a new process of the front end begins, without endpoints.
    fn open(&mut self, pod: PodId, now: u64);

    /// The application behind the entry changes.
    fn set_app(&mut self, pod: PodId, app: App);

    /// The entry's listener closes; accepted requests are still served, idle connections close.
    /// `true` if the pod has nothing to serve; if not, [`Notice::Drained`] will say when.
    fn close(&mut self, pod: PodId, now: u64, cause: Cause) -> bool;

    /// The entry's listener closes, but kept connections are served on: all of them, or only those that
    /// are in use now. As [`Self::close`]; requests that come on such connections put the end off.
    fn close_to_new(&mut self, pod: PodId, now: u64, cause: Cause, kept: Kept) -> bool;

    /// The process stops accepting and keeps its listener: the entry's, or that of the application behind
    /// it (`inner`). What connects then waits for [`Self::exit`]. As [`Self::close`].
    fn hold(&mut self, pod: PodId, now: u64, inner: bool) -> bool;

    /// Whether the pod has nothing to serve; if not, [`Notice::Drained`] will say when.
    fn run_empty(&mut self, pod: PodId, now: u64) -> bool;

    /// Until when connections to the pod stay open if nobody uses them; `None` if there are none.
    fn kept_until(&mut self, pod: PodId, now: u64) -> Option<u64>;

    /// From now on the application answers 503; accepted requests are still served. As
    /// [`Self::close`].
    fn decline(&mut self, pod: PodId, now: u64) -> bool;

    /// The listener of the application behind a proxy closes; later connections are refused because
    /// of `refusal`.
    fn close_inner(&mut self, pod: PodId, now: u64, refusal: Cause) -> bool;

    /// The application answers 500 to everything that it has, and its probes with it. Nobody is told that it
    /// has nothing left.
    fn cancel(&mut self, pod: PodId, now: u64, cause: Cause);

    /// The entry's process ends, or that of the application behind it (`inner`). What it was
    /// serving is lost with `cause`; later connections are refused because of `refusal`.
    fn exit(&mut self, pod: PodId, now: u64, inner: bool, cause: Cause, refusal: Cause);

    /// The pod's node dies: nothing that it has is answered, and nobody is told.
    fn fall_silent(&mut self, pod: PodId, now: u64);

    /// The tier before the pod closes the connections on which it waits for answers. The pod goes on with
    /// what it has.
    fn cut_connections(&mut self, pod: PodId, now: u64, cause: Cause);

    /// The pod's address is gone.
    fn vanish(&mut self, pod: PodId, how: AfterExit);

    /// Sends a probe through the application's own queue and workers.
    fn probe(&mut self, pod: PodId, now: u64, number: u64) -> ProbeFate;

    /// CPU time that requests have used in the pod so far, nanoseconds.
    fn cpu_used(&mut self, pod: PodId, now: u64) -> u64;

    /// Requests the pod has accepted and not finished.
    fn under_way(&mut self, pod: PodId, now: u64) -> u32;

    /// What a scrape of the pod's own metrics finds.
    fn load_of(&mut self, pod: PodId, now: u64) -> PodLoad;

    /// Latencies of the ok answers of all services that have ended.
    fn latency(&mut self, now: u64) -> &Histogram;

    /// The old generation of a front-end process stops accepting connections.
    fn end_reload(&mut self, replica: u32);

    /// The front end, for list changes.
    fn front(&mut self) -> &mut front::Front;

    /// The tier before it, for list changes; there must be one.
    fn outer(&mut self) -> &mut front::Front;

    /// Ends the run: counts what is in flight.
    fn finish(self, now: u64) -> (Tally, Self::Observer);
}

/// Draws that belong to requests, the same on every path.
#[derive(Clone, Copy, Debug)]
struct Draws {
    service: Keyed,
    method: Keyed,
    probe: Keyed,
    think: Keyed,
    backoff: Keyed,
    reset: Keyed,
    /// A request is a POST if its draw is below this.
    post_below: u64,
    /// An attempt is reset by the network if its draw is below this.
    reset_below: u64,
}

impl Draws {
    fn new(streams: Streams, client: &ClientSpec, network: &NetworkSpec) -> Draws {
        let below = |share: f64| (share.clamp(0.0, 1.0) * u64::MAX as f64) as u64;
        Draws {
            service: streams.keyed(Stream::Service),
            method: streams.keyed(Stream::Method),
            probe: streams.keyed(Stream::ProbeService),
            think: streams.keyed(Stream::Think),
            backoff: streams.keyed(Stream::ClientBackoff),
            reset: streams.keyed(Stream::NetworkReset),
            post_below: below(client.post_share),
            reset_below: below(network.reset_share),
        }
    }

    /// Whether the network resets the connection of this attempt; a request's first has the number 1.
    fn is_reset(&self, request: u64, attempt: u32) -> bool {
        self.reset_below > 0 && self.reset.at(request, u64::from(attempt)) < self.reset_below
    }

    fn method(&self, request: u64) -> Method {
        // Client retries are the same operation: their number is in the top byte.
        if self.method.at(request & OPERATION, 0) < self.post_below { Method::Post } else { Method::Get }
    }
}

/// Bits of a request number that name its operation; above them is the client's retry count.
pub(crate) const OPERATION: u64 = (1 << 56) - 1;
const RETRY_SHIFT: u32 = 56;
/// Bits of a closed-loop request number that count within its connection.
const WITHIN_CONNECTION: u32 = 36;

/// Which TCP connection of the client a request comes in on: one per request, unless closed-loop
/// clients keep theirs or open-loop ones send many requests on each.
fn connection_of(request: u64, spec: &PathSpec) -> u64 {
    match spec.load {
        Load::Closed(_) if spec.client.keep_alive => (request & OPERATION) >> WITHIN_CONNECTION,
        Load::Open(_) if spec.client.connections > 0 => {
            (request & OPERATION) % u64::from(spec.client.connections)
        }
        _ => request,
    }
}

/// Where a request comes from. Clients of an open load that open a connection for every request never
/// come back.
fn sender_of(request: u64, spec: &PathSpec) -> front::Sender {
    let connection = connection_of(request, spec);
    let client = match spec.load {
        Load::Closed(_) => (request & OPERATION) >> WITHIN_CONNECTION,
        Load::Open(_) => connection,
    };
    front::Sender { client, connection, first: is_first(request, spec) }
}

/// What became of an attempt to hand a request to a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sent {
    /// The pod has it, or the kernel is still trying to connect.
    Underway,
    /// It failed at once.
    Failed(Failure, Cause),
    /// It was answered at once, with an error.
    Answered(Status, Cause),
    /// The front end's circuit breaker did not let it go.
    Overflow,
}

/// Whether a request is the first one of its client connection.
fn is_first(request: u64, spec: &PathSpec) -> bool {
    const INDEX: u64 = (1 << WITHIN_CONNECTION) - 1;
    connection_of(request, spec) == request || (request & INDEX == 0 && request >> RETRY_SHIFT == 0)
}

/// What a new connection meets at a pod.
enum Met {
    /// An end at once.
    End(Sent),
    /// Nothing: its SYN is not answered, for this reason.
    Silence(Cause),
    /// A kernel that takes it, and nobody who accepts it.
    Unaccepted,
    /// A listener with an application behind it.
    Server,
}

impl Met {
    /// Whether there is somebody who takes a connection, as far as there is room.
    fn connects(&self) -> bool {
        matches!(self, Met::End(Sent::Answered(..)) | Met::Unaccepted | Met::Server)
    }
}

/// What a request meets where the door and the application are so, on a kept connection (`reused`) or on a
/// new one.
fn met_by_connection(door: Door, app: App, reused: bool) -> Met {
    let application = || match app {
        App::Held => Met::Unaccepted,
        app => app.answer().map_or(Met::Server, Met::End),
    };
    Met::End(match door {
        Door::Open => return application(),
        Door::Shut(_) | Door::Held if reused => return application(),
        Door::Held => return Met::Unaccepted,
        Door::Closed(cause) | Door::Shut(cause) => Sent::Failed(Failure::Connect, cause),
        Door::Gone(AfterExit::Refused) => Sent::Failed(Failure::Connect, Cause::ListenerClosed),
        Door::Gone(AfterExit::Unreachable) => Sent::Failed(Failure::Connect, Cause::Unreachable),
        Door::Gone(AfterExit::Blackhole) => return Met::Silence(Cause::Blackholed),
        Door::Lost => return Met::Silence(Cause::NodeLost),
    })
}

/// What an application answers whose own queue is full.
const SHED: Sent = Sent::Answered(Status::Unavailable, Cause::Overloaded);

/// Why no answer came in time from a pod whose door is so.
fn no_answer_from(door: Door) -> Cause {
    if door == Door::Lost { Cause::NodeLost } else { Cause::ReadTimeout }
}

/// The status that a front end gives for a failure it does not retry; `reused` says that the attempt
/// used a kept-alive connection.
fn status_of(front: &FrontSpec, failure: Failure, reused: bool) -> Status {
    match failure {
        Failure::Connect => front.answers.error,
        Failure::Closed if reused => front.answers.stale,
        Failure::Closed => front.answers.closed,
        Failure::ConnectTimeout => front.answers.connect_timeout,
        Failure::ReadTimeout => front.answers.read_timeout,
    }
}

#[cfg(test)]
pub(crate) mod arbitrary;
#[cfg(test)]
mod tests;
