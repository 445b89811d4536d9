//! HAProxy's health checks of a server (`check inter fall rise`).
//!
//! Source: HAProxy 2.6 src/check.c, check_notify_failure and check_notify_success; src/server.c,
//! srv_update_status (a server that leaves maintenance is up, and one failed check takes it down).

/// `rise` and `fall`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Thresholds {
    /// Passed checks in a row that bring a server up.
    pub rise: u32,
    /// Failed checks in a row that take a server down.
    pub fall: u32,
}

/// HAProxy's one counter: up from `rise` on, full at `rise + fall - 1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHealth(u32);

impl ServerHealth {
    /// A server whose checks have long been passing.
    pub fn full(thresholds: Thresholds) -> ServerHealth {
        ServerHealth(thresholds.rise.max(1) + thresholds.fall.max(1) - 1)
    }

    /// A server that was just enabled at run time.
    pub fn enabled(thresholds: Thresholds) -> ServerHealth {
        ServerHealth(thresholds.rise.max(1))
    }

    /// Whether the server gets requests.
    pub fn is_up(self, thresholds: Thresholds) -> bool {
        self.0 >= thresholds.rise.max(1)
    }

    /// After one more check.
    #[must_use]
    pub fn after(self, passed: bool, thresholds: Thresholds) -> ServerHealth {
        let (rise, full) = (thresholds.rise.max(1), ServerHealth::full(thresholds).0);
        match (passed, self.is_up(thresholds)) {
            // The rise-th success in a row fills the counter.
            (true, false) if self.0 + 1 >= rise => ServerHealth(full),
            (true, false) => ServerHealth(self.0 + 1),
            (true, true) => ServerHealth(full),
            (false, true) if self.0 > rise => ServerHealth(self.0 - 1),
            (false, _) => ServerHealth(0),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn falls_after_fall_failures_and_rises_after_rise_successes() {
        let thresholds = Thresholds { rise: 2, fall: 3 };
        let mut health = ServerHealth::full(thresholds);
        let mut check = |passed| {
            health = health.after(passed, thresholds);
            health.is_up(thresholds)
        };
        let seen = [false, false, true, false, false, false, true, false, true, true, false].map(&mut check);
        assert_eq!(seen, [true, true, true, true, true, false, false, false, false, true, true]);
    }

    #[test]
    fn one_failure_takes_down_a_server_that_was_just_enabled() {
        let thresholds = Thresholds { rise: 2, fall: 3 };
        let health = ServerHealth::enabled(thresholds);
        assert!(health.is_up(thresholds));
        assert!(!health.after(false, thresholds).is_up(thresholds));
        assert!(health.after(true, thresholds).after(false, thresholds).is_up(thresholds));
    }
}
