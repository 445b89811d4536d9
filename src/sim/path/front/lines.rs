//! Requests that wait for a connection, because their process may not open another one.
//!
//! Source: Envoy, conn_pool_base.cc. `tryCreateNewConnection` asks the limit, which all workers share, and
//! gives a pool that has no connection one all the same; `newStreamImpl` lets a request wait otherwise. A
//! line belongs to one worker and one host: a connection that ends elsewhere serves nobody here until
//! something happens here. If a connection cannot be established, everybody in its line fails with it.

use std::collections::{BTreeSet, VecDeque};

use super::{Front, HolderId};
use crate::model::outcome::Cause;
use crate::model::retry::Failure;
use crate::sim::path::pool::{Reuse, ServerSide};

/// How far an attempt has come.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Reached {
    /// It has no connection, and none is opened for it.
    #[default]
    Nothing,
    /// A connection is there or being opened for it.
    Connecting,
    /// It has been sent on a connection.
    Connected,
}

/// What has become of an attempt that had to wait for a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// It waits.
    Waiting,
    /// It goes on this connection.
    Granted(Reuse),
    /// The connection that others waited for as well was not established.
    Failed(Failure, Cause),
}

/// The connections of one worker to one pod, as far as requests use them, and who waits for one.
#[derive(Debug, Default)]
pub(super) struct Line {
    in_use: u32,
    /// Whatever the path calls its requests.
    waiting: VecDeque<u64>,
}

/// Lines in which somebody may go on.
#[derive(Debug)]
pub(super) struct Stirred {
    lines: BTreeSet<(HolderId, u32)>,
    /// Since when; never if there are none.
    since: u64,
}

impl Default for Stirred {
    fn default() -> Stirred {
        Stirred { lines: BTreeSet::new(), since: u64::MAX }
    }
}

impl Stirred {
    fn add(&mut self, holder: HolderId, pod: u32, now: u64) {
        self.lines.insert((holder, pod));
        self.since = now;
    }
}

impl Front {
    /// Whether connections are counted.
    #[inline]
    pub(crate) fn limits_connections(&self) -> bool {
        self.spec.breaker.max_connections.is_some()
    }

    /// An attempt needs a connection, a kept one if there is one for it. `false` if it has to wait for one;
    /// `true` counts it among those in use.
    pub(crate) fn takes_connection(
        &mut self,
        holder: HolderId,
        pod: u32,
        reuse: Reuse,
        now: u64,
        server: impl Fn(u32) -> ServerSide,
    ) -> bool {
        if !self.limits_connections() {
            return true;
        }
        let others_wait = self.lines.get(&(holder, pod)).is_some_and(|line| !line.waiting.is_empty());
        if reuse == Reuse::Fresh && (others_wait || !self.may_open(holder, pod, now, server)) {
            return false;
        }
        self.uses_connection(holder, pod);
        true
    }

    /// An attempt begins to wait behind all others. `false` if as many wait as may.
    pub(crate) fn joins_line(&mut self, holder: HolderId, pod: u32, key: u64, now: u64) -> bool {
        let may = self.begins_to_wait(holder);
        if may {
            self.lines.entry((holder, pod)).or_default().waiting.push_back(key);
            self.stirred.add(holder, pod, now);
        }
        may
    }

    /// An attempt does not wait any more, for a reason of its own.
    pub(crate) fn leaves_line(&mut self, holder: HolderId, pod: u32, key: u64) {
        if let Some(line) = self.lines.get_mut(&(holder, pod)) {
            line.waiting.retain(|other| *other != key);
            self.waited(holder);
            self.forget_if_unused(holder, pod);
        }
    }

    /// When it is time to look at lines with [`Self::grant`]: after everything that ends at that moment, so
    /// that it does not matter what ended first.
    #[inline]
    pub(crate) fn lines_due(&self) -> u64 {
        self.stirred.since
    }

    /// The lines to look at, in this order.
    pub(crate) fn take_stirred(&mut self) -> impl Iterator<Item = (HolderId, u32)> + use<> {
        std::mem::take(&mut self.stirred).lines.into_iter()
    }

    /// Who is next in a line and the connection for it, if there is one or may be.
    pub(crate) fn grant(
        &mut self,
        holder: HolderId,
        pod: u32,
        now: u64,
        server: impl Fn(u32) -> ServerSide,
    ) -> Option<(u64, Reuse)> {
        let key = *self.lines.get(&(holder, pod))?.waiting.front()?;
        let reuse = self.connection(holder, pod, &[], false, now, server(pod));
        if reuse == Reuse::Fresh && !self.may_open(holder, pod, now, server) {
            return None;
        }
        self.lines.get_mut(&(holder, pod))?.waiting.pop_front();
        self.waited(holder);
        self.uses_connection(holder, pod);
        Some((key, reuse))
    }

    /// A connection to a pod was not established: everybody who waits for one there, who count as having it
    /// until each has been told.
    pub(crate) fn fail_line(&mut self, holder: HolderId, pod: u32) -> VecDeque<u64> {
        let Some(line) = self.lines.get_mut(&(holder, pod)) else { return VecDeque::new() };
        let waiting = std::mem::take(&mut line.waiting);
        for _ in &waiting {
            self.waited(holder);
            self.uses_connection(holder, pod);
        }
        waiting
    }

    fn uses_connection(&mut self, holder: HolderId, pod: u32) {
        self.lines.entry((holder, pod)).or_default().in_use += 1;
        self.under_way(holder).connections += 1;
    }

    /// An attempt has ended that has come so far: it uses no connection any more.
    #[inline]
    pub(super) fn frees_connection(&mut self, holder: HolderId, pod: u32, reached: Reached, now: u64) {
        if self.limits_connections() && reached != Reached::Nothing {
            self.frees_counted(holder, pod, now);
        }
    }

    #[cold]
    fn frees_counted(&mut self, holder: HolderId, pod: u32, now: u64) {
        self.under_way(holder).connections -= 1;
        let line = self.lines.get_mut(&(holder, pod)).expect("whoever uses a connection is counted");
        line.in_use -= 1;
        if !line.waiting.is_empty() {
            self.stirred.add(holder, pod, now);
        }
        self.forget_if_unused(holder, pod);
    }

    fn forget_if_unused(&mut self, holder: HolderId, pod: u32) {
        if self.lines.get(&(holder, pod)).is_some_and(|line| line.in_use == 0 && line.waiting.is_empty()) {
            self.lines.remove(&(holder, pod));
        }
    }

    /// Whether the holder's process may open another connection to a pod to which it keeps none.
    fn may_open(&mut self, holder: HolderId, pod: u32, now: u64, server: impl Fn(u32) -> ServerSide) -> bool {
        let Some(most) = self.spec.breaker.max_connections else { return true };
        let process = self.holders[holder as usize].process;
        let mut open = self.under_way(holder).connections as usize;
        if let Some(keepalive) = &self.spec.keepalive {
            for place in self.places(process) {
                let pool = &mut self.holders[self.current[place] as usize].pool;
                open += pool.still_open(now, keepalive, self.race_window, &server);
            }
        }
        open < most as usize || self.lines.get(&(holder, pod)).is_none_or(|line| line.in_use == 0)
    }

    /// Nobody waits at the workers of a process any more, and nothing is in use.
    pub(super) fn forget_lines(&mut self, process: u32) {
        let holders = &self.holders;
        self.lines.retain(|(holder, _), _| holders[*holder as usize].process != process);
        self.stirred.lines.retain(|(holder, _)| holders[*holder as usize].process != process);
    }
}
