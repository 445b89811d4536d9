//! The front end at work: holders, their lists, their pools.
//!
//! Both request paths call this in the same order, so it may keep any state it likes.

use super::pool::{Pool, Reuse};
use crate::model::balancer::{LeastConnections, NginxPeers, PeakEwma, Ring, RingRestart};
use crate::random::{Keyed, Stream, Streams};
use crate::sim::spec::{Balancer, FrontSpec};

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
    peers: Peers,
    pool: Pool,
}

#[derive(Debug)]
enum Peers {
    Nginx(NginxPeers),
    Ring(Ring),
    Least(LeastConnections),
    /// The scores of the process with this number.
    Ewma(u32),
}

/// What the workers of one process share.
#[derive(Debug, Default)]
struct Scores {
    ewma: PeakEwma,
    picks: u64,
}

/// All holders of one tier.
#[derive(Debug)]
pub(crate) struct Front {
    spec: FrontSpec,
    race_window: u64,
    /// Whether idle connections are followed one by one; see [`Pool`].
    tracks_pool: bool,
    holder_bits: Keyed,
    ring_bits: Keyed,
    pick_bits: Keyed,
    /// Lists published so far, so that every ring start has its own draw.
    published: u64,
    /// Shift between the simulated clock and the front end's whole seconds.
    second_phase: u64,
    holders: Vec<Holder>,
    /// By process.
    scores: Vec<Scores>,
    /// Holders that take new requests, replica by replica.
    current: Vec<HolderId>,
    /// During a reload: the generation that is being replaced, in the same places.
    retiring: Vec<Option<HolderId>>,
    overlaps: u32,
    reloads: u64,
    /// Holders below are forgotten.
    forgotten: usize,
}

impl Front {
    /// A front end whose holders all know `list`. `tracks_pool` says whether servers may close an
    /// idle connection before the front end does.
    pub(crate) fn new(spec: &FrontSpec, race_window: u64, tracks_pool: bool, streams: Streams) -> Front {
        let count = (spec.replicas * spec.workers).max(1) as usize;
        let second_phase = streams.keyed(Stream::SecondPhase).at(0, 0) % 1_000_000_000;
        let mut front = Front {
            spec: spec.clone(),
            race_window,
            tracks_pool: tracks_pool && spec.keepalive.is_some(),
            holder_bits: streams.keyed(Stream::Holder),
            ring_bits: streams.keyed(Stream::Balancer),
            pick_bits: streams.keyed(Stream::Pick),
            published: 0,
            second_phase,
            holders: Vec::new(),
            scores: (0..spec.replicas.max(1)).map(|_| Scores::default()).collect(),
            current: Vec::new(),
            retiring: vec![None; count],
            overlaps: 0,
            reloads: 0,
            forgotten: 0,
        };
        for place in 0..count {
            let holder = front.new_holder(place, &[]);
            front.current.push(holder);
        }
        front
    }

    pub(crate) fn spec(&self) -> &FrontSpec {
        &self.spec
    }

    fn new_holder(&mut self, place: usize, list: &[u32]) -> HolderId {
        let peers = match self.spec.balancer {
            Balancer::Nginx(checks) => Peers::Nginx(NginxPeers::new(list, checks)),
            Balancer::RoundRobin | Balancer::IngressRing => Peers::Ring(Ring::default()),
            Balancer::LeastConnections => Peers::Least(LeastConnections::default()),
            Balancer::Ewma => Peers::Ewma(place as u32 / self.spec.workers.max(1)),
        };
        self.holders.push(Holder { peers, pool: Pool::default() });
        HolderId::try_from(self.holders.len() - 1).expect("fewer holders than endpoint changes in a year")
    }

    // === Lists ===

