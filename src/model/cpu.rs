//! Sharing the CPU of a container whose limit is smaller than what its requests ask for.
//!
//! A fluid approximation of the CFS quota: n requests in their CPU phase share the limit equally,
//! none faster than one core. The quota's 100 ms periods, in which a container runs at full speed
//! and then stands still, are not resolved (assumption; see MODEL.md).

/// The CPU phase of one container as a virtual clock: it advances by one unit for every unit of
/// CPU time that *each* request in its CPU phase receives, so a request that needs `w` units is
/// done when the clock has advanced by `w` since it joined, whoever came or went in between.
///
/// All arithmetic is on integers, and the clock is rounded (down) only when somebody joins or
/// leaves: reading it changes nothing, so any two implementations agree to the nanosecond.
#[derive(Clone, Copy, Debug)]
pub struct CpuClock {
    /// Thousandths of a core that the container may use.
    limit_milli: u64,
    /// Requests in their CPU phase.
    sharers: u64,
    /// The clock at the last change, in units.
    units: u64,
    /// When that was, nanoseconds.
    changed_at: u64,
    /// Units of CPU time used by all requests together up to the last change.
    used_units: u128,
}

impl CpuClock {
    /// Units per nanosecond of CPU time: what is lost to rounding at one change is under 4 ps.
    pub const UNITS: u64 = 256;

    /// A clock for a container that may use `limit_milli` thousandths of a core, idle at `now`.
    pub fn new(limit_milli: u64, now: u64) -> CpuClock {
        CpuClock { limit_milli: limit_milli.max(1), sharers: 0, units: 0, changed_at: now, used_units: 0 }
    }

    /// Whether `sharers` requests in their CPU phase slow each other down.
    pub fn contends(limit_milli: u64, sharers: u64) -> bool {
        1_000 * sharers > limit_milli
    }

    /// What the clock gained since the last change.
    fn gained(&self, now: u64) -> u64 {
        let elapsed = now - self.changed_at;
        if self.sharers == 0 || elapsed == 0 {
            return 0;
        }
        if !CpuClock::contends(self.limit_milli, self.sharers) {
            return elapsed * CpuClock::UNITS;
        }
        scale(elapsed, CpuClock::UNITS * self.limit_milli, 1_000 * self.sharers, 0)
    }

    fn change(&mut self, now: u64) {
        self.advance(now, self.gained(now));
    }

    fn advance(&mut self, now: u64, gained: u64) {
        self.units += gained;
        self.used_units += u128::from(gained) * u128::from(self.sharers);
        self.changed_at = now;
    }

    /// A request enters its CPU phase and needs `cpu_ns` nanoseconds of CPU; the answer is the
    /// moment on this clock at which it will be done.
    pub fn join(&mut self, now: u64, cpu_ns: u64) -> u64 {
        self.change(now);
        self.sharers += 1;
        self.units + cpu_ns * CpuClock::UNITS
    }

    /// The same for a request that needs `fraction` units less than `cpu_ns` nanoseconds.
    pub fn join_within(&mut self, now: u64, cpu_ns: u64, fraction: u8) -> u64 {
        self.join(now, cpu_ns) - u64::from(fraction)
    }

    /// Whether the requests in their CPU phase slow each other down.
    pub fn is_contended(&self) -> bool {
        CpuClock::contends(self.limit_milli, self.sharers)
    }

    /// [`Self::when`], and so many units before that moment the clock reaches `due`, as long as it is not
    /// contended.
    pub fn fate(&self, due: u64) -> (u64, u8) {
        let missing = due.saturating_sub(self.units);
        let wait = missing.div_ceil(CpuClock::UNITS);
        // Less than a nanosecond is a byte of units.
        let [fraction, ..] = (wait * CpuClock::UNITS - missing).to_le_bytes();
        (self.changed_at + wait, fraction)
    }

    /// A request leaves its CPU phase. An empty clock starts again from zero.
    pub fn leave(&mut self, now: u64) {
        self.change(now);
        self.forget_one();
    }

    /// Whether a request due at the clock's `due` is done at `now`.
    pub fn reached(&self, now: u64, due: u64) -> bool {
        self.units + self.gained(now) >= due
    }

