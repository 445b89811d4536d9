//! What a front end does after an attempt has failed.

use super::outcome::Method;
use crate::units::Nanos;

/// How one attempt failed, as the front end's socket saw it (facts: load balancer events E1 to E7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The connection was refused or the address was unreachable: nothing was sent.
    Connect,
    /// No connection within the connect timeout: nothing was sent.
    ConnectTimeout,
    /// The connection was closed or reset after the request had been sent and before any answer.
    Closed,
    /// No answer within the read timeout.
    ReadTimeout,
}

/// The failures after which there may be another attempt.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RetryOn {
    /// [`Failure::Connect`].
    pub refused: bool,
    /// [`Failure::ConnectTimeout`].
    pub connect_timeout: bool,
    /// [`Failure::Closed`].
    pub closed: bool,
    /// [`Failure::ReadTimeout`].
    pub read_timeout: bool,
}

impl RetryOn {
    /// nginx `proxy_next_upstream error`.
    pub const ERROR: RetryOn =
        RetryOn { refused: true, connect_timeout: false, closed: true, read_timeout: false };
    /// nginx `proxy_next_upstream timeout`.
    pub const TIMEOUT: RetryOn =
        RetryOn { refused: false, connect_timeout: true, closed: false, read_timeout: true };
    /// No connection came about: Envoy `connect-failure`, HAProxy `retry-on conn-failure`.
    pub const CONNECT_FAILURE: RetryOn =
        RetryOn { refused: true, connect_timeout: true, closed: false, read_timeout: false };
    /// The connection ended before the answer: HAProxy `empty-response`; with
    /// [`Self::CONNECT_FAILURE`] what Envoy's `reset` means where no attempt has a timeout of its own.
    pub const CLOSED: RetryOn =
        RetryOn { refused: false, connect_timeout: false, closed: true, read_timeout: false };

    /// Either of two.
    #[must_use]
    pub const fn and(self, other: RetryOn) -> RetryOn {
        RetryOn {
            refused: self.refused || other.refused,
            connect_timeout: self.connect_timeout || other.connect_timeout,
            closed: self.closed || other.closed,
            read_timeout: self.read_timeout || other.read_timeout,
        }
    }

    /// Whether this failure is among them.
    pub const fn contains(self, failure: Failure) -> bool {
        match failure {
            Failure::Connect => self.refused,
            Failure::ConnectTimeout => self.connect_timeout,
            Failure::Closed => self.closed,
            Failure::ReadTimeout => self.read_timeout,
        }
    }
}

/// Where another attempt goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryPeer {
    /// Wherever the balancer says next.
    Next,
    /// To a peer that this request has not tried, if the balancer names one within so many further
    /// picks. Source: Envoy `previous_hosts` with `host_selection_retry_max_attempts`.
    Untried {
        /// Picks beyond the first.
        repicks: u32,
    },
    /// To the same server, after a pause; with `option redispatch` as [`same_server`] says. HAProxy.
    SameServer {
        /// `option redispatch` with its default interval.
        redispatch: bool,
    },
}

/// How long a front end waits before another attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryPause {
    /// Not at all.
    None,
    /// This long, nanoseconds, before the same server is tried again after a refusal. HAProxy.
    Fixed(u64),
    /// A random time below a bound that doubles with every retry.
    Backoff {
        /// Bound of the first pause, nanoseconds.
        base: u64,
        /// The bound does not grow beyond this, nanoseconds.
        max: u64,
    },
    /// A time that grows with every pause and stays below twice the first, give or take half of it.
    /// Traefik's retry middleware.
    Around {
        /// The first time, nanoseconds.
        first: u64,
        /// How many pauses it takes to double.
        doubles_in: u32,
    },
}

