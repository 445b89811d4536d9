//! The front end at work: holders, their lists, their pools.
//!
//! Both request paths call this in the same order, so it may keep any state it likes.

mod attempts;
mod breaker;
mod lines;
mod lists;
mod memory;
mod pins;
mod process;
mod processes;
mod retries;
mod weights;

pub(crate) use lines::{Reached, Turn};
pub(crate) use memory::Sender;
pub(crate) use retries::{Attempt, Next};

use std::collections::{BTreeMap, BTreeSet};

use self::lines::{Line, Stirred};
use self::pins::Pins;
use self::process::Process;
use super::pool::{Pool, Reuse, ServerSide};
use crate::model::balancer::{LeastConnections, NginxPeers, Ring, Turns};
use crate::model::retry::RetryPeer;
use crate::random::{Keyed, Stream, Streams};
use crate::sim::spec::{Balancer, FrontSpec};
use crate::units::Nanos;

/// Something that really holds a list of endpoints: a worker process of one configuration
/// generation, or a load balancer node. Its number is stable for the whole run.
pub(crate) type HolderId = u32;

/// The answer to "where does this attempt go?".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Picked {
    Peer(u32),
    /// The holder knows no endpoint.
    Empty,
    /// It knows some and has marked or tried all of them.
    AllDown,
}

#[derive(Debug)]
struct Holder {
    /// The process that it is a worker of, or rather its list of one Service's endpoints: [`Process`] is what
    /// Envoy calls a cluster.
    process: u32,
    /// Which worker of all processes it is, or was.
    place: u32,
    peers: Peers,
    pool: Pool,
}

#[derive(Debug)]
enum Peers {
    Nginx(NginxPeers),
    Ring(Ring),
    Least(LeastConnections),
    Turns(Turns),
    Random(Vec<u32>),
    /// The process' peak EWMA.
    Ewma,
    /// The process' least request.
    LeastRequest,
}

/// Attempts of a request without a limit. Whoever is refused so often has met nobody alive, and a balancer
/// without a limit would go on for ever (assumption).
const UNLIMITED_TRIES: u32 = 100;

/// All holders of one tier.
#[derive(Debug)]
pub(crate) struct Front {
    spec: FrontSpec,
    race_window: u64,
    streams: Streams,
    /// Where its processes and holders begin in keys of draws: no two tiers share one.
    first_key: u32,
    /// Idle connections are followed one by one; see [`Pool`].
    tracks_pool: bool,
    holder_bits: Keyed,
    ring_bits: Keyed,
    backoff_bits: Keyed,
    age_bits: Keyed,
    slow_bits: Keyed,
    weight_bits: Keyed,
    /// The canary's share of the requests at every process, in percent.
    weights: Vec<u32>,
    /// Turns offered to peers in their slow start so far.
    slow_turns: u64,
    /// Lists published so far, so that every ring start has its own draw.
    published: u64,
    second_phase: u64, // between the simulated clock and the front end's whole seconds
    holders: Vec<Holder>,
    processes: Vec<Process>,
    /// Where clients' kept connections lead, if they are balanced and not requests.
    pins: Option<Pins>,
    /// The pods that clients were sent to last, if they are sent there again.
    affinity: Option<BTreeMap<u64, u32>>,
    /// Connections to pods, where they are counted.
    lines: BTreeMap<(HolderId, u32), Line>,
    stirred: Stirred,
    /// Clients' connections have many requests at a time.
    multiplexed: bool,
    /// What was before decides where a request goes: a connection that is there, or its client's last pod.
    has_memory: bool,
    /// The processes that get connections, where each is a node with its own pods.
    nodes_in_service: Option<Vec<u32>>,
    some_node_has_pods: bool,
    dead_nodes: Vec<u32>,
    /// Holders that take new requests, replica by replica.
    current: Vec<HolderId>,
    /// During a reload: the generation that is being replaced, in the same places.
    retiring: Vec<Option<HolderId>>,
    overlaps: u32,
    reloads: u64,
    /// Holders below have been looked at: they are forgotten, or in [`Self::passed_over`].
    forgotten: HolderId,
    /// Those that were still in use when they were looked at.
    passed_over: Vec<HolderId>,
}

