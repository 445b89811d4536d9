//! Envoy's outlier detection by consecutive failures, its panic mode, and when workers learn of it.
//!
//! Sources: Envoy source/common/upstream/outlier_detection_impl.cc (counting, ejection, sweeps),
//! cluster_manager_impl.cc scheduleUpdate (merged updates) and load_balancer_impl.cc (panic).
//! Ejection by success rate is left out: it needs hundreds of requests per host and sweep.

/// `outlier_detection` of a cluster and what goes with it. Times in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OutlierSpec {
    /// Failures in a row (connections, closed connections, timeouts, 5xx) that eject a host.
    pub consecutive_failures: u32,
    /// Time between two sweeps, which end ejections.
    pub interval: u64,
    /// Shortest ejection; the n-th one of a host lasts n times as long.
    pub base_ejection: u64,
    /// No ejection lasts longer.
    pub max_ejection: u64,
    /// At most this share of all hosts may be ejected, percent. With 10 % and fewer than ten hosts
    /// none is.
    pub max_ejection_percent: u32,
    /// One host may be ejected whatever the share.
    pub always_eject_one: bool,
    /// Below this share of healthy hosts, percent, all hosts get requests; 0 switches that off.
    pub panic_percent: u32,
    /// Changes of health within this time of the last update reach the workers this much later;
    /// an update that adds or removes hosts is immediate and takes them along.
    pub merge_window: u64,
}

impl OutlierSpec {
    /// Envoy's defaults where outlier detection is on at all.
    pub const ENVOY: OutlierSpec = OutlierSpec {
        consecutive_failures: 5,
        interval: 10_000_000_000,
        base_ejection: 30_000_000_000,
        max_ejection: 300_000_000_000,
        max_ejection_percent: 10,
        always_eject_one: false,
        panic_percent: 50,
        merge_window: 1_000_000_000,
    };
}

#[derive(Clone, Copy, Debug)]
struct Host {
    pod: u32,
    failures: u32,
    ejected_at: Option<u64>,
    /// How many ejections in a row; sweeps that find the host in service take one off.
    ejections: u32,
}

/// The hosts of one process as its outlier detector sees them, and as its workers do.
#[derive(Clone, Debug)]
pub struct Outliers {
    spec: OutlierSpec,
    hosts: Vec<Host>,
    last_update: Option<u64>,
    /// When a merged update is due.
    pending: Option<u64>,
    next_sweep: u64,
}

impl Outliers {
    /// A detector whose first sweep is at `first_sweep`.
    pub fn new(spec: OutlierSpec, first_sweep: u64) -> Outliers {
        Outliers { spec, hosts: Vec::new(), last_update: None, pending: None, next_sweep: first_sweep }
    }

    /// The hosts are these from now on; what is known of those that stay is kept.
    pub fn replace(&mut self, list: &[u32], now: u64) {
        let known = std::mem::take(&mut self.hosts);
        let fresh = |pod| Host { pod, failures: 0, ejected_at: None, ejections: 0 };
        let host = |pod: &u32| known.iter().find(|h| h.pod == *pod).copied().unwrap_or_else(|| fresh(*pod));
        self.hosts = list.iter().map(host).collect();
        self.pending = None;
        self.last_update = Some(now);
    }

    /// Lets time pass until `now`: sweeps and merged updates. Whether the workers' view may differ.
    pub fn advance(&mut self, now: u64) -> bool {
        let mut changed = false;
        loop {
            let sweep = self.next_sweep;
            match self.pending {
                Some(due) if due <= now && due <= sweep => {
                    self.pending = None;
                    self.last_update = Some(due);
                    changed = true;
                }
                _ if sweep <= now => {
                    self.next_sweep = sweep + self.spec.interval.max(1);
                    if self.sweep(sweep) {
                        changed |= self.health_changed(sweep);
                    }
                }
                _ => return changed,
            }
        }
    }

    /// Ends ejections that have lasted long enough. Whether any did.
    fn sweep(&mut self, now: u64) -> bool {
        let (base, max) = (self.spec.base_ejection, self.spec.max_ejection);
        let mut any = false;
        for host in &mut self.hosts {
            match host.ejected_at {
                None => host.ejections = host.ejections.saturating_sub(1),
                Some(since) => {
                    let lasts = base.saturating_mul(u64::from(host.ejections.max(1))).min(max.max(base));
                    if now >= since.saturating_add(lasts) {
                        host.ejected_at = None;
                        host.failures = 0;
                        any = true;
                    }
                }
            }
        }
        any
    }

    /// An attempt at `pod` has come to its end at `now`. Whether the workers' view may differ.
    pub fn result(&mut self, pod: u32, well: bool, now: u64) -> bool {
        let Some(at) = self.hosts.iter().position(|host| host.pod == pod) else { return false };
        if well {
            self.hosts[at].failures = 0;
            return false;
        }
        self.hosts[at].failures += 1;
        if self.hosts[at].failures < self.spec.consecutive_failures {
            return false;
        }
        self.hosts[at].failures = 0;
        if self.hosts[at].ejected_at.is_some() || !self.may_eject_one_more() {
            return false;
        }
        self.hosts[at].ejected_at = Some(now);
        self.hosts[at].ejections += 1;
        self.health_changed(now)
    }

