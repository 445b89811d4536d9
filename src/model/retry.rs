//! What a front end does after an attempt has failed.

use super::outcome::Method;

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

/// When a front end tries again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Retry after a failed connection or a connection closed before the answer
    /// (nginx `proxy_next_upstream error`).
    pub on_error: bool,
    /// Retry after a connect or read timeout (nginx `proxy_next_upstream timeout`).
    pub on_timeout: bool,
    /// Attempts in total; 0 for as many as there are peers (nginx `proxy_next_upstream_tries`).
    pub max_attempts: u32,
    /// Also resend non-idempotent requests that may already have reached a pod.
    pub non_idempotent: bool,
}

impl RetryPolicy {
    /// One attempt and no more.
    pub const NEVER: RetryPolicy =
        RetryPolicy { on_error: false, on_timeout: false, max_attempts: 1, non_idempotent: false };

    /// Whether a failure of this kind may be followed by another attempt, tries permitting.
    ///
    /// Source: nginx src/http/ngx_http_upstream.c, ngx_http_upstream_next: the failure's type must
    /// be among `proxy_next_upstream`, and a POST, LOCK or PATCH that was already sent is not
    /// resent unless `non_idempotent` is given.
    pub fn covers(&self, failure: Failure, method: Method) -> bool {
        let listed = match failure {
            Failure::Connect | Failure::Closed => self.on_error,
            Failure::ConnectTimeout | Failure::ReadTimeout => self.on_timeout,
        };
        listed && (!failure.request_was_sent() || method == Method::Get || self.non_idempotent)
    }
}

impl Failure {
    /// Whether the pod may have received the request.
    pub fn request_was_sent(self) -> bool {
        matches!(self, Failure::Closed | Failure::ReadTimeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the measured matrix of plain nginx 1.22.1, one faulty peer of two.
    #[test]
    fn post_is_retried_only_when_nothing_was_sent() {
        let default =
            RetryPolicy { on_error: true, on_timeout: true, max_attempts: 0, non_idempotent: false };
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
        let only_errors = RetryPolicy { on_timeout: false, ..default };
        assert!(!only_errors.covers(Failure::ReadTimeout, Method::Get));
    }
}
