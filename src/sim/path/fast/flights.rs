//! Requests about which more must be known than a ring entry holds: those that failed once,
//! wait for a connection, or will run into a timeout.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use crate::model::outcome::{Cause, Status};
use crate::sim::path::PodId;
use crate::sim::path::front::{HolderId, Reached, Turn};
use crate::sim::path::outer::NOBODY;

/// The mark of a timer that is about no flight.
const NO_FLIGHT: u32 = u32::MAX;

/// An unusual request.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) id: u64,
    pub(super) born: u64,
    pub(super) holder: HolderId,
    pub(super) tries_left: u32,
    pub(super) tried: Vec<PodId>,
    pub(super) attempts: u32,
    pub(super) pod: Option<PodId>,
    /// When the current attempt was sent.
    pub(super) sent: u64,
    pub(super) reused: bool,
    pub(super) connecting: Option<Connecting>,
    /// The current attempt has a connection of which its pod knows nothing.
    pub(super) half_open: bool,
    /// How often the request was sent again on such a connection.
    pub(super) resent: u32,
    pub(super) reached: Reached,
    /// If the current attempt had to wait for a connection and has not gone on yet.
    pub(super) turn: Option<Turn>,
    /// When its connection was established.
    pub(super) connected_at: u64,
    /// A retry waits for its time: at the same pod, or wherever the balancer says.
    pub(super) pausing: Option<Again>,
    /// This is a retry, and those under way are counted.
    pub(super) counts_as_retry: bool,
    /// The current attempt repeats one that had been sent on a stale connection.
    pub(super) repeats: bool,
    /// Ring entries that point here.
    pub(super) jobs: u32,
    /// The ring entry of the current attempt.
    pub(super) current: Option<u32>,
    pub(super) may_have_run: bool,
    pub(super) was_sent_twice: bool,
    pub(super) was_executed: bool,
    pub(super) ended: Option<Status>,
    /// Tells timers of an earlier flight in the same place from this one's.
    generation: u32,
}

/// Where another attempt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    Pick,
    Same(PodId),
}

impl Flight {
    /// The current attempt has its connection since `now`, unless it has had it for longer.
    pub(super) fn connect(&mut self, now: u64) {
        if std::mem::replace(&mut self.reached, Reached::Connected) != Reached::Connected {
            self.connected_at = now;
        }
    }

    /// The current attempt has waited for a connection, and counts as having one.
    pub(super) fn take_turn(&mut self, turn: Turn) {
        self.turn = Some(turn);
        self.reached = Reached::Connecting;
    }