    fn may_eject_one_more(&self) -> bool {
        let ejected = self.hosts.iter().filter(|host| host.ejected_at.is_some()).count();
        let within = (ejected + 1) * 100 <= self.spec.max_ejection_percent as usize * self.hosts.len();
        within || (self.spec.always_eject_one && ejected == 0)
    }

    /// Tells the workers, at once or merged with what comes within the window.
    fn health_changed(&mut self, now: u64) -> bool {
        let quiet = self.last_update.is_none_or(|last| now.saturating_sub(last) > self.spec.merge_window);
        if quiet {
            self.pending = None;
            self.last_update = Some(now);
        } else if self.pending.is_none() {
            self.pending = Some(now + self.spec.merge_window);
        }
        quiet
    }

    /// Who gets requests after an update: healthy hosts, or all of them in panic.
    pub fn in_service(&self) -> Vec<u32> {
        let healthy: Vec<u32> = self.hosts.iter().filter(|h| h.ejected_at.is_none()).map(|h| h.pod).collect();
        if healthy.len() * 100 < self.spec.panic_percent as usize * self.hosts.len() {
            return self.hosts.iter().map(|host| host.pod).collect();
        }
        healthy
    }

    /// Whether there is any host, healthy or not.
    pub fn has_hosts(&self) -> bool {
        !self.hosts.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: OutlierSpec = OutlierSpec {
        consecutive_failures: 5,
        interval: 10_000,
        base_ejection: 30_000,
        max_ejection: 300_000,
        max_ejection_percent: 100,
        always_eject_one: false,
        panic_percent: 0,
        merge_window: 1_000,
    };

    fn detector(spec: OutlierSpec, hosts: u32) -> Outliers {
        let mut outliers = Outliers::new(spec, 5_000);
        outliers.replace(&(0..hosts).collect::<Vec<_>>(), 0);
        outliers
    }

    fn fail(outliers: &mut Outliers, pod: u32, times: u32, now: u64) -> bool {
        (0..times).fold(false, |any, _| outliers.result(pod, false, now) | any)
    }

    #[test]
    fn five_failures_in_a_row_eject_and_a_sweep_after_the_time_brings_back() {
        let mut outliers = detector(SPEC, 3);
        fail(&mut outliers, 1, 4, 2_000);
        outliers.result(1, true, 2_000);
        assert!(!fail(&mut outliers, 1, 4, 2_000), "a success begins the count anew");
        assert!(fail(&mut outliers, 1, 1, 2_000));
        assert_eq!(outliers.in_service(), [0, 2]);
        assert!(!outliers.advance(31_999));
        assert!(outliers.advance(35_000), "30 s after 2 s are over at the sweep at 35 s");
        assert_eq!(outliers.in_service(), [0, 1, 2]);
        fail(&mut outliers, 1, 5, 36_500);
        assert!(!outliers.advance(94_999), "the second time lasts 60 s");
        assert_eq!(outliers.in_service(), [0, 2]);
        assert!(outliers.advance(105_000));
    }

    /// Measured with Envoy 1.40: ten percent of fewer than ten hosts is none.
    #[test]
    fn the_share_of_ejected_hosts_is_limited() {
        for (hosts, percent, always, ejected) in
            [(9, 10, false, 0), (10, 10, false, 1), (9, 10, true, 1), (4, 50, false, 2), (4, 100, true, 4)]
        {
            let spec = OutlierSpec { max_ejection_percent: percent, always_eject_one: always, ..SPEC };
            let mut outliers = detector(spec, hosts);
            (0..hosts).for_each(|pod| _ = fail(&mut outliers, pod, 5, 3_000));
            assert_eq!(hosts as usize - outliers.in_service().len(), ejected, "{percent} % of {hosts}");
        }
    }

    #[test]
    fn in_panic_everybody_is_asked() {
        let mut outliers = detector(OutlierSpec { panic_percent: 50, ..SPEC }, 4);
        fail(&mut outliers, 0, 5, 3_000);
        fail(&mut outliers, 1, 5, 3_000);
        assert_eq!(outliers.in_service(), [2, 3], "half is not below half");
        fail(&mut outliers, 2, 5, 3_000);
        assert_eq!(outliers.in_service(), [0, 1, 2, 3]);
        let mut none = detector(SPEC, 1);
        fail(&mut none, 0, 5, 3_000);
        assert!(none.in_service().is_empty() && none.has_hosts());
    }

    #[test]
    fn changes_of_health_soon_after_an_update_are_merged() {
        let mut outliers = detector(SPEC, 4);
        assert!(!fail(&mut outliers, 0, 5, 400), "within a second of the list");
        assert!(!outliers.advance(1_399));
        assert!(outliers.advance(1_400));
        assert!(!fail(&mut outliers, 1, 5, 2_000), "within a second of the merged update");
        outliers.replace(&[0, 1, 2], 2_100);
        assert!(!outliers.advance(4_000), "a new list takes the change along");
        assert_eq!(outliers.in_service(), [2]);
    }
}
