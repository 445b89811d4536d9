//! What a holder learns of its attempts: that they begin, get a connection and come to an end.

use super::{Front, Holder, HolderId, Peers, Reached};

impl Front {
    /// An attempt goes to `pod`.
    #[inline]
    pub(crate) fn began(&mut self, holder: HolderId, pod: u32) {
        if let Peers::Least(least) = &mut self.holders[holder as usize].peers {
            least.began(pod);
        }
    }

    /// Its connection is established.
    #[inline]
    pub(crate) fn connected(&mut self, holder: HolderId, pod: u32) {
        self.counts_request(holder);
        let Holder { process, peers, .. } = &self.holders[holder as usize];
        if let Peers::LeastRequest = peers {
            self.processes[*process as usize].least_request.began(pod);
        }
    }

    /// An attempt that went to `pod` at `sent` was answered by the application after its service.
    pub(crate) fn ended(&mut self, holder: HolderId, pod: u32, sent: u64, now: u64) {
        self.over(holder, pod, Reached::Connected, sent, now);
        self.result(holder, pod, true, now);
        self.keep_connection(holder, pod, now);
    }

    /// An attempt that went to `pod` at `sent` was answered with an error of the server's.
    pub(crate) fn answered_error(
        &mut self,
        holder: HolderId,
        pod: u32,
        reached: Reached,
        sent: u64,
        now: u64,
    ) {
        self.over(holder, pod, reached, sent, now);
        self.result(holder, pod, false, now);
        self.keep_connection(holder, pod, now);
    }

    /// Nobody waits for the attempt that went to `pod` at `sent` any more: the connection is closed, no
    /// failure is held against the pod.
    pub(crate) fn abandoned(&mut self, holder: HolderId, pod: u32, reached: Reached, sent: u64, now: u64) {
        self.over(holder, pod, reached, sent, now);
    }

    /// The circuit breaker did not let an attempt go to `pod`, which knows nothing of it; `reused` is the
    /// connection that it would have had.
    pub(crate) fn refused(&mut self, holder: HolderId, pod: u32, reached: Reached, reused: bool, now: u64) {
        self.frees_connection(holder, pod, reached, now);
        if let Peers::Least(least) = &mut self.holders[holder as usize].peers {
            least.ended(pod);
        }
        if reused {
            self.keep_connection(holder, pod, now);
        }
    }

    fn over(&mut self, holder: HolderId, pod: u32, reached: Reached, sent: u64, now: u64) {
        self.frees_connection(holder, pod, reached, now);
        let connected = reached == Reached::Connected;
        if connected {
            self.discounts_request(holder);
        }
        let Holder { process, peers, .. } = &mut self.holders[holder as usize];
        match peers {
            Peers::Ring(_) | Peers::Turns(_) | Peers::Random(_) => {}
            Peers::Nginx(peers) => peers.succeeded(pod),
            Peers::Least(least) => least.ended(pod),
            Peers::Ewma => self.processes[*process as usize].ewma.charge(pod, sent, now),
            Peers::LeastRequest if connected => self.processes[*process as usize].least_request.ended(pod),
            Peers::LeastRequest => {}
        }
    }

    fn keep_connection(&mut self, holder: HolderId, pod: u32, now: u64) {
        if let (true, Some(keepalive)) = (self.tracks_pool, self.spec.keepalive) {
            self.pool_of(holder).put(pod, now, &keepalive);
        }
    }

    /// Tells the outlier detection how an attempt came out.
    fn result(&mut self, holder: HolderId, pod: u32, well: bool, now: u64) {
        if self.spec.outlier.is_some() {
            let process = self.holders[holder as usize].process;
            self.catch_up(process, now);
            if let Some(list) = self.processes[process as usize].result(pod, well, now) {
                self.give_to_workers(process, &list, now);
            }
        }
    }

    /// A request whose last attempt went to `pod` at `sent` was given up, after that attempt was
    /// reported with [`Self::failed`].
    pub(crate) fn gave_up(&mut self, holder: HolderId, pod: u32, sent: u64, now: u64) {
        let Holder { process, peers, .. } = &self.holders[holder as usize];
        if let Peers::Ewma = peers {
            self.processes[*process as usize].ewma.charge(pod, sent, now);
        }
    }

    /// An attempt at `pod` failed. Returns whether the answers to requests that this holder has under way at
    /// the pod begin to matter.
    pub(crate) fn failed(&mut self, holder: HolderId, pod: u32, reached: Reached, now: u64) -> bool {
        self.frees_connection(holder, pod, reached, now);
        let connected = reached == Reached::Connected;
        if connected {
            self.discounts_request(holder);
        }
        let Holder { process, peers, .. } = &mut self.holders[holder as usize];
        let begins_to_matter = match peers {
            Peers::Ring(_) | Peers::Turns(_) | Peers::Random(_) | Peers::Ewma => false,
            Peers::Nginx(peers) => peers.failed(pod, (now + self.second_phase) / 1_000_000_000),
            Peers::Least(least) => {
                least.ended(pod);
                false
            }
            Peers::LeastRequest => {
                if connected {
                    self.processes[*process as usize].least_request.ended(pod);
                }
                false
            }
        };
        self.result(holder, pod, false, now);
        begins_to_matter
    }
}
