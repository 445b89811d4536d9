//! When a kernel sends again what was not answered.

/// When the kernel of the front end's node sends the SYN again, after the `sent`-th SYN went out
/// at `now` for a connection begun at `since`; on the kernel's 32 ms timer grid.
///
/// Source: Linux Documentation/networking/ip-sysctl.rst, tcp_syn_linear_timeouts (>= 6.5: four
/// linear timeouts of one second, then doubling; before: doubling from the first). The grid is
/// measured (timer wheel at HZ = 250).
pub(super) fn next_syn(since: u64, sent: u32, linear: bool) -> u64 {
    const SECOND: u64 = 1_000_000_000;
    const GRID: u64 = 32_000_000;
    let after = match (linear, sent) {
        (true, 1..=5) => u64::from(sent),
        (true, n) => 5 + 2 * ((1 << (n - 5).min(20)) - 1),
        (false, n) => (1 << n.min(20)) - 1,
    };
    (since + after * SECOND).next_multiple_of(GRID)
}

/// When the kernel of the front end's node sends a request again, after it has sent it `resent` times
/// again, on a connection of which it knows since `since` and the pod's kernel does not: a probe for the
/// lost tail, then the retransmission timer, doubling.
///
/// Source: measured (Linux 6.18, loopback), 0.21, 0.42, 0.85, 1.7 and 3.4 s after the request.
pub(super) fn next_resend(since: u64, resent: u32) -> u64 {
    const FIRST: u64 = 210_000_000;
    since + (FIRST << resent.min(20))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sources: ip-sysctl.rst; measured connects at 1.02, 2.05, 3.07, 5.12 and 7.13 s.
    #[test]
    fn syn_ladders_of_new_and_old_kernels() {
        let ladder = |linear| (1..=8).map(|n| next_syn(0, n, linear) / 1_000_000_000).collect::<Vec<_>>();
        assert_eq!(ladder(true), [1, 2, 3, 4, 5, 7, 11, 19]);
        assert_eq!(ladder(false), [1, 3, 7, 15, 31, 63, 127, 255]);
        assert_eq!(next_syn(500_000_000, 1, true), 1_504_000_000);
    }

    #[test]
    fn a_request_is_sent_again_in_doubling_steps() {
        let ladder = [0, 1, 2, 3, 4].map(|n| next_resend(5, n) / 1_000_000);
        assert_eq!(ladder, [210, 420, 840, 1_680, 3_360]);
    }
}
