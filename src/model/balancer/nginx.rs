//! nginx' own round robin with passive health checks.
//!
//! Source for everything here: nginx src/http/ngx_http_upstream_round_robin.c (1.22).

/// `max_fails` and `fail_timeout` of an upstream server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassiveChecks {
    /// Failures after which a peer is left alone; 0 switches the checks off.
    pub max_fails: u32,
    /// How long it is left alone, whole seconds.
    pub fail_timeout_s: u64,
}

/// Peers of one worker process of one configuration generation.
///
/// While nothing has ever failed and no peer had to be skipped, smooth weighted round robin with
/// equal weights is a plain cycle, so a cursor is all there is to keep. The first irregular pick
/// writes the equivalent weights out, and from then on the real algorithm runs until a reload.
#[derive(Clone, Debug)]
pub struct NginxPeers {
    checks: PassiveChecks,
    peers: Vec<Peer>,
    /// Position in the plain cycle; `None` once weights are written out.
    cursor: Option<usize>,
    /// Peers with `fails > 0`, so that the common case is one comparison.
    suspects: u32,
}

#[derive(Clone, Copy, Debug)]
struct Peer {
    pod: u32,
    fails: u32,
    /// Second of the last failure.
    accessed: u64,
    /// Second of the last failure, or of the last request let through after a block.
    checked: u64,
    current_weight: i64,
    effective_weight: i64,
}

const WEIGHT: i64 = 1;

impl NginxPeers {
    /// A fresh generation over `pods` in the order of the configuration file.
    pub fn new(pods: &[u32], checks: PassiveChecks) -> NginxPeers {
        let peer = |&pod| Peer {
            pod,
            fails: 0,
            accessed: 0,
            checked: 0,
            current_weight: 0,
            effective_weight: WEIGHT,
        };
        NginxPeers { checks, peers: pods.iter().map(peer).collect(), cursor: Some(0), suspects: 0 }
    }

    /// How many peers there are, which is how many tries a request starts with.
    pub fn len(&self) -> usize {
        self.peers.len()
    }

    /// Whether this peer is among them.
    pub fn contains(&self, pod: u32) -> bool {
        self.peers.iter().any(|peer| peer.pod == pod)
    }

    /// Whether there is no peer at all.
    pub fn is_empty(&self) -> bool {
        self.peers.is_empty()
    }

    /// Whether the success of an attempt could change anything.
    pub fn has_suspects(&self) -> bool {
        self.suspects > 0
    }

    /// Picks a peer that is not in `tried` at the whole second `now_s`; `None` when every peer was
    /// tried or is blocked ("no live upstreams").
    #[inline]
    pub fn pick(&mut self, tried: &[u32], now_s: u64) -> Option<u32> {
        if let [only] = self.peers.as_slice() {
            // A single peer is never blocked and never counts as tried.
            return Some(only.pod);
        }
        match self.cursor {
            Some(at) if tried.is_empty() && self.suspects == 0 => {
                let pod = self.peers.get(at)?.pod;
                self.cursor = Some(if at + 1 == self.peers.len() { 0 } else { at + 1 });
                Some(pod)
            }
            _ => self.pick_weighted(tried, now_s),
        }
    }

    #[cold]
    fn pick_weighted(&mut self, tried: &[u32], now_s: u64) -> Option<u32> {
        self.write_out_weights();
        let checks = self.checks;
        let mut best: Option<usize> = None;
        let mut total = 0;
        for i in 0..self.peers.len() {
            let peer = &mut self.peers[i];
            if tried.contains(&peer.pod) || peer.is_blocked(checks, now_s) {
                continue;
            }
            peer.current_weight += peer.effective_weight;
            total += peer.effective_weight;
            if peer.effective_weight < WEIGHT {
                peer.effective_weight += 1;
            }
            let weight = peer.current_weight;
            if best.is_none_or(|b| weight > self.peers[b].current_weight) {
                best = Some(i);
            }
        }
        let peer = &mut self.peers[best?];
        peer.current_weight -= total;
        if now_s.saturating_sub(peer.checked) > checks.fail_timeout_s {
            peer.checked = now_s;
        }
        Some(peer.pod)
    }

    /// The weights that `cursor` picks of a plain cycle over n peers have produced: j - n for the
    /// j peers already visited in this turn, j for the others.
    fn write_out_weights(&mut self) {
        let Some(at) = self.cursor.take() else { return };
        let n = i64::try_from(self.peers.len()).unwrap_or(i64::MAX);
        let j = i64::try_from(at).unwrap_or(0);
        for (i, peer) in self.peers.iter_mut().enumerate() {
            peer.current_weight = if i < at { j - n } else { j };
        }
    }

