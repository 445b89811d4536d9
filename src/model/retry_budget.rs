//! How many requests clients send again in all.
//!
//! Source: Finagle's RetryBudget and linkerd2-proxy's, retry-budget of a ServiceProfile: retries may be
//! at most a share of the requests of the last ten seconds, besides ten a second. Here one budget
//! stands for all clients, and there is no second allowance (assumptions).

/// Seconds that a request counts for (`ttl`).
const WINDOW_S: usize = 10;
const SECOND: u64 = 1_000_000_000;

/// A share of recent requests, in thousandths of a retry.
#[derive(Clone, Debug)]
pub struct RetryBudget {
    per_request: u64,
    /// What each of the last seconds has left, by its number modulo the window.
    left: [u64; WINDOW_S],
    second: u64,
}

impl RetryBudget {
    /// A budget of so many thousandths of a retry for every request.
    pub fn new(per_request: u64) -> RetryBudget {
        RetryBudget { per_request, left: [0; WINDOW_S], second: 0 }
    }

    /// A client sends a request at `now`, nanoseconds, that is no retry.
    pub fn deposit(&mut self, now: u64) {
        self.advance(now);
        self.left[place(self.second)] += self.per_request;
    }

    /// Whether a request may be sent again at `now`; then it is paid for, the oldest money first.
    pub fn withdraw(&mut self, now: u64) -> bool {
        const ONE: u64 = 1_000;
        self.advance(now);
        if self.left.iter().sum::<u64>() < ONE {
            return false;
        }
        let mut owed = ONE;
        // The second after this one stood at the same place as the oldest that counts.
        for second in (self.second + 1..).take(WINDOW_S) {
            let left = &mut self.left[place(second)];
            let paid = owed.min(*left);
            *left -= paid;
            owed -= paid;
        }
        true
    }

    fn advance(&mut self, now: u64) {
        let second = now / SECOND;
        for passed in (self.second + 1..=second).take(WINDOW_S) {
            self.left[place(passed)] = 0;
        }
        self.second = self.second.max(second);
    }
}

/// Where a second's money lies.
fn place(second: u64) -> usize {
    usize::try_from(second % WINDOW_S as u64).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_the_last_ten_seconds_may_be_sent_again() {
        let mut budget = RetryBudget::new(200);
        assert!(!budget.withdraw(0), "nobody has sent anything");
        (0..50).for_each(|n| budget.deposit(n * SECOND / 10));
        let granted = |budget: &mut RetryBudget, at| (0..100).filter(|_| budget.withdraw(at)).count();
        assert_eq!(granted(&mut budget.clone(), 5 * SECOND), 10);
        assert_eq!(granted(&mut budget.clone(), 11 * SECOND), 6, "two of five seconds are forgotten");
        assert_eq!(granted(&mut budget.clone(), 60 * SECOND), 0);
        assert_eq!(granted(&mut budget, 9 * SECOND), 10);
        budget.deposit(9 * SECOND);
        assert_eq!(granted(&mut budget, 9 * SECOND), 0, "a fifth of a retry is none");
    }
}