    /// Whether an attempt is under way, rather than a pause before the next.
    pub(super) fn is_trying(&self) -> bool {
        self.connecting.is_some() || self.half_open || self.current.is_some() || self.turn.is_some()
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Connecting {
    pub(super) since: u64,
    pub(super) syns: u32,
    pub(super) cause: Cause,
}

/// Flights in reusable places.
#[derive(Debug, Default)]
pub(super) struct Flights {
    places: Vec<Flight>,
    free: Vec<u32>,
}

impl Flights {
    pub(super) fn add(&mut self, id: u64, born: u64, holder: HolderId, tries_left: u32) -> u32 {
        let mut flight = Flight {
            id,
            born,
            holder,
            tries_left,
            tried: Vec::new(),
            attempts: 0,
            pod: None,
            sent: born,
            reused: false,
            connecting: None,
            half_open: false,
            resent: 0,
            reached: Reached::Nothing,
            turn: None,
            connected_at: born,
            pausing: None,
            counts_as_retry: false,
            repeats: false,
            jobs: 0,
            current: None,
            may_have_run: false,
            was_sent_twice: false,
            was_executed: false,
            ended: None,
            generation: 0,
        };
        match self.free.pop() {
            Some(place) => {
                flight.generation = self.places[place as usize].generation + 1;
                self.places[place as usize] = flight;
                place
            }
            None => {
                self.places.push(flight);
                self.places.len() as u32 - 1
            }
        }
    }

    pub(super) fn get(&mut self, place: u32) -> &mut Flight {
        &mut self.places[place as usize]
    }

    /// Whether the job `number` of `pod` is what this request waits for, and not an earlier attempt
    /// that the front end has given up.
    pub(super) fn waits_for(&self, place: u32, pod: PodId, number: u32) -> bool {
        let flight = &self.places[place as usize];
        flight.ended.is_none() && flight.pod == Some(pod) && flight.current == Some(number)
    }

    /// Whether what `timer` was set for is still so.
    pub(super) fn obeys(&self, timer: &Timer) -> bool {
        if timer.kind == TimerKind::ClientRetry {
            return true;
        }
        let flight = &self.places[timer.flight as usize];
        let same_flight = flight.generation == timer.generation && flight.ended.is_none();
        let same_attempt = same_flight && flight.attempts == timer.attempt;
        match timer.kind {
            TimerKind::ClientTimeout | TimerKind::OuterTimeout | TimerKind::ClientRetry => same_flight,
            TimerKind::RequestTimeout => same_flight && flight.holder != NOBODY,
            TimerKind::FrontRetry => same_attempt && flight.pausing.is_some(),
            TimerKind::Turn => same_attempt && flight.turn.is_some(),
            TimerKind::ConnectTimeout | TimerKind::ResendSyn => same_attempt && flight.connecting.is_some(),
            TimerKind::ResendRequest => same_attempt && flight.half_open,
            TimerKind::ReadTimeout => same_attempt && (flight.current.is_some() || flight.half_open),
        }
    }

    /// Frees the place of a flight that has ended and that no ring entry points to.
    pub(super) fn release_if_done(&mut self, place: u32) {
        let flight = &self.places[place as usize];
        if flight.ended.is_some() && flight.jobs == 0 {
            self.free.push(place);
        }
    }

    /// The places of flights that have not ended and of which `which` holds, in order of request.
    pub(super) fn places_where(&self, which: impl Fn(&Flight) -> bool) -> Vec<u32> {
        let places = (0..).zip(&self.places).filter(|(_, flight)| flight.ended.is_none() && which(flight));
        let mut found: Vec<(u64, u32)> = places.map(|(place, flight)| (flight.id, place)).collect();
        found.sort_unstable();
        found.into_iter().map(|(_, place)| place).collect()
    }

    /// Flights that have not ended.
    pub(super) fn active(&self) -> impl Iterator<Item = &Flight> {
        self.places.iter().filter(|f| f.ended.is_none())
    }
}

/// In the order in which they are due: moment, request number, kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Timer {
    pub(super) at: u64,
    pub(super) request: u64,
    pub(super) kind: TimerKind,
    pub(super) flight: u32,
    generation: u32,
    /// The attempt it belongs to; later attempts make it void.
    attempt: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum TimerKind {
    Turn,
    ConnectTimeout,
    ResendSyn,
    ResendRequest,
    ReadTimeout,
    RequestTimeout,
    OuterTimeout,
    FrontRetry,
    ClientTimeout,
    ClientRetry,
}

/// Timers of flights. Void ones are dropped when they come up.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<Timer>>,
}

impl Timers {
    pub(super) fn set(&mut self, at: u64, kind: TimerKind, place: u32, flights: &Flights) {
        let flight = &flights.places[place as usize];
        self.heap.push(Reverse(Timer {
            at,
            request: flight.id,
            kind,
            flight: place,
            generation: flight.generation,
            attempt: flight.attempts,
        }));
    }

    /// A client will send the request numbered `request` at `at`.
    pub(super) fn set_client_retry(&mut self, at: u64, request: u64) {
        let kind = TimerKind::ClientRetry;
        self.heap.push(Reverse(Timer { at, request, kind, flight: NO_FLIGHT, generation: 0, attempt: 0 }));
    }

    /// When the next timer is due, void or not.
    #[inline]
    pub(super) fn peek(&self) -> u64 {
        self.heap.peek().map_or(u64::MAX, |t| t.0.at)
    }

    /// Takes the next timer.
    pub(super) fn pop(&mut self) -> Option<Timer> {
        self.heap.pop().map(|timer| timer.0)
    }

    /// Whether any timer is left that may still mean something.
    pub(super) fn any_left(&self, flights: &Flights) -> bool {
        self.heap.iter().any(|timer| flights.obeys(&timer.0))
    }
}