impl Front {
    /// A front end without endpoints. `tracks_pool` says whether servers may close an idle connection
    /// before the front end does. Where its processes are pods, they begin with
    /// [`Self::begin_process`].
    pub(crate) fn new(
        spec: &FrontSpec,
        first_key: u32,
        race_window: u64,
        tracks_pool: bool,
        streams: Streams,
    ) -> Front {
        let second_phase = streams.keyed(Stream::SecondPhase).at(0, 0) % 1_000_000_000;
        let mut front = Front {
            spec: spec.clone(),
            race_window,
            streams,
            first_key,
            tracks_pool: tracks_pool && spec.keepalive.is_some(),
            holder_bits: streams.keyed(Stream::Holder),
            ring_bits: streams.keyed(Stream::Balancer),
            backoff_bits: streams.keyed(Stream::RetryBackoff),
            age_bits: streams.keyed(Stream::ConnectionAge),
            slow_bits: streams.keyed(Stream::SlowStart),
            weight_bits: streams.keyed(Stream::CanaryWeight),
            weights: if spec.has_canary { vec![0; spec.replicas.max(1) as usize] } else { Vec::new() },
            slow_turns: 0,
            published: 0,
            second_phase,
            holders: Vec::new(),
            processes: Vec::new(),
            nodes_in_service: None,
            some_node_has_pods: false,
            dead_nodes: Vec::new(),
            current: Vec::new(),
            retiring: Vec::new(),
            overlaps: 0,
            reloads: 0,
            forgotten: 0,
            passed_over: Vec::new(),
            pins: None,
            lines: BTreeMap::new(),
            stirred: Stirred::default(),
            affinity: spec.client_affinity.then(BTreeMap::new),
            multiplexed: false,
            has_memory: spec.client_affinity
                || spec.keepalive.is_some_and(|keepalive| keepalive.any_connection),
        };
        let processes = if spec.pods.is_some() { 0 } else { spec.clusters() };
        for _ in 0..processes {
            front.begin_process();
        }
        front
    }

    pub(crate) fn spec(&self) -> &FrontSpec {
        &self.spec
    }

    fn new_holder(&mut self, place: usize, list: &[u32]) -> HolderId {
        let peers = match self.spec.balancer {
            Balancer::Nginx(checks) => Peers::Nginx(NginxPeers::new(list, checks)),
            Balancer::RoundRobin | Balancer::IngressRing | Balancer::EarliestDeadline => {
                Peers::Ring(Ring::default())
            }
            Balancer::LeastConnections => Peers::Least(LeastConnections::default()),
            Balancer::Turns => Peers::Turns(Turns::default()),
            Balancer::Random => Peers::Random(Vec::new()),
            Balancer::Ewma => Peers::Ewma,
            Balancer::LeastRequest => Peers::LeastRequest,
        };
        let process = self.process_at(place);
        let number = u32::try_from(place).expect("fewer workers than holders");
        self.holders.push(Holder { process, place: number, peers, pool: Pool::default() });
        HolderId::try_from(self.holders.len() - 1).expect("fewer holders than endpoint changes in a year")
    }

    /// Attempts that a request may make from `holder`.
    pub(crate) fn tries(&self, holder: HolderId) -> u32 {
        let limit = self.spec.retry.max_attempts;
        match &self.holders[holder as usize].peers {
            Peers::Nginx(peers) => {
                let all = u32::try_from(peers.len()).unwrap_or(u32::MAX).max(1);
                if limit == 0 { all } else { all.min(limit) }
            }
            _ if limit == 0 => UNLIMITED_TRIES,
            _ => limit,
        }
    }

    /// Chooses a peer for an attempt; `tried` are the peers of earlier attempts of this request.
    #[inline(always)]
    pub(crate) fn pick(&mut self, holder: HolderId, tried: &[u32], now: u64) -> Picked {
        if self.spec.outlier.is_some() {
            self.catch_up(self.holders[holder as usize].process, now);
        }
        match self.spec.retry.peer {
            RetryPeer::Untried { repicks } if !tried.is_empty() => {
                let mut picked = self.pick_once(holder, tried, now);
                for _ in 0..repicks {
                    if !matches!(picked, Picked::Peer(pod) if tried.contains(&pod)) {
                        break;
                    }
                    picked = self.pick_once(holder, tried, now);
                }
                picked
            }
            // HAProxy avoids the server that it has just tried and no other.
            RetryPeer::SameServer { .. } => {
                let last = tried.len().saturating_sub(1);
                self.pick_once(holder, &tried[last..], now)
            }
            _ => self.pick_once(holder, tried, now),
        }
    }

    /// As [`Self::pick_once`], but a peer in its slow start lets turns pass. If everybody does, the last
    /// one takes it.
    #[cold]
    fn pick_warm(&mut self, holder: HolderId, tried: &[u32], now: u64) -> Picked {
        let process = self.holders[holder as usize].process as usize;
        let (peers, _) = self.usable(holder, 0);
        let mut picked = Picked::Empty;
        for _ in 0..peers.max(1) {
            picked = self.pick_turn(holder, tried, now);
            let Picked::Peer(pod) = picked else { break };
            self.slow_turns += 1;
            let bits = self.slow_bits.at(self.slow_turns, 0);
            if self.processes[process].slow_start.takes_turn(pod, now, self.spec.slow_start.0, bits) {
                break;
            }
        }
        picked
    }