    /// Replaces the list of every worker of `replica` in place. nginx' own balancer cannot do
    /// that: it gets a new generation that takes over at once.
    pub(crate) fn replace_list(&mut self, replica: u32, list: &[u32], now: u64) {
        if matches!(self.spec.balancer, Balancer::Nginx(_)) {
            self.begin_reload(replica, list);
            self.end_reload(replica);
            return;
        }
        if self.spec.balancer == Balancer::Ewma {
            return self.scores[replica as usize].ewma.replace(list.to_vec(), now);
        }
        for place in self.places(replica) {
            let holder = self.current[place] as usize;
            self.published += 1;
            let bits = self.ring_bits.at(place as u64, self.published);
            match &mut self.holders[holder].peers {
                Peers::Nginx(_) | Peers::Ewma(_) => {}
                Peers::Ring(ring) => {
                    let restart = match self.spec.balancer {
                        Balancer::IngressRing => RingRestart::Random,
                        _ => RingRestart::KeepCounter,
                    };
                    ring.replace(list.to_vec(), restart, bits);
                }
                Peers::Least(least) => least.replace(list.to_vec()),
            }
        }
    }

    /// Starts a new generation of `replica` beside the old one: from now on each connection goes
    /// to either with equal chance.
    pub(crate) fn begin_reload(&mut self, replica: u32, list: &[u32]) {
        for place in self.places(replica) {
            let holder = self.new_holder(place, list);
            if self.retiring[place].is_none() {
                self.overlaps += 1;
            }
            self.retiring[place] = Some(self.current[place]);
            self.current[place] = holder;
        }
    }

    /// The old generation of `replica` stops accepting. Returns whether it is time to look for
    /// generations that can be forgotten, see [`Self::forget_below`].
    pub(crate) fn end_reload(&mut self, replica: u32) -> bool {
        for place in self.places(replica) {
            if self.retiring[place].take().is_some() {
                self.overlaps -= 1;
            }
        }
        self.reloads += 1;
        self.reloads.is_multiple_of(64)
    }

    fn places(&self, replica: u32) -> std::ops::Range<usize> {
        let workers = self.spec.workers.max(1) as usize;
        let first = replica as usize * workers;
        first..(first + workers).min(self.current.len())
    }

    // === Requests ===

    /// The holder that takes the connection with the number `connection`.
    #[inline]
    pub(crate) fn holder_of(&self, connection: u64) -> HolderId {
        if self.current.len() == 1 && self.overlaps == 0 {
            return self.current[0];
        }
        let bits = self.holder_bits.at(connection, 0);
        let place = (((bits >> 32) * self.current.len() as u64) >> 32) as usize;
        match self.retiring[place] {
            Some(old) if bits & 1 == 0 => old,
            _ => self.current[place],
        }
    }

    /// Attempts that a request may make from `holder`.
    pub(crate) fn tries(&self, holder: HolderId) -> u32 {
        let limit = self.spec.retry.max_attempts;
        match &self.holders[holder as usize].peers {
            Peers::Nginx(peers) => {
                let all = u32::try_from(peers.len()).unwrap_or(u32::MAX).max(1);
                if limit == 0 { all } else { all.min(limit) }
            }
            Peers::Ring(_) | Peers::Least(_) | Peers::Ewma(_) => limit.max(1),
        }
    }

    /// Chooses a peer for an attempt; `tried` are the peers of earlier attempts of this request.
    #[inline]
    pub(crate) fn pick(&mut self, holder: HolderId, tried: &[u32], now: u64) -> Picked {
        match &mut self.holders[holder as usize].peers {
            Peers::Ring(ring) => ring.pick().map_or(Picked::Empty, Picked::Peer),
            Peers::Nginx(peers) if peers.is_empty() => Picked::Empty,
            Peers::Nginx(peers) => {
                let second = (now + self.second_phase) / 1_000_000_000;
                peers.pick(tried, second).map_or(Picked::AllDown, Picked::Peer)
            }
            Peers::Least(least) => least.pick(tried).map_or(Picked::Empty, Picked::Peer),
            Peers::Ewma(process) => {
                let scores = &mut self.scores[*process as usize];
                scores.picks += 1;
                let bits = self.pick_bits.at(u64::from(*process), scores.picks);
                scores.ewma.pick(tried, now, bits).map_or(Picked::Empty, Picked::Peer)
            }
        }
    }

    /// Whether the end of an attempt at this holder has to be reported with [`Self::ended`].
    #[inline]
    pub(crate) fn wants_ends(&self, holder: HolderId) -> bool {
        self.tracks_pool
            || match &self.holders[holder as usize].peers {
                Peers::Ring(_) => false,
                Peers::Nginx(peers) => peers.has_suspects(),
                Peers::Least(_) | Peers::Ewma(_) => true,
            }
    }

