//! When an autoscaler could first see that the load has risen, and whether it has dealt with it.

use crate::units::{Nanos, SimTime};
use crate::workload::{Load, OpenLoad, OpenSource, Profile};

/// The beginnings of all rises of a load, in order: steps up, and feet of ramps. None for loads
/// that are no rate over time.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rises(Vec<SimTime>);

impl Rises {
    fn of_load(load: &Load) -> Rises {
        match load {
            Load::Open(OpenLoad { source: OpenSource::Rate { profile, .. } }) => Rises::of(profile),
            _ => Rises::default(),
        }
    }

    fn of(profile: &Profile) -> Rises {
        let mut found = Vec::new();
        let mut before = 0.0;
        for segment in profile.segments() {
            let (first, end) = segment.ends();
            // A ramp's last rate is taken a nanosecond before its end, hence a little room. The rate
            // at the run's beginning is no rise: the run starts in equilibrium with it.
            let steps_up = segment.from > Nanos::ZERO && first > before * 1.000_001;
            if steps_up || end > first {
                found.push(SimTime::START + segment.from);
            }
            before = end;
        }
        Rises(found)
    }

    /// The last one before an instant: at the very instant nothing of it can be seen.
    fn before(&self, at: SimTime) -> Option<SimTime> {
        let after = self.0.partition_point(|rise| *rise < at);
        Some(self.0[after.checked_sub(1)?])
    }
}

/// A rise of the load that a metric shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sight {
    /// When the load began to rise.
    pub(crate) rose: SimTime,
    /// When a sample was first taken that shows it.
    pub(crate) sampled: SimTime,
    /// When the metrics API first served such a sample.
    pub(crate) served: SimTime,
}

/// What one autoscaler has seen of the load's rises.
#[derive(Debug, Default)]
pub(crate) struct Sights {
    load: Rises,
    queue: Rises,
    /// The latest rise, and the kubelet's first reading of any pod since.
    read: Option<(SimTime, SimTime)>,
    by_metric: Vec<Option<Sight>>,
    /// The rise that needs no more pods than there are.
    answered: Option<SimTime>,
    /// The rise of which the samples so far had too little to ask for more.
    dim: Option<SimTime>,
}

impl Sights {
    pub(crate) fn new(load: &Load, queue: Option<&Profile>, metrics: usize) -> Sights {
        Sights {
            load: Rises::of_load(load),
            queue: queue.map_or_else(Rises::default, Rises::of),
            by_metric: vec![None; metrics],
            ..Sights::default()
        }
    }

    /// A kubelet reads a pod's counters.
    pub(crate) fn kubelet_reads(&mut self, now: SimTime) {
        if let Some(rose) = self.load.before(now)
            && self.read.is_none_or(|(known, _)| known != rose)
        {
            self.read = Some((rose, now));
        }
    }

    /// metrics-server serves a metric anew; its newest sample ends at `newest`.
    pub(crate) fn serves(&mut self, metric: usize, newest: Option<SimTime>, now: SimTime) {
        if let Some((rose, sampled)) = self.read
            && newest.is_some_and(|newest| newest >= sampled)
        {
            self.note(metric, Sight { rose, sampled, served: now });
        }
    }

    /// Prometheus scrapes what a metric measures; the adapter serves it from then on.
    pub(crate) fn scrapes(&mut self, metric: usize, now: SimTime) {
        if let Some(rose) = self.load.before(now) {
            self.note(metric, Sight { rose, sampled: now, served: now });
        }
    }

    /// An exporter shows the length of the external queue, which is served so much later.
    pub(crate) fn exports(&mut self, metric: usize, now: SimTime, lag: Nanos) {
        if let Some(rose) = self.queue.before(now) {
            self.note(metric, Sight { rose, sampled: now, served: now + lag });
        }
    }

    fn note(&mut self, metric: usize, sight: Sight) {
        if let Some(slot) = self.by_metric.get_mut(metric)
            && slot.is_none_or(|known| known.rose != sight.rose)
        {
            *slot = Some(sight);
        }
    }

    /// The rise that a metric shows and that has not been dealt with.
    pub(crate) fn open(&self, metric: usize, now: SimTime) -> Option<Sight> {
        let sight = (*self.by_metric.get(metric)?)?;
        (sight.served <= now && self.answered != Some(sight.rose)).then_some(sight)
    }

    /// The autoscaler asks for no more than there is, by samples of which the first began at
    /// `since`. If that was after the rise, a later step up has another reason; if not, they had too
    /// little of it.
    pub(crate) fn satisfied(&mut self, metric: usize, since: SimTime, now: SimTime) {
        let Some(sight) = self.open(metric, now) else { return };
        if since >= sight.rose {
            self.answered = Some(sight.rose);
        } else {
            self.dim = Some(sight.rose);
        }
    }

