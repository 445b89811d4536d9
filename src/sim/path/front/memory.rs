//! What was before decides where a request goes: a connection that is there, or its client's last pod.
//!
//! Sources: pins as in [`super::pins`]; connections to a node's port lead to whatever pod kube-proxy has
//! bound them to (kubernetes#128479); affinity by ingress-nginx rootfs/etc/nginx/lua/balancer/sticky.lua
//! and by kube-proxy's `sessionAffinity: ClientIP` (virtual-ips.md).

use super::{Front, HolderId};
use crate::sim::path::pool::{Reuse, ServerSide};

/// Where a request comes from.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sender {
    pub(crate) client: u64,
    pub(crate) connection: u64,
    /// It is the first one of its connection.
    pub(crate) first: bool,
}

impl Front {
    /// Whether something that was before can decide where a request goes, so that the balancer is asked
    /// only where nothing was.
    #[inline]
    pub(crate) fn has_memory(&self) -> bool {
        self.has_memory
    }

    /// Where a request goes because of what was before: to the end of its client's own connection, to
    /// the pod of its client's last request, or on the connection that its holder used last. The
    /// connection is `None` where only the pod is decided.
    pub(crate) fn decided(
        &mut self,
        holder: HolderId,
        sender: Sender,
        now: u64,
        server: impl Fn(u32) -> ServerSide,
    ) -> Option<(u32, Option<Reuse>)> {
        if !self.has_memory {
            return None;
        }
        if let Some((pod, reuse)) = self.decided_by_connection(sender.connection, now, &server) {
            return Some((pod, Some(reuse)));
        }
        if let Some(pod) = self.affinity.as_ref().and_then(|pods| pods.get(&sender.client).copied())
            && self.usable(holder, pod).1
        {
            return Some((pod, None));
        }
        if !self.spec.keepalive.is_some_and(|keepalive| keepalive.any_connection) {
            return None;
        }
        self.any_connection(holder, sender.first, now, server).map(|(pod, reuse)| (pod, Some(reuse)))
    }

    fn any_connection(
        &mut self,
        holder: HolderId,
        first: bool,
        now: u64,
        server: impl Fn(u32) -> ServerSide,
    ) -> Option<(u32, Reuse)> {
        while let Some(pod) = self.pool_of(holder).latest() {
            match self.connection(holder, pod, &[], first, now, server(pod)) {
                Reuse::Fresh if first => return None,
                Reuse::Fresh => self.pool_of(holder).forget(pod),
                reuse => return Some((pod, reuse)),
            }
        }
        None
    }

    /// A further attempt goes to another pod: from now on the client belongs there, unless it holds on to the
    /// first one.
    pub(crate) fn moves_on(&mut self, sender: Sender, pod: u32) {
        if let Some(pods) = self.affinity.as_mut().filter(|_| !self.spec.affinity_holds) {
            pods.insert(sender.client, pod);
        }
    }

    /// The first attempt of a request goes to a pod at `now`.
    pub(crate) fn remember(&mut self, sender: Sender, pod: u32, now: u64) {
        self.pin_at_once(sender.connection, pod, now);
        if let Some(pods) = &mut self.affinity {
            pods.insert(sender.client, pod);
        }
    }
}