impl RetryPause {
    /// The jittered pause before the `retry`-th retry (from 1) for 64 random bits; 0 unless there is
    /// a back-off.
    ///
    /// Source: Envoy source/common/common/backoff_strategy.cc, JitteredExponentialBackOffStrategy:
    /// random below the interval, which then doubles. (router_filter.rst says 2^N - 1 for the
    /// factor, which the code does not do.) Traefik pkg/middlewares/retry/retry.go, newBackOff, over
    /// cenkalti/backoff with its randomization of one half.
    pub fn backoff(self, retry: u32, bits: u64) -> u64 {
        let below = |bound: u64| ((u128::from(bits) * u128::from(bound)) >> 64) as u64;
        let earlier = retry.saturating_sub(1);
        match self {
            RetryPause::None | RetryPause::Fixed(_) => 0,
            RetryPause::Backoff { base, max } => below(base.saturating_mul(1 << earlier.min(30)).min(max)),
            RetryPause::Around { first, doubles_in } => {
                let growth = libm::exp2(f64::from(earlier) / f64::from(doubles_in.max(1)));
                let middle = Nanos::from_secs_f64(Nanos(first).as_secs_f64() * growth).0;
                middle / 2 + below(middle)
            }
        }
    }
}

/// When and where a front end tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// After which failures.
    pub on: RetryOn,
    /// Attempts in total; 0 for as many as there are peers (nginx `proxy_next_upstream_tries`).
    pub max_attempts: u32,
    /// Also resend non-idempotent requests that may already have reached a pod.
    pub non_idempotent: bool,
    /// Where to.
    pub peer: RetryPeer,
    /// After which pause.
    pub pause: RetryPause,
    /// Retries that one process may have under way at once, each counted from the failure to its own
    /// end; `None` for any number. Source: Envoy circuit breaker max_retries, retry_state_impl.cc.
    pub max_concurrent: Option<u32>,
}

impl RetryPolicy {
    /// One attempt and no more.
    pub const NEVER: RetryPolicy = RetryPolicy::next_peer(
        RetryOn { refused: false, connect_timeout: false, closed: false, read_timeout: false },
        1,
    );

    /// At once, at the next peer, and without resending what is not idempotent: nginx' way.
    pub const fn next_peer(on: RetryOn, max_attempts: u32) -> RetryPolicy {
        RetryPolicy {
            on,
            max_attempts,
            non_idempotent: false,
            peer: RetryPeer::Next,
            pause: RetryPause::None,
            max_concurrent: None,
        }
    }

    /// Whether a failure of this kind may be followed by another attempt, tries permitting.
    ///
    /// Source: nginx src/http/ngx_http_upstream.c, ngx_http_upstream_next: the failure's type must
    /// be among `proxy_next_upstream`, and a POST, LOCK or PATCH that was already sent is not
    /// resent unless `non_idempotent` is given.
    pub fn covers(&self, failure: Failure, method: Method) -> bool {
        let may_resend = !failure.request_was_sent() || method == Method::Get || self.non_idempotent;
        self.on.contains(failure) && may_resend
    }
}

impl Failure {
    /// Whether no connection was established.
    pub fn is_of_connecting(self) -> bool {
        matches!(self, Failure::Connect | Failure::ConnectTimeout)
    }

    /// The same failure of a request that had been sent on a connection before.
    #[must_use]
    pub fn once_sent(self) -> Failure {
        match self {
            Failure::Connect | Failure::Closed => Failure::Closed,
            Failure::ConnectTimeout | Failure::ReadTimeout => Failure::ReadTimeout,
        }
    }

    /// Whether the pod may have received the request.
    pub fn request_was_sent(self) -> bool {
        matches!(self, Failure::Closed | Failure::ReadTimeout)
    }
}

/// What HAProxy looks at before it tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AtServer {
    /// `option redispatch`.
    pub redispatch: bool,
    /// The coming retry is the last one.
    pub last_retry: bool,
    /// The server is still up and enabled.
    pub server_usable: bool,
    /// Usable servers of the backend.
    pub usable: usize,
    /// The balancing algorithm is of the round-robin kind.
    pub round_robin: bool,
    /// The connection was refused, rather than not established in time.
    pub refused: bool,
}

/// HAProxy's next step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retry {
    /// The balancer chooses again, avoiding the server just tried; if not, it is the same server.
    pub elsewhere: bool,
    /// The pause comes first.
    pub pauses: bool,
}