    #[inline]
    fn pick_once(&mut self, holder: HolderId, tried: &[u32], now: u64) -> Picked {
        match self.spec.slow_start {
            Nanos::ZERO => self.pick_turn(holder, tried, now),
            _ => self.pick_warm(holder, tried, now),
        }
    }

    #[inline]
    fn pick_turn(&mut self, holder: HolderId, tried: &[u32], now: u64) -> Picked {
        let Holder { process, peers, .. } = &mut self.holders[holder as usize];
        let pod = match peers {
            Peers::Ring(ring) => ring.pick(),
            Peers::Nginx(peers) if peers.is_empty() => None,
            Peers::Nginx(peers) => {
                let second = (now + self.second_phase) / 1_000_000_000;
                return peers.pick(tried, second).map_or(Picked::AllDown, Picked::Peer);
            }
            Peers::Least(least) => least.pick(tried),
            Peers::Turns(turns) => turns.pick(tried.last().copied()),
            Peers::Random(peers) => self.processes[*process as usize].pick_random(peers),
            Peers::Ewma => self.processes[*process as usize].pick_ewma(tried, now),
            Peers::LeastRequest => self.processes[*process as usize].pick_least_request(),
        };
        match pod {
            Some(pod) => Picked::Peer(pod),
            None if self.processes[*process as usize].has_ejected_all() => Picked::AllDown,
            None => Picked::Empty,
        }
    }

    /// The pod that this holder will pick after `more` further picks, where that is known.
    pub(crate) fn ahead(&self, holder: HolderId, more: usize) -> Option<u32> {
        match &self.holders[holder as usize].peers {
            Peers::Ring(ring) => ring.ahead(more),
            _ => None,
        }
    }

    /// Whether the end of an attempt at this holder has to be reported with [`Self::ended`].
    #[inline]
    pub(crate) fn wants_ends(&self, holder: HolderId) -> bool {
        self.watches_all()
            || match &self.holders[holder as usize].peers {
                Peers::Ring(_) | Peers::Turns(_) | Peers::Random(_) => false,
                Peers::Nginx(peers) => peers.has_suspects(),
                Peers::Least(_) | Peers::Ewma | Peers::LeastRequest => true,
            }
    }

    /// Whether the end of every attempt is reported from the beginning.
    #[inline]
    pub(crate) fn watches_all(&self) -> bool {
        let breaker = &self.spec.breaker;
        let counts = breaker.max_requests.is_some() || breaker.max_connections.is_some();
        self.tracks_pool || self.spec.outlier.is_some() || counts
    }

    /// Which connection an attempt at `pod` uses; `tried` are the pods of earlier attempts, `first` says
    /// that the request is the first one of its client connection.
    pub(crate) fn connection(
        &mut self,
        holder: HolderId,
        pod: u32,
        tried: &[u32],
        first: bool,
        now: u64,
        server: ServerSide,
    ) -> Reuse {
        let (Some(keepalive), Some(_)) = (self.spec.keepalive, server.idle) else {
            return Reuse::Fresh;
        };
        if first && keepalive.first_is_fresh {
            return Reuse::Fresh;
        }
        if self.tracks_pool {
            let race_window = self.race_window;
            return self.pool_of(holder).take(pod, now, &keepalive, server, race_window);
        }
        // One request meets at most one assumed connection per pod: a failure on it may cost no try,
        // and the next would be stale again.
        if tried.contains(&pod) {
            Reuse::Fresh
        } else {
            Pool::assume(now, server.stopped_at, self.race_window)
        }
    }

    /// Whether any connections are followed one by one.
    #[inline]
    pub(crate) fn follows_connections(&self) -> bool {
        self.tracks_pool || self.pins.is_some()
    }

    /// Forgets what retired generations knew, given the oldest one that a request is still with:
    /// ten thousand reloads of a thousand peers each would else add up.
    pub(crate) fn forget_below(&mut self, oldest_in_use: HolderId) {
        let of_living = |place: &usize| !self.processes[self.process_at(*place) as usize].gone;
        let current = (0..self.current.len()).filter(of_living).map(|place| self.current[place]);
        let accepting: BTreeSet<HolderId> = current.chain(self.retiring.iter().flatten().copied()).collect();
        let end = oldest_in_use.min(u32::try_from(self.holders.len()).unwrap_or(u32::MAX));
        let looked_at = std::mem::take(&mut self.passed_over).into_iter().chain(self.forgotten..end);
        for number in looked_at {
            if number >= oldest_in_use || accepting.contains(&number) {
                self.passed_over.push(number);
                continue;
            }
            let holder = &mut self.holders[number as usize];
            holder.peers = Peers::Ring(Ring::default());
            holder.pool = Pool::default();
        }
        self.forgotten = self.forgotten.max(end);
    }
}
