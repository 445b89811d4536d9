//! What follows a failed attempt.

use super::{Front, HolderId, Peers};
use crate::model::outcome::Method;
use crate::model::retry::{AtServer, Failure, RetryPause, RetryPeer, same_server};
use crate::sim::path::pool::{Reuse, ServerSide};
use crate::sim::spec::{Balancer, StaleRetry};

/// A failed attempt, as far as it matters for what follows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Attempt {
    pub(crate) request: u64,
    pub(crate) method: Method,
    pub(crate) holder: HolderId,
    pub(crate) pod: u32,
    pub(crate) failure: Failure,
    /// It used a kept-alive connection.
    pub(crate) reused: bool,
    /// Tries that were left when it began, this one included.
    pub(crate) tries_left: u32,
    /// Attempts made so far, this one included.
    pub(crate) attempts: u32,
    /// It repeated one that had been sent on a stale connection.
    pub(crate) repeats: bool,
}

/// What follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Next {
    /// The request is lost.
    GiveUp,
    /// There would have been another attempt, but too many retries are under way.
    CircuitOpen,
    /// Another attempt after so many nanoseconds; at the same pod or wherever the balancer says. One that only
    /// repeats what was sent on a stale connection is no retry of the front end's own.
    Retry { tries_left: u32, after: u64, same: bool, repeats: bool },
}

impl Front {
    /// Decides what follows a failed attempt. A retry takes one place among those that may be under
    /// way; [`Self::retry_over`] gives it back.
    pub(crate) fn after_failure(&mut self, attempt: &Attempt) -> Next {
        let policy = self.spec.retry;
        let stale = match self.spec.keepalive {
            Some(keepalive) if attempt.reused && attempt.failure == Failure::Closed => keepalive.stale,
            _ => StaleRetry::Counts,
        };
        if stale == StaleRetry::SamePod && attempt.method == Method::Get {
            return Next::Retry { tries_left: attempt.tries_left, after: 0, same: true, repeats: true };
        }
        // Source: Traefik pkg/middlewares/retry/retry.go, wroteRequest; measured with 3.7.15.
        let failure = if attempt.repeats { attempt.failure.once_sent() } else { attempt.failure };
        let tries_left = attempt.tries_left - u32::from(stale != StaleRetry::GivesTryBack);
        if tries_left == 0 || !policy.covers(failure, attempt.method) {
            return Next::GiveUp;
        }
        if let Some(limit) = policy.max_concurrent {
            let retries = &mut self.under_way(attempt.holder).retries;
            if *retries >= limit {
                return Next::CircuitOpen;
            }
            *retries += 1;
        }
        let bits = self.backoff_bits.at(attempt.request, u64::from(attempt.attempts));
        let retry = self.tries(attempt.holder).saturating_sub(tries_left);
        let backoff = policy.pause.backoff(retry, bits);
        let RetryPeer::SameServer { redispatch } = policy.peer else {
            let holds = self.affinity.is_some() && self.spec.affinity_holds;
            let same = holds && self.usable(attempt.holder, attempt.pod).1;
            return Next::Retry { tries_left, after: backoff, same, repeats: false };
        };
        let (usable, server_usable) = self.usable(attempt.holder, attempt.pod);
        let next = same_server(AtServer {
            redispatch,
            last_retry: tries_left == 1,
            server_usable,
            usable,
            round_robin: self.spec.balancer != Balancer::LeastConnections,
            refused: attempt.failure == Failure::Connect && !attempt.reused,
        });
        let after = match policy.pause {
            RetryPause::Fixed(pause) if next.pauses => pause.min(self.spec.connect_timeout.0),
            _ => backoff,
        };
        Next::Retry { tries_left, after, same: !next.elsewhere, repeats: false }
    }

    /// Where a further attempt at the server of `pod` goes: to that pod's address, unless another pod is that
    /// server by now and a connection to it is idle.
    pub(crate) fn at_same_server(
        &mut self,
        holder: HolderId,
        pod: u32,
        first: bool,
        now: u64,
        server: impl Fn(u32) -> ServerSide,
    ) -> (u32, Option<Reuse>) {
        let process = self.holders[holder as usize].process as usize;
        let Some(heir) = self.processes[process].lines.heir(pod) else { return (pod, None) };
        match self.connection(holder, heir, &[], first, now, server(heir)) {
            Reuse::Fresh => (pod, None),
            reuse => (heir, Some(reuse)),
        }
    }

    /// A retry of this holder has come to its end.
    pub(crate) fn retry_over(&mut self, holder: HolderId) {
        let retries = &mut self.under_way(holder).retries;
        *retries = retries.saturating_sub(1);
    }

    /// Whether retries under way are counted.
    pub(crate) fn counts_retries(&self) -> bool {
        self.spec.retry.max_concurrent.is_some()
    }

    /// How many servers this holder may use, and whether `pod` is one of them.
    pub(super) fn usable(&self, holder: HolderId, pod: u32) -> (usize, bool) {
        let of = |list: &[u32]| (list.len(), list.contains(&pod));
        match &self.holders[holder as usize].peers {
            Peers::Turns(turns) => (turns.len(), turns.contains(pod)),
            Peers::Ring(ring) => of(ring.peers()),
            Peers::Random(list) => of(list),
            Peers::Least(least) => of(least.peers()),
            Peers::Nginx(peers) => (peers.len(), peers.contains(pod)),
            Peers::Ewma => of(self.processes[self.holders[holder as usize].process as usize].ewma.peers()),
            Peers::LeastRequest => {
                of(self.processes[self.holders[holder as usize].process as usize].least_request.peers())
            }
        }
    }
}