/// Where and when HAProxy tries again.
///
/// Source: HAProxy 2.6 include/haproxy/stream.h, stream_choose_redispatch (the default interval of
/// -1 redispatches at the last retry; round robin with another server up does so at once) and
/// src/backend.c, back_handle_st_cer (it pauses after an error, not after a timeout, and only for the
/// same server, for algorithms other than round robin, or where no other server is up).
pub fn same_server(at: AtServer) -> Retry {
    let at_once = at.usable > 1 && at.round_robin;
    let elsewhere = at.redispatch && (!at.server_usable || at.last_retry || at_once);
    Retry { elsewhere, pauses: at.refused && (!elsewhere || !at.round_robin || at.usable <= 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the measured matrix of plain nginx 1.22.1, one faulty peer of two.
    #[test]
    fn post_is_retried_only_when_nothing_was_sent() {
        let default = RetryPolicy::next_peer(RetryOn::ERROR.and(RetryOn::TIMEOUT), 0);
        for (failure, get, post) in [
            (Failure::Connect, true, true),
            (Failure::ConnectTimeout, true, true),
            (Failure::Closed, true, false),
            (Failure::ReadTimeout, true, false),
        ] {
            assert_eq!(default.covers(failure, Method::Get), get, "{failure:?}");
            assert_eq!(default.covers(failure, Method::Post), post, "{failure:?}");
            let resend = RetryPolicy { non_idempotent: true, ..default };
            assert!(resend.covers(failure, Method::Post));
            assert!(!RetryPolicy::NEVER.covers(failure, Method::Get));
        }
        let only_errors = RetryPolicy { on: RetryOn::ERROR, ..default };
        assert!(!only_errors.covers(Failure::ReadTimeout, Method::Get));
        let connecting = RetryPolicy { on: RetryOn::CONNECT_FAILURE, ..default };
        assert!(connecting.covers(Failure::ConnectTimeout, Method::Post));
        assert!(!connecting.covers(Failure::Closed, Method::Get));
    }

    /// Source: measured with HAProxy 2.6.12: without redispatch three retries at the same server, one
    /// second apart; with it all attempts at once; timeouts are not followed by a pause.
    #[test]
    fn haproxy_pauses_before_the_same_server_only() {
        let plain = AtServer {
            redispatch: false,
            last_retry: false,
            server_usable: true,
            usable: 4,
            round_robin: true,
            refused: true,
        };
        let with = AtServer { redispatch: true, ..plain };
        for (name, at, elsewhere, pauses) in [
            ("same server", plain, false, true),
            ("its last retry", AtServer { last_retry: true, ..plain }, false, true),
            ("after it was put into maintenance", AtServer { server_usable: false, ..plain }, false, true),
            ("after a connect timeout", AtServer { refused: false, ..plain }, false, false),
            ("round robin redispatches at once", with, true, false),
            ("no other server", AtServer { usable: 1, ..with }, false, true),
            ("no other server, last retry", AtServer { usable: 1, last_retry: true, ..with }, true, true),
            ("least connections waits for the last", AtServer { round_robin: false, ..with }, false, true),
            (
                "least connections, last retry",
                AtServer { round_robin: false, last_retry: true, ..with },
                true,
                true,
            ),
            (
                "the server went down",
                AtServer { server_usable: false, round_robin: false, ..with },
                true,
                true,
            ),
        ] {
            assert_eq!(same_server(at), Retry { elsewhere, pauses }, "{name}");
        }
    }

    #[test]
    fn the_bound_of_a_backoff_doubles_up_to_its_limit() {
        let pause = RetryPause::Backoff { base: 25, max: 250 };
        let longest: Vec<u64> = (1..=6).map(|retry| pause.backoff(retry, u64::MAX)).collect();
        assert_eq!(longest, [24, 49, 99, 199, 249, 249]);
        assert_eq!(pause.backoff(3, 0), 0);
        assert_eq!(RetryPause::Fixed(9).backoff(1, u64::MAX), 0);
    }

    /// Source: Traefik documents that the last interval is at most twice the first one.
    #[test]
    fn pauses_around_a_time_grow_to_twice_of_it() {
        let pause = RetryPause::Around { first: 1_000, doubles_in: 2 };
        let ends = |retry| (pause.backoff(retry, 0), pause.backoff(retry, u64::MAX));
        assert_eq!([ends(1), ends(2), ends(3)], [(500, 1_499), (707, 2_120), (1_000, 2_999)]);
    }
}