    /// An attempt on `pod` failed at the whole second `now_s`. Returns whether the peer had a clean
    /// record before, so that from now on its successes matter.
    pub fn failed(&mut self, pod: u32, now_s: u64) -> bool {
        let max_fails = self.checks.max_fails;
        if max_fails == 0 || self.peers.len() == 1 {
            return false;
        }
        self.write_out_weights();
        let Some(peer) = self.peers.iter_mut().find(|p| p.pod == pod) else { return false };
        let was_clean = peer.fails == 0;
        self.suspects += u32::from(was_clean);
        peer.fails += 1;
        peer.accessed = now_s;
        peer.checked = now_s;
        peer.effective_weight = (peer.effective_weight - WEIGHT / i64::from(max_fails)).max(0);
        was_clean
    }

    /// An attempt on `pod` succeeded. A success clears failures only if the peer had been let
    /// through again after its block, so one that was in flight when the peer failed does not.
    pub fn succeeded(&mut self, pod: u32) {
        let Some(peer) = self.peers.iter_mut().find(|p| p.pod == pod) else { return };
        if peer.fails > 0 && peer.accessed < peer.checked {
            peer.fails = 0;
            self.suspects -= 1;
        }
    }
}

impl Peer {
    fn is_blocked(&self, checks: PassiveChecks, now_s: u64) -> bool {
        checks.max_fails > 0
            && self.fails >= checks.max_fails
            && now_s.saturating_sub(self.checked) <= checks.fail_timeout_s
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CHECKS: PassiveChecks = PassiveChecks { max_fails: 1, fail_timeout_s: 10 };

    fn picks(peers: &mut NginxPeers, n: usize, now_s: u64) -> Vec<u32> {
        (0..n).filter_map(|_| peers.pick(&[], now_s)).collect()
    }

    #[test]
    fn a_failed_peer_rests_and_one_request_probes_it() {
        let mut peers = NginxPeers::new(&[1, 2, 3], CHECKS);
        assert_eq!(picks(&mut peers, 4, 100), [1, 2, 3, 1]);
        peers.failed(2, 100);
        assert!(!picks(&mut peers, 20, 110).contains(&2), "ten seconds are not more than ten seconds");
        let after = picks(&mut peers, 20, 111);
        assert_eq!(after.iter().filter(|p| **p == 2).count(), 1, "one probe: {after:?}");
        peers.succeeded(2);
        assert!(!peers.has_suspects());
        assert!(picks(&mut peers, 6, 111).iter().filter(|p| **p == 2).count() >= 2);
    }

    #[test]
    fn success_of_an_old_request_clears_nothing() {
        let mut peers = NginxPeers::new(&[1, 2], CHECKS);
        peers.failed(1, 50);
        peers.succeeded(1);
        assert!(peers.has_suspects());
        assert_eq!(picks(&mut peers, 3, 51), [2, 2, 2]);
    }

    #[test]
    fn all_blocked_means_nobody_and_a_single_peer_is_exempt() {
        let mut peers = NginxPeers::new(&[1, 2], CHECKS);
        peers.failed(1, 50);
        peers.failed(2, 50);
        assert_eq!(peers.pick(&[], 55), None);
        let mut single = NginxPeers::new(&[1], CHECKS);
        single.failed(1, 50);
        assert_eq!(single.pick(&[1], 50), Some(1));
        assert_eq!(NginxPeers::new(&[], CHECKS).pick(&[], 0), None);
    }

    #[test]
    fn tried_peers_are_skipped_and_then_there_is_none() {
        let mut peers = NginxPeers::new(&[1, 2, 3], PassiveChecks { max_fails: 0, fail_timeout_s: 10 });
        assert_eq!(peers.pick(&[1], 0), Some(2));
        assert_eq!(peers.pick(&[1, 2], 0), Some(3));
        assert_eq!(peers.pick(&[1, 2, 3], 0), None);
    }

    proptest! {
        /// The cursor is only a short form: writing the weights out at any moment changes no pick.
        #[test]
        fn cursor_and_weights_agree(n in 2_u32..12, before in 0_usize..40) {
            let pods: Vec<u32> = (0..n).collect();
            let mut short = NginxPeers::new(&pods, CHECKS);
            let mut long = NginxPeers::new(&pods, CHECKS);
            picks(&mut short, before, 0);
            picks(&mut long, before, 0);
            long.write_out_weights();
            prop_assert_eq!(picks(&mut short, 30, 0), picks(&mut long, 30, 0));
        }
    }
}
