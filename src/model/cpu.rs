//! Sharing the CPU of a container whose limit is smaller than what its requests ask for.
//!
//! A fluid approximation of the CFS quota: n requests in their CPU phase share the limit equally,
//! none faster than one core. The quota's 100 ms periods, in which a container runs at full speed
//! and then stands still, are not resolved (assumption; see MODEL.md).

/// The CPU phase of one container as a virtual clock: it advances by one unit for every unit of
/// CPU time that *each* request in its CPU phase receives, so a request that needs `w` units is
/// done when the clock has advanced by `w` since it began, whoever came or went in between.
///
/// All arithmetic is on integers with one stated rounding, so that any two implementations that
/// advance the clock at the same moments agree to the nanosecond.
#[derive(Clone, Copy, Debug)]
pub struct CpuClock {
    /// Thousandths of a core that the container may use.
    limit_milli: u64,
    /// Requests in their CPU phase.
    sharers: u64,
    /// Units of CPU time each request present since the beginning would have received.
    virtual_units: u64,
    /// The last moment the clock was advanced to, nanoseconds.
    last: u64,
    /// Units of CPU time used by all requests together.
    used_units: u128,
}

/// Units per nanosecond of CPU time: what is lost to rounding at one event is under 4 ps.
const UNITS: u64 = 256;

impl CpuClock {
    /// A clock for a container that may use `limit_milli` thousandths of a core, idle at `now`.
    pub fn new(limit_milli: u64, now: u64) -> CpuClock {
        CpuClock { limit_milli: limit_milli.max(1), sharers: 0, virtual_units: 0, last: now, used_units: 0 }
    }

    /// How many requests may be in their CPU phase before they slow each other down.
    pub fn uncontended(limit_milli: u64) -> u64 {
        limit_milli / 1_000
    }

    /// Brings the clock forward to `now`.
    pub fn advance(&mut self, now: u64) {
        let elapsed = now - self.last;
        self.last = now;
        if elapsed == 0 || self.sharers == 0 {
            return;
        }
        let gained = if self.is_contended() {
            let scaled = u128::from(elapsed) * u128::from(UNITS * self.limit_milli);
            u64::try_from(scaled / u128::from(1_000 * self.sharers)).unwrap_or(u64::MAX)
        } else {
            elapsed * UNITS
        };
        self.virtual_units += gained;
        self.used_units += u128::from(gained) * u128::from(self.sharers);
    }

    /// A request enters its CPU phase now and needs `cpu_ns` nanoseconds of CPU; the answer is the
    /// virtual moment at which it will be done. The clock must stand at the present.
    pub fn join(&mut self, cpu_ns: u64) -> u64 {
        self.sharers += 1;
        self.virtual_units + cpu_ns * UNITS
    }

    /// A request that joined earlier and has already received `done_ns` of its `cpu_ns`.
    pub fn join_midway(&mut self, cpu_ns: u64, done_ns: u64) -> u64 {
        self.join(cpu_ns - done_ns)
    }

    /// A request leaves its CPU phase. An empty clock starts again from zero.
    pub fn leave(&mut self) {
        self.sharers -= 1;
        if self.sharers == 0 {
            self.virtual_units = 0;
        }
    }

    /// Whether a request due at the virtual moment `due` is done.
    pub fn reached(&self, due: u64) -> bool {
        self.virtual_units >= due
    }

    /// The first nanosecond at which the clock will have reached the virtual moment `due`, if
    /// nobody joins or leaves until then.
    pub fn when(&self, due: u64) -> u64 {
        let missing = due.saturating_sub(self.virtual_units);
        let (numerator, denominator) =
            if self.is_contended() { (1_000 * self.sharers, UNITS * self.limit_milli) } else { (1, UNITS) };
        let wait = (u128::from(missing) * u128::from(numerator)).div_ceil(u128::from(denominator));
        self.last.saturating_add(u64::try_from(wait).unwrap_or(u64::MAX))
    }

    /// CPU time used by all requests together since the clock was made, nanoseconds.
    pub fn used_ns(&self) -> u64 {
        u64::try_from(self.used_units / u128::from(UNITS)).unwrap_or(u64::MAX)
    }

    fn is_contended(&self) -> bool {
        1_000 * self.sharers > self.limit_milli
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn two_on_one_core_take_twice_as_long() {
        let mut clock = CpuClock::new(1_000, 0);
        let first = clock.join(100);
        assert_eq!(clock.when(first), 100);
        clock.advance(50);
        let second = clock.join(100);
        // 50 left for the first at half speed.
        assert_eq!(clock.when(first), 150);
        clock.advance(150);
        assert!(clock.reached(first) && !clock.reached(second));
        clock.leave();
        assert_eq!(clock.when(second), 200);
        clock.advance(200);
        assert!(clock.reached(second));
        assert_eq!(clock.used_ns(), 200);
    }

    #[test]
    fn half_a_core_halves_the_speed_of_one_request() {
        let mut clock = CpuClock::new(500, 10);
        let due = clock.join(100);
        assert_eq!(clock.when(due), 210);
    }

    proptest! {
        #[test]
        fn the_predicted_moment_is_the_first_that_reaches(limit in 1_u64..5_000, sharers in 1_u64..40,
                                                         cpu in 1_u64..10_000_000_000) {
            let mut clock = CpuClock::new(limit, 0);
            let due = (0..sharers).map(|_| clock.join(cpu)).max().unwrap();
            let at = clock.when(due);
            let mut early = clock;
            early.advance(at - 1);
            clock.advance(at);
            prop_assert!(clock.reached(due) && !early.reached(due));
            // Never faster than one core each, never more than the limit together.
            prop_assert!(at >= cpu);
            prop_assert!(u128::from(clock.used_ns()) * 1_000 <= u128::from(at) * u128::from(limit) + 1_000);
        }
    }
}
