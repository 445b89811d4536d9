//! What the workers of one front-end process share.

use super::breaker::UnderWay;
use crate::model::balancer::{LeastRequest, PeakEwma, ServerLines, SlowStart};
use crate::model::outlier::Outliers;
use crate::random::{Keyed, Stream, Streams};
use crate::sim::spec::{Balancer, FrontSpec};
use crate::units::SimTime;

/// One process.
#[derive(Debug)]
pub(super) struct Process {
    number: u64,
    pub(super) ewma: PeakEwma,
    pub(super) least_request: LeastRequest,
    /// Random picks so far, so that every pick has its own draw.
    picks: u64,
    pick_bits: Keyed,
    pub(super) under_way: UnderWay,
    outliers: Option<Outliers>,
    pub(super) slow_start: SlowStart,
    /// Which pod has which server's place, where further attempts are bound to one.
    pub(super) lines: ServerLines,
    /// It has ended: nothing that it knew matters any more.
    pub(super) gone: bool,
}

impl Process {
    pub(super) fn new(spec: &FrontSpec, number: u32, streams: Streams) -> Process {
        let number = u64::from(number);
        let outliers = spec.outlier.map(|outlier| {
            let phase = streams.keyed(Stream::FrontPhase).at(number, 3 << 32) % outlier.interval.max(1);
            Outliers::new(outlier, SimTime::START.0 + phase)
        });
        Process {
            number,
            ewma: PeakEwma::default(),
            least_request: LeastRequest::default(),
            picks: 0,
            pick_bits: streams.keyed(Stream::Pick),
            under_way: UnderWay::default(),
            outliers,
            slow_start: SlowStart::default(),
            lines: ServerLines::default(),
            gone: false,
        }
    }

    /// The process learns of a new list; the answer is what its workers get where that differs.
    pub(super) fn replace_list(&mut self, list: &[u32], now: u64) -> Option<Vec<u32>> {
        let outliers = self.outliers.as_mut()?;
        outliers.advance(now);
        outliers.replace(list, now);
        Some(outliers.in_service())
    }

    /// The balancers that the workers have in common choose among these from now on.
    pub(super) fn give(&mut self, balancer: &Balancer, list: &[u32], now: u64) {
        match balancer {
            Balancer::Ewma => self.ewma.replace(list.to_vec(), now),
            Balancer::LeastRequest => self.least_request.replace(list),
            _ => {}
        }
    }

    /// What the workers get if time has changed it.
    pub(super) fn catch_up(&mut self, now: u64) -> Option<Vec<u32>> {
        let outliers = self.outliers.as_mut()?;
        outliers.advance(now).then(|| outliers.in_service())
    }

    /// What the workers get if the end of an attempt has changed it.
    pub(super) fn result(&mut self, pod: u32, well: bool, now: u64) -> Option<Vec<u32>> {
        let outliers = self.outliers.as_mut()?;
        outliers.result(pod, well, now).then(|| outliers.in_service())
    }

    /// Whether there are hosts although nobody is in service.
    pub(super) fn has_ejected_all(&self) -> bool {
        self.outliers.as_ref().is_some_and(Outliers::has_hosts)
    }

    fn bits(&mut self) -> u64 {
        self.picks += 1;
        self.pick_bits.at(self.number, self.picks)
    }

    pub(super) fn pick_ewma(&mut self, tried: &[u32], now: u64) -> Option<u32> {
        let bits = self.bits();
        self.ewma.pick(tried, now, bits)
    }

    pub(super) fn pick_random(&mut self, list: &[u32]) -> Option<u32> {
        let bits = self.bits();
        list.get(((u128::from(bits) * list.len() as u128) >> 64) as usize).copied()
    }

    pub(super) fn pick_least_request(&mut self) -> Option<u32> {
        let bits = self.bits();
        self.least_request.pick(bits)
    }
}
