//! Where new requests come from, as either path sees it.

use super::tree::WinnerTree;
use super::{Draws, OPERATION, RETRY_SHIFT, WITHIN_CONNECTION};
use crate::random::{Dist, Stream, Streams};
use crate::units::SimTime;
use crate::workload::{Arrivals, ClosedLoad, Load};

const START: u64 = SimTime::START.0;

/// Arrivals of an open load or connections of a closed one.
#[derive(Debug)]
pub(super) enum RequestSource {
    Open { arrivals: Arrivals, next_id: u64 },
    Closed(Connections),
}

/// Closed-loop connections: one leaf per connection, holding when it sends its next request.
#[derive(Debug)]
pub(super) struct Connections {
    next_send: WinnerTree,
    next_id: Vec<u64>,
    begun_at: Vec<u64>,
    /// The connection whose request was taken last, until its leaf in the tree is moved: most
    /// often its next moment is known at once, and then one move is enough.
    taken: Option<u32>,
    /// When the connection's last request ended; `u64::MAX` while one is under way.
    ended_at: Vec<u64>,
    think: Dist,
    think_sum: u128,
    stop: u64,
}

impl RequestSource {
    pub(super) fn new(load: &Load, streams: Streams) -> RequestSource {
        match load {
            Load::Open(open) => RequestSource::Open {
                arrivals: Arrivals::new(open, streams.sequence(Stream::Arrivals)),
                next_id: 0,
            },
            Load::Closed(closed) => RequestSource::Closed(Connections::new(closed, streams)),
        }
    }

    /// When the next request is sent; `u64::MAX` when there is none in sight.
    #[inline]
    pub(super) fn peek(&self) -> u64 {
        match self {
            RequestSource::Open { arrivals, .. } => arrivals.peek().saturating_add(START),
            RequestSource::Closed(connections) => connections.next_send.earliest().0,
        }
    }

    /// Takes the next request: its number. [`Self::sent`] must follow when it has been handed on.
    #[inline]
    pub(super) fn pop(&mut self) -> u64 {
        match self {
            RequestSource::Open { arrivals, next_id } => {
                arrivals.pop();
                *next_id += 1;
                *next_id - 1
            }
            RequestSource::Closed(connections) => connections.pop(),
        }
    }

    /// The request that was taken last is on its way. If its end is known already, its connection
    /// has been given its next moment by [`Self::ended`]; if not, it has none until then.
    #[inline]
    pub(super) fn sent(&mut self) {
        if let RequestSource::Closed(connections) = self {
            connections.sent();
        }
    }

    /// The client of `request` knows its end at `at`, which may lie ahead. `retry_at` is set if
    /// the client will try the same operation again.
    #[inline]
    pub(super) fn ended(&mut self, request: u64, at: u64, retry_at: Option<u64>, draws: &Draws) {
        if let RequestSource::Closed(connections) = self {
            connections.ended(request, at, retry_at, draws);
        }
    }

    /// Whether a client retry is sent by the connection itself rather than by a timer.
    pub(super) fn is_closed(&self) -> bool {
        matches!(self, RequestSource::Closed(_))
    }

    /// Takes back what [`Self::ended`] said too early about `request`: it is under way again.
    pub(super) fn reopen(&mut self, request: u64) {
        if let RequestSource::Closed(connections) = self {
            let c = connection(request);
            connections.ended_at[c as usize] = u64::MAX;
            connections.next_send.set(c, u64::MAX);
        }
    }

    /// For the closed-loop identity: time spent thinking, and time covered by all connections
    /// (from their first request to `now`, or to the end of their last one if that lies ahead).
    pub(super) fn closing(&self, now: u64) -> (u128, u128) {
        match self {
            RequestSource::Open { .. } => (0, 0),
            RequestSource::Closed(connections) => connections.closing(now),
        }
    }
}

fn connection(request: u64) -> u32 {
    u32::try_from((request & OPERATION) >> WITHIN_CONNECTION).expect("20 bits by construction")
}

impl Connections {
    fn new(load: &ClosedLoad, streams: Streams) -> Connections {
        let starts = streams.keyed(Stream::ConnectionStart);
        let mut connections = Connections {
            next_send: WinnerTree::new(),
            next_id: (0..u64::from(load.connections)).map(|c| c << WITHIN_CONNECTION).collect(),
            begun_at: Vec::new(),
            taken: None,
            ended_at: Vec::new(),
            think: load.think.clone(),
            think_sum: 0,
            stop: START + load.duration.0,
        };
        for c in 0..load.connections {
            let within = ((u128::from(starts.at(u64::from(c), 0)) * u128::from(load.ramp.0)) >> 64) as u64;
            connections.begun_at.push(START + within);
            connections.ended_at.push(START + within);
            connections.schedule(c, START + within);
        }
        connections
    }

    fn schedule(&mut self, c: u32, at: u64) {
        self.next_send.set(c, if at < self.stop { at } else { u64::MAX });
    }

    #[inline]
    fn pop(&mut self) -> u64 {
        let (at, c) = self.next_send.earliest();
        self.taken = Some(c);
        let c = c as usize;
        self.think_sum += u128::from(at - self.ended_at[c]);
        self.ended_at[c] = u64::MAX;
        self.next_id[c]
    }

    #[inline]
    fn sent(&mut self) {
        if let Some(c) = self.taken.take() {
            self.next_send.set(c, u64::MAX);
        }
    }

    #[inline]
    fn ended(&mut self, request: u64, at: u64, retry_at: Option<u64>, draws: &Draws) {
        let c = connection(request);
        if self.taken == Some(c) {
            self.taken = None;
        }
        self.ended_at[c as usize] = at;
        let (next_id, next_at) = match retry_at {
            Some(retry_at) => (request + (1 << RETRY_SHIFT), retry_at),
            None => {
                let operation = request & OPERATION;
                let think = match &self.think {
                    Dist::Fixed(think) => think.0,
                    think => think.sample(draws.think.at(operation, 0)).0,
                };
                (operation + 1, at + think)
            }
        };
        self.next_id[c as usize] = next_id;
        self.schedule(c, next_at);
    }

    fn closing(&self, now: u64) -> (u128, u128) {
        let (mut think, mut covered) = (self.think_sum, 0);
        for (&begun, &ended) in self.begun_at.iter().zip(&self.ended_at) {
            let (idle_since, until) = if ended == u64::MAX { (now, now) } else { (ended, now.max(ended)) };
            think += u128::from(until.saturating_sub(idle_since));
            covered += u128::from(until.saturating_sub(begun));
        }
        (think, covered)
    }
}