    /// A request due at the clock's `due` leaves its CPU phase if it is done at `now`; the answer
    /// is whether it is. [`Self::reached`] and [`Self::leave`] with one division less.
    pub fn leave_if_reached(&mut self, now: u64, due: u64) -> bool {
        let gained = self.gained(now);
        let reached = self.units + gained >= due;
        if reached {
            self.advance(now, gained);
            self.forget_one();
        }
        reached
    }

    fn forget_one(&mut self) {
        self.sharers -= 1;
        if self.sharers == 0 {
            self.units = 0;
        }
    }

    /// The first nanosecond at which the clock reaches `due`, if nobody joins or leaves until then.
    pub fn when(&self, due: u64) -> u64 {
        let missing = due.saturating_sub(self.units);
        let wait = if CpuClock::contends(self.limit_milli, self.sharers) {
            let (numerator, denominator) = (1_000 * self.sharers, CpuClock::UNITS * self.limit_milli);
            scale(missing, numerator, denominator, denominator - 1)
        } else {
            missing.div_ceil(CpuClock::UNITS)
        };
        self.changed_at.saturating_add(wait)
    }

    /// CPU time used by all requests together since the clock was made, in [`CpuClock::UNITS`]
    /// per nanosecond.
    pub fn used_units(&self, now: u64) -> u128 {
        self.used_units + u128::from(self.gained(now)) * u128::from(self.sharers)
    }
}

/// `(value * numerator + rounding) / denominator`, in 64 bits where that is wide enough: a 128-bit
/// division costs as much as everything else here together.
fn scale(value: u64, numerator: u64, denominator: u64, rounding: u64) -> u64 {
    match value.checked_mul(numerator).and_then(|product| product.checked_add(rounding)) {
        Some(product) => product / denominator,
        None => {
            let product = u128::from(value) * u128::from(numerator) + u128::from(rounding);
            u64::try_from(product / u128::from(denominator)).unwrap_or(u64::MAX)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_on_one_core_take_twice_as_long() {
        let mut clock = CpuClock::new(1_000, 0);
        let first = clock.join(0, 100);
        assert_eq!(clock.when(first), 100);
        let second = clock.join(50, 100);
        // 50 left for the first at half speed.
        assert_eq!(clock.when(first), 150);
        assert!(clock.reached(150, first) && !clock.reached(150, second) && !clock.reached(149, first));
        clock.leave(150);
        assert_eq!(clock.when(second), 200);
        assert!(clock.reached(200, second));
        let used = |now| clock.used_units(now) / u128::from(CpuClock::UNITS);
        assert_eq!((used(150), used(200)), (150, 200));
    }

    #[test]
    fn half_a_core_halves_the_speed_of_one_request() {
        let mut clock = CpuClock::new(500, 10);
        let due = clock.join(10, 100);
        assert_eq!(clock.when(due), 210);
    }

    proptest! {
        #[test]
        fn the_predicted_moment_is_the_first_that_reaches(limit in 1_u64..5_000, sharers in 1_u64..40,
                                                         cpu in 1_u64..10_000_000_000) {
            let mut clock = CpuClock::new(limit, 0);
            let due = (0..sharers).map(|_| clock.join(0, cpu)).max().unwrap();
            let at = clock.when(due);
            prop_assert!(clock.reached(at, due) && !clock.reached(at - 1, due));
            // Never faster than one core each, never more than the limit together.
            prop_assert!(at >= cpu);
            let allowed = u128::from(at) * u128::from(limit * CpuClock::UNITS);
            prop_assert!(clock.used_units(at) * 1_000 <= allowed);
        }

        /// What was left when contention ended is due on a clock that begins later at the same moment.
        #[test]
        fn a_fate_says_all_that_a_new_clock_needs(cpu in 1_u64..1_000_000, other in 1_u64..1_000_000, pause in 0_u64..1_000) {
            let mut clock = CpuClock::new(1_500, 0);
            let due = clock.join(0, cpu + other);
            let first = clock.join(0, other);
            let now = clock.when(first);
            prop_assert!(clock.is_contended());
            clock.leave(now);
            prop_assert!(!clock.is_contended());
            let (at, fraction) = clock.fate(due);
            prop_assert_eq!(at, clock.when(due));
            prop_assume!(now + pause < at);
            let (mut new, again) = (CpuClock::new(1_500, now), now + pause);
            let new_due = new.join_within(again, at - again, fraction);
            for clock in [&mut new, &mut clock] {
                clock.join(again, other);
            }
            prop_assert_eq!(new.when(new_due), clock.when(due));
        }
    }
}