    /// An attempt went out to `pod`.
    #[inline]
    pub(crate) fn began(&mut self, holder: HolderId, pod: u32) {
        if let Peers::Least(least) = &mut self.holders[holder as usize].peers {
            least.began(pod);
        }
    }

    /// An attempt that went to `pod` at `sent` was answered.
    pub(crate) fn ended(&mut self, holder: HolderId, pod: u32, sent: u64, now: u64) {
        let place = &mut self.holders[holder as usize];
        match &mut place.peers {
            Peers::Ring(_) => {}
            Peers::Nginx(peers) => peers.succeeded(pod),
            Peers::Least(least) => least.ended(pod),
            Peers::Ewma(process) => self.scores[*process as usize].ewma.charge(pod, sent, now),
        }
        if let (true, Some(keepalive)) = (self.tracks_pool, &self.spec.keepalive) {
            place.pool.put(pod, now, keepalive);
        }
    }

    /// The client of an attempt that went to `pod` at `sent` left: the connection is closed, no
    /// failure is held against the pod.
    pub(crate) fn abandoned(&mut self, holder: HolderId, pod: u32, sent: u64, now: u64) {
        match &mut self.holders[holder as usize].peers {
            Peers::Ring(_) => {}
            Peers::Nginx(peers) => peers.succeeded(pod),
            Peers::Least(least) => least.ended(pod),
            Peers::Ewma(process) => self.scores[*process as usize].ewma.charge(pod, sent, now),
        }
    }

    /// A request whose last attempt went to `pod` at `sent` was given up, after that attempt was
    /// reported with [`Self::failed`].
    pub(crate) fn gave_up(&mut self, holder: HolderId, pod: u32, sent: u64, now: u64) {
        if let Peers::Ewma(process) = self.holders[holder as usize].peers {
            self.scores[process as usize].ewma.charge(pod, sent, now);
        }
    }

    /// An attempt at `pod` failed. Returns whether the answers to requests that this holder has
    /// under way at the pod begin to matter.
    pub(crate) fn failed(&mut self, holder: HolderId, pod: u32, now: u64) -> bool {
        match &mut self.holders[holder as usize].peers {
            Peers::Ring(_) | Peers::Ewma(_) => false,
            Peers::Nginx(peers) => peers.failed(pod, (now + self.second_phase) / 1_000_000_000),
            Peers::Least(least) => {
                least.ended(pod);
                false
            }
        }
    }

    /// Which connection an attempt at `pod` uses. `server_idle` is the server's own idle timeout,
    /// `stopped_at` the moment it closed all idle connections, if it has; `tried` are the pods of
    /// the request's earlier attempts.
    pub(crate) fn connection(
        &mut self,
        holder: HolderId,
        pod: u32,
        tried: &[u32],
        now: u64,
        server_idle: Option<u64>,
        stopped_at: Option<u64>,
    ) -> Reuse {
        let (Some(keepalive), Some(server_idle)) = (&self.spec.keepalive, server_idle) else {
            return Reuse::Fresh;
        };
        if self.tracks_pool {
            let pool = &mut self.holders[holder as usize].pool;
            return pool.take(pod, now, keepalive, server_idle, stopped_at, self.race_window);
        }
        // One request meets at most one assumed connection per pod: a failure on it may cost no try,
        // and the next would be stale again.
        if tried.contains(&pod) { Reuse::Fresh } else { Pool::assume(now, stopped_at, self.race_window) }
    }

    /// Whether idle connections have to be followed one by one.
    #[inline]
    pub(crate) fn tracks_pool(&self) -> bool {
        self.tracks_pool
    }

    /// Forgets what retired generations knew, given the oldest one that a request is still with:
    /// ten thousand reloads of a thousand peers each would else add up.
    pub(crate) fn forget_below(&mut self, oldest_in_use: HolderId) {
        let accepting = self.current.iter().chain(self.retiring.iter().flatten()).copied().min();
        let keep = accepting.unwrap_or(0).min(oldest_in_use) as usize;
        for holder in self.holders.iter_mut().take(keep).skip(self.forgotten) {
            holder.peers = Peers::Ring(Ring::default());
            holder.pool = Pool::default();
        }
        self.forgotten = self.forgotten.max(keep);
    }
}