    /// The autoscaler asks for more, by samples that end at `end` and are served since `served`. Where
    /// the earlier ones had too little of the rise, these are the first that show it.
    pub(crate) fn alarmed(&mut self, metric: usize, (end, served): (SimTime, SimTime), now: SimTime) {
        let Some(sight) = self.open(metric, now).filter(|sight| self.dim == Some(sight.rose)) else { return };
        self.dim = None;
        self.by_metric[metric] = Some(Sight { sampled: end, served, ..sight });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workload::{Segment, Shape};

    fn at(seconds: u64) -> SimTime {
        SimTime::START + Nanos::from_secs(seconds)
    }

    fn profile() -> Profile {
        let segment =
            |from, to, shape| Segment { from: Nanos::from_secs(from), to: Nanos::from_secs(to), shape };
        Profile::new(vec![
            segment(0, 60, Shape::Constant(100.0)),
            segment(60, 120, Shape::Constant(300.0)),
            segment(120, 180, Shape::Constant(50.0)),
            segment(180, 240, Shape::Linear(50.0, 200.0)),
            segment(240, 300, Shape::Linear(200.0, 10.0)),
        ])
        .expect("a profile")
    }

    #[test]
    fn a_rise_is_a_step_up_or_the_foot_of_a_ramp() {
        let rises = Rises::of(&profile());
        for (when, want) in
            [(0, None), (60, None), (61, Some(60)), (150, Some(60)), (200, Some(180)), (299, Some(180))]
        {
            assert_eq!(rises.before(at(when)), want.map(at), "at {when} s");
        }
    }

    #[test]
    fn the_first_reading_and_the_first_round_with_it_count() {
        let mut sights = Sights::new(&open(profile()), None, 1);
        sights.kubelet_reads(at(55));
        sights.serves(0, Some(at(55)), at(58));
        assert_eq!(sights.open(0, at(59)), None, "nothing has risen");
        sights.kubelet_reads(at(64));
        sights.kubelet_reads(at(66));
        sights.serves(0, Some(at(63)), at(65));
        assert_eq!(sights.open(0, at(65)), None, "no sample has it");
        sights.serves(0, Some(at(66)), at(70));
        sights.serves(0, Some(at(76)), at(85));
        let sight = Sight { rose: at(60), sampled: at(64), served: at(70) };
        assert_eq!(sights.open(0, at(90)), Some(sight));
        assert_eq!(sights.open(1, at(90)), None, "no such metric");
    }

    #[test]
    fn a_rise_is_dealt_with_when_whole_samples_of_it_ask_for_nothing() {
        let mut sights = Sights::new(&open(profile()), None, 1);
        sights.scrapes(0, at(70));
        sights.satisfied(0, at(59), at(70));
        assert!(sights.open(0, at(71)).is_some(), "the window reaches back before the rise");
        sights.satisfied(0, at(60), at(72));
        assert_eq!(sights.open(0, at(73)), None);
        sights.scrapes(0, at(181));
        assert!(sights.open(0, at(181)).is_some_and(|sight| sight.rose == at(180)), "the next rise");
    }

    #[test]
    fn a_sample_with_too_little_of_a_rise_does_not_count() {
        let mut sights = Sights::new(&open(profile()), None, 1);
        sights.scrapes(0, at(61));
        sights.alarmed(0, (at(62), at(63)), at(64));
        assert!(sights.open(0, at(64)).is_some_and(|sight| sight.sampled == at(61)), "it was enough");
        sights.satisfied(0, at(50), at(65));
        sights.alarmed(0, (at(71), at(72)), at(80));
        sights.alarmed(0, (at(81), at(82)), at(90));
        let sight = Sight { rose: at(60), sampled: at(71), served: at(72) };
        assert_eq!(sights.open(0, at(90)), Some(sight), "the first that was enough");
    }

    #[test]
    fn a_queue_is_seen_after_its_lag() {
        let mut sights =
            Sights::new(&Load::Open(OpenLoad { source: OpenSource::List([].into()) }), Some(&profile()), 1);
        sights.kubelet_reads(at(61));
        sights.exports(0, at(61), Nanos::from_secs(30));
        sights.exports(0, at(62), Nanos::from_secs(30));
        assert_eq!(sights.open(0, at(90)), None);
        let sight = Sight { rose: at(60), sampled: at(61), served: at(91) };
        assert_eq!(sights.open(0, at(91)), Some(sight));
    }

    fn open(profile: Profile) -> Load {
        Load::Open(OpenLoad { source: OpenSource::Rate { profile, dispersion: 1.0 } })
    }
}
