//! What is known of one request, and what waits for it.

use crate::model::outcome::{Cause, Status};
use crate::sim::path::PodId;
use crate::sim::path::front::{HolderId, Reached, Turn};

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Timer {
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

#[derive(Debug)]
pub(super) struct Request {
    pub(super) born: u64,
    /// The worker of the front end that has it; [`NOBODY`](crate::sim::path::outer::NOBODY) while the tier before it does.
    pub(super) holder: HolderId,
    pub(super) tries_left: u32,
    pub(super) tried: Vec<PodId>,
    pub(super) attempts: u32,
    pub(super) pod: Option<PodId>,
    /// When the current attempt was sent.
    pub(super) sent: u64,
    /// Whether the current attempt uses a kept-alive connection.
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
    /// Jobs in pods that belong to this request, the current one and abandoned ones.
    pub(super) jobs: u32,
    pub(super) current_job: Option<u64>,
    /// Timers set for the current attempt, and for the client's patience.
    pub(super) timers: Vec<(u64, Timer)>,
    /// An earlier attempt was sent and may have been executed.
    pub(super) may_have_run: bool,
    pub(super) was_sent_twice: bool,
    pub(super) was_executed: bool,
    pub(super) ended: Option<Status>,
}

/// Where another attempt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Again {
    Pick,
    Same(PodId),
}

/// What has become of a request whose attempt failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Followed {
    Over,
    Pausing,
    By(Again),
}

impl Request {
    /// The current attempt has waited for a connection, and counts as having one.
    pub(super) fn take_turn(&mut self, turn: Turn) {
        self.turn = Some(turn);
        self.reached = Reached::Connecting;
    }

    /// Whether an attempt is under way, rather than a pause before the next.
    pub(super) fn is_trying(&self) -> bool {
        self.connecting.is_some() || self.half_open || self.current_job.is_some() || self.turn.is_some()
    }
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Connecting {
    pub(super) since: u64,
    pub(super) syns: u32,
    /// What a timeout would be blamed on.
    pub(super) cause: Cause,
}
