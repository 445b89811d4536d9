//! ingress-nginx' peak EWMA: of two random peers the one whose recent answers were faster.
//!
//! Source: ingress-nginx rootfs/etc/nginx/lua/balancer/ewma.lua (v1.15.0 line). What follows from
//! it and is easy to miss: a request charges only the peer of its last attempt, and a refused
//! connection charges no time at all, so dead peers look fast and draw traffic.

/// Time constant of the decay, seconds.
const DECAY_S: f64 = 10.0;

/// Peers and their scores, common to all workers of one process.
#[derive(Clone, Debug, Default)]
pub struct PeakEwma {
    list: Vec<u32>,
    /// By pod number; `None` for pods that no request has charged yet, which count as instant.
    scores: Vec<Option<Score>>,
}

#[derive(Clone, Copy, Debug)]
struct Score {
    seconds: f64,
    /// When it was last charged, nanoseconds.
    charged_at: u64,
}

impl Score {
    /// The score at `now` if the time since the last charge had brought answers of `answer_s`.
    fn moved(self, answer_s: f64, now: u64) -> f64 {
        let weight = libm::exp(-(now.saturating_sub(self.charged_at) as f64 / 1e9) / DECAY_S);
        self.seconds * weight + answer_s * (1.0 - weight)
    }
}

impl PeakEwma {
    /// The peers in list order.
    pub fn peers(&self) -> &[u32] {
        &self.list
    }

    /// Replaces the list: peers that leave are forgotten, new ones begin with the mean score of
    /// those that have one.
    pub fn replace(&mut self, list: Vec<u32>, now: u64) {
        let before = std::mem::replace(&mut self.list, list);
        for pod in before.iter().filter(|pod| !self.list.contains(pod)) {
            if let Some(score) = self.scores.get_mut(*pod as usize) {
                *score = None;
            }
        }
        let known: Vec<f64> =
            self.list.iter().filter_map(|&pod| self.score(pod)).map(|s| s.seconds).collect();
        if known.is_empty() {
            return;
        }
        let seconds = known.iter().sum::<f64>() / known.len() as f64;
        let added: Vec<u32> = self.list.iter().copied().filter(|pod| !before.contains(pod)).collect();
        for pod in added {
            self.set(pod, Score { seconds, charged_at: now });
        }
    }

    /// The better of two random peers among those not in `tried`, or among all when every peer was
    /// tried; `bits` are 64 random bits. `None` when the list is empty.
    pub fn pick(&self, tried: &[u32], now: u64, bits: u64) -> Option<u32> {
        let untried = self.list.iter().filter(|pod| !tried.contains(pod)).count();
        let allowed = |pod: &&u32| untried == 0 || !tried.contains(pod);
        let nth = |n: usize| self.list.iter().filter(allowed).nth(n).copied();
        let count = if untried == 0 { self.list.len() } else { untried };
        if count < 2 {
            return nth(0);
        }
        let below = |bits: u64, n: usize| (((bits & 0xffff_ffff) * n as u64) >> 32) as usize;
        let first = below(bits >> 32, count);
        let other = below(bits, count - 1);
        let second = if other >= first { other + 1 } else { other };
        let (first, second) = (nth(first)?, nth(second)?);
        let value = |pod: u32| self.score(pod).map_or(0.0, |score| score.moved(0.0, now));
        Some(if value(second) < value(first) { second } else { first })
    }

    /// A request whose last attempt went to `pod` at `sent` has ended at `now`, well or badly.
    pub fn charge(&mut self, pod: u32, sent: u64, now: u64) {
        let answer_s = now.saturating_sub(sent) as f64 / 1e9;
        let seconds = self.score(pod).map_or(answer_s, |score| score.moved(answer_s, now));
        self.set(pod, Score { seconds, charged_at: now });
    }

    fn score(&self, pod: u32) -> Option<Score> {
        self.scores.get(pod as usize).copied().flatten()
    }

    fn set(&mut self, pod: u32, score: Score) {
        let at = pod as usize;
        if self.scores.len() <= at {
            self.scores.resize(at + 1, None);
        }
        self.scores[at] = Some(score);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    fn balancer() -> PeakEwma {
        let mut ewma = PeakEwma::default();
        ewma.replace(vec![3, 5], 0);
        ewma
    }

    #[test]
    fn the_faster_of_two_is_taken_whatever_the_bits() {
        let mut ewma = balancer();
        ewma.charge(3, 0, SECOND / 5);
        ewma.charge(5, 0, SECOND / 10);
        for bits in [0, u64::MAX, 0x8000_0000_7fff_ffff, 0x1234_5678_9abc_def0] {
            assert_eq!(ewma.pick(&[], SECOND, bits), Some(5));
            assert_eq!(ewma.pick(&[5], SECOND, bits), Some(3));
            assert_eq!(ewma.pick(&[5, 3], SECOND, bits), Some(5), "all tried: all again");
        }
        assert_eq!(PeakEwma::default().pick(&[], 0, 0), None);
    }

    #[test]
    fn scores_decay_over_ten_seconds_and_refusals_look_fast() {
        let mut ewma = balancer();
        ewma.charge(3, 0, SECOND);
        let after = |ewma: &PeakEwma, now| ewma.score(3).map_or(0.0, |s| s.moved(0.0, now));
        assert!((after(&ewma, 11 * SECOND) - (-1.0_f64).exp()).abs() < 1e-12);
        // Charged with nothing ten seconds later: what is left is e^-1.
        ewma.charge(3, 11 * SECOND, 11 * SECOND);
        assert!((after(&ewma, 11 * SECOND) - (-1.0_f64).exp()).abs() < 1e-12);
        // A second charge at the same instant changes nothing: no time has passed.
        ewma.charge(3, 0, 11 * SECOND);
        assert!((after(&ewma, 11 * SECOND) - (-1.0_f64).exp()).abs() < 1e-12);
    }

    #[test]
    fn new_peers_begin_with_the_mean_and_old_ones_are_forgotten() {
        let mut ewma = balancer();
        ewma.charge(3, 0, SECOND);
        ewma.charge(5, 0, 3 * SECOND);
        ewma.replace(vec![3, 5, 8], 3 * SECOND);
        assert!((ewma.score(8).unwrap().seconds - 2.0).abs() < 1e-12);
        ewma.replace(vec![3, 8], 3 * SECOND);
        assert!(ewma.score(5).is_none());
        assert_eq!(ewma.peers(), [3, 8]);
    }
}
