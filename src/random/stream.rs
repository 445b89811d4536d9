//! Named random streams of one run.

use rand::SeedableRng;
use rand::rngs::Xoshiro256PlusPlus;

/// The generator behind sequential streams: a named, portable algorithm whose values never change.
pub type Sequence = Xoshiro256PlusPlus;

/// Everything that draws. One name per concern. New ones go to the end of the list: a stream's
/// place is part of its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Gaps between open-loop arrivals.
    Arrivals,
    /// GET or POST.
    Method,
    /// Service time of one attempt.
    Service,
    /// Which process or worker of the front end takes a connection.
    Holder,
    /// First request of a closed-loop connection.
    ConnectionStart,
    /// Think time of a closed-loop connection.
    Think,
    /// Where a balancing ring starts, and other balancer choices.
    Balancer,
    /// Random picks of a balancer for one attempt.
    Pick,
    /// Phase of periodic clocks in the front end (worker timers, health checks).
    FrontPhase,
    /// Propagation of an endpoint addition.
    Addition,
    /// Propagation of an endpoint removal.
    Removal,
    /// Latency of API writes and watches in the control plane.
    ControlPlane,
    /// Scheduling of a pod.
    Scheduling,
    /// Sandbox creation and container start by the kubelet.
    KubeletStart,
    /// Image pulls.
    ImagePull,
    /// Process start to listening.
    Startup,
    /// Kubelet reaction to a deletion.
    KubeletStop,
    /// Pod lifecycle event generator and other kubelet clocks.
    KubeletPhase,
    /// Status patches.
    StatusPatch,
    /// Service time of a probe.
    ProbeService,
    /// Pod identities, which break ties between pods of the same age.
    PodUid,
    /// Clocks of the metrics pipeline.
    Metrics,
    /// Phase of the HPA controller's sync.
    HpaSync,
    /// Wall-clock phase of whole-second clocks relative to the run.
    SecondPhase,
    /// Client retry backoff.
    ClientBackoff,
    /// Which pods an event hits.
    Victims,
    /// Pause of a front end before it tries again.
    RetryBackoff,
    /// How old a connection may become.
    ConnectionAge,
    /// Turns of peers in their slow start.
    SlowStart,
    /// Connections that the network resets.
    NetworkReset,
    /// Whether a request goes to the canary.
    CanaryWeight,
}

impl Stream {
    /// How many there are.
    pub const COUNT: usize = Stream::CanaryWeight as usize + 1;
}

/// The random streams of one run.
#[derive(Clone, Copy, Debug)]
pub struct Streams {
    root: u64,
}

impl Streams {
    /// The streams of run number `run` (0-based) under `seed`.
    pub fn new(seed: u64, run: u64) -> Streams {
        Streams { root: mix(mix(seed ^ 0x706f_646c_6f73_7331).wrapping_add(run.wrapping_mul(GOLDEN))) }
    }

    /// A generator for a sequence of draws that are always taken in the same order.
    pub fn sequence(self, stream: Stream) -> Sequence {
        Sequence::seed_from_u64(self.key(stream))
    }

    /// Draws that can be taken in any order: each is a function of its key alone.
    pub fn keyed(self, stream: Stream) -> Keyed {
        Keyed { key: self.key(stream) }
    }

    fn key(self, stream: Stream) -> u64 {
        mix(self.root ^ mix((stream as u64 + 1).wrapping_mul(GOLDEN)))
    }
}

/// A counter-based stream: 64 uniform bits per (entity, index).
#[derive(Clone, Copy, Debug)]
pub struct Keyed {
    key: u64,
}

impl Keyed {
    /// The bits that belong to `index` of `entity`.
    #[inline]
    pub fn at(self, entity: u64, index: u64) -> u64 {
        // Two rounds of a bijective mixer over a Weyl step each: neighbouring entities and
        // indexes land far apart, and no two indexes of one entity ever collide.
        mix(mix(self.key.wrapping_add(entity.wrapping_mul(GOLDEN))).wrapping_add(index.wrapping_mul(SILVER)))
    }

    /// A fraction in 0..1 for `index` of `entity`.
    pub fn fraction(self, entity: u64, index: u64) -> f64 {
        (self.at(entity, index) >> 11) as f64 / (1_u64 << 53) as f64
    }
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;
const SILVER: u64 = 0xd1b5_4a32_d192_ed03;

/// A bijection of 64 bits with full avalanche (the multiply-xorshift finalizer of SplitMix64).
#[inline]
fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::Rng;

    #[test]
    fn streams_differ_by_seed_run_name_entity_and_index() {
        let base = Streams::new(1, 0).keyed(Stream::Service).at(0, 0);
        for other in [
            Streams::new(2, 0).keyed(Stream::Service).at(0, 0),
            Streams::new(1, 1).keyed(Stream::Service).at(0, 0),
            Streams::new(1, 0).keyed(Stream::Method).at(0, 0),
            Streams::new(1, 0).keyed(Stream::Service).at(1, 0),
            Streams::new(1, 0).keyed(Stream::Service).at(0, 1),
        ] {
            assert_ne!(base, other);
        }
        assert_eq!(base, Streams::new(1, 0).keyed(Stream::Service).at(0, 0));
    }

    #[test]
    fn keyed_draws_are_uniform_and_uncorrelated_along_both_keys() {
        let keyed = Streams::new(7, 3).keyed(Stream::Service);
        for step in [(1, 0), (0, 1), (1 << 36, 0)] {
            let draws: Vec<f64> = (0..100_000).map(|k| keyed.fraction(k * step.0, k * step.1)).collect();
            let mean = draws.iter().sum::<f64>() / 1e5;
            let lag: f64 = draws.windows(2).map(|w| (w[0] - 0.5) * (w[1] - 0.5)).sum::<f64>() / 1e5;
            // Five standard errors: sqrt(1/12/1e5) and (1/12)/sqrt(1e5).
            assert!((mean - 0.5).abs() < 0.0046, "{step:?}: mean {mean}");
            assert!(lag.abs() < 0.0014, "{step:?}: lag covariance {lag}");
        }
    }

    #[test]
    fn the_sequence_generator_keeps_its_values() {
        // A golden value: if this moves, every stored result changes.
        let mut sequence = Streams::new(1, 0).sequence(Stream::Arrivals);
        let first = sequence.next_u64();
        assert_eq!(first, Streams::new(1, 0).sequence(Stream::Arrivals).next_u64());
        assert_eq!(first, 9_971_305_785_682_600_077);
    }
}
