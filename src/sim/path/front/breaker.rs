//! The circuit breaker of a process: what it has under way, and how much that may be.
//!
//! Source: Envoy, circuit_breaking.rst; conn_pool_base.cc, newStreamImpl and attachStreamToClient; an
//! overflow is never tried again (retry_state_impl.cc, wouldRetryFromReset). A request counts among the
//! requests from the moment it has its connection, and until then among those that wait for one; each limit
//! is asked at that moment. What a limit of connections does is in [`super::lines`]. A simplification: one
//! whose SYN a full accept queue would drop is refused at once where Envoy lets it wait first.

use super::{Front, HolderId};

/// What the workers of one process have under way together.
#[derive(Debug, Default)]
pub(super) struct UnderWay {
    /// Requests that a pod has.
    requests: u32,
    /// Requests that wait for a connection.
    pending: u32,
    /// Connections that are in use or being opened.
    pub(super) connections: u32,
    pub(super) retries: u32,
}

impl Front {
    pub(super) fn under_way(&mut self, holder: HolderId) -> &mut UnderWay {
        let process = self.holders[holder as usize].process;
        &mut self.processes[process as usize].under_way
    }

    /// Whether the holder's process has as many requests with pods as it may have.
    #[inline]
    pub(crate) fn is_full(&self, holder: HolderId) -> bool {
        let process = || &self.processes[self.holders[holder as usize].process as usize];
        self.spec.breaker.max_requests.is_some_and(|most| process().under_way.requests >= most)
    }

    /// A request begins to wait for a connection; `false` if as many do as may.
    pub(crate) fn begins_to_wait(&mut self, holder: HolderId) -> bool {
        let Some(most) = self.spec.breaker.max_pending_requests else { return true };
        let under_way = self.under_way(holder);
        let may = under_way.pending < most;
        under_way.pending += u32::from(may);
        may
    }

    /// A request does not wait for a connection any more.
    pub(crate) fn waited(&mut self, holder: HolderId) {
        if self.spec.breaker.max_pending_requests.is_some() {
            self.under_way(holder).pending -= 1;
        }
    }

    /// A pod has one more request of this holder.
    pub(super) fn counts_request(&mut self, holder: HolderId) {
        if self.spec.breaker.max_requests.is_some() {
            self.under_way(holder).requests += 1;
        }
    }

    /// A pod has one request less of this holder.
    pub(super) fn discounts_request(&mut self, holder: HolderId) {
        if self.spec.breaker.max_requests.is_some() {
            self.under_way(holder).requests -= 1;
        }
    }

    /// Whether no living process has anything under way, as far as that is counted.
    pub(crate) fn is_at_rest(&self) -> bool {
        let rests = |UnderWay { requests, pending, connections, retries }: &UnderWay| {
            (requests, pending, connections, retries) == (&0, &0, &0, &0)
        };
        self.processes.iter().all(|process| process.gone || rests(&process.under_way))
    }
}
