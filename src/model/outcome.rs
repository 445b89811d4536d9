//! How a request ends: the closed lists of statuses and causes, and which cause each failure is.

use std::fmt;

/// Method class of a request, which decides what a front end may send again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Method {
    /// Idempotent for every front end: GET, HEAD, PUT, DELETE, OPTIONS.
    Get,
    /// Not idempotent: POST, PATCH, LOCK.
    Post,
}

macro_rules! closed_list {
    ($(#[$list_doc:meta])* $name:ident { $($(#[$doc:meta])* $variant:ident => $text:literal,)* }) => {
        $(#[$list_doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
        pub enum $name { $($(#[$doc])* $variant,)* }

        impl $name {
            /// All of them, in the order of the list.
            pub const ALL: &'static [$name] = &[$($name::$variant,)*];

            /// The name used in every output.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// The inverse of [`Self::as_str`].
            pub fn parse(text: &str) -> Option<$name> {
                match text { $($text => Some($name::$variant),)* _ => None }
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<$name, D::Error> {
                let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
                $name::parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(format!("`{text}` is not a {}", stringify!($name).to_lowercase()))
                })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

closed_list! {
    /// What the user of the service sees. The list is closed: extending it is a documented change.
    Status {
        /// Answered.
        Ok => "200",
        /// Request timeout by the front end.
        RequestTimeout => "408",
        /// AWS ALB's log code for a client that left.
        ClientLeftAlb => "460",
        /// nginx' log code for a client that left.
        ClientLeft => "499",
        /// The application cancelled it.
        InternalError => "500",
        /// Bad gateway.
        BadGateway => "502",
        /// Service unavailable.
        Unavailable => "503",
        /// Gateway timeout.
        GatewayTimeout => "504",
        /// The connection broke inside the body.
        Truncated => "truncated",
        /// Closed without any answer.
        Closed => "closed",
        /// Connection refused, seen by the client itself.
        Refused => "refused",
        /// Connection reset, seen by the client itself.
        Reset => "reset",
        /// No answer within the client's own patience.
        Timeout => "timeout",
    }
}

closed_list! {
    /// Why the last attempt of a lost request failed. The list is closed as well.
    Cause {
        /// The pod was sent traffic before its process listened.
        NotListeningYet => "not_listening_yet",
        /// The process listened but answered an error to everything.
        AppNotReady => "app_not_ready",
        /// The pod had stopped listening and was still sent traffic.
        ListenerClosed => "listener_closed",
        /// A signal ended the process while the request was being served.
        KilledInFlight => "killed_in_flight",
        /// The process ended by itself while the request was being served.
        ExitedInFlight => "exited_in_flight",
        /// The connection waited in the kernel's accept queue when the listener closed.
        AcceptQueueReset => "accept_queue_reset",
        /// A kept-alive connection was closed by the pod while the request was on its way.
        KeepaliveRace => "keepalive_race",
        /// The pod's address was gone and the network said so.
        Unreachable => "unreachable",
        /// The pod's address was gone and nobody answered.
        Blackholed => "blackholed",
        /// The accept queue was full for the whole connect timeout.
        AcceptQueueFull => "accept_queue_full",
        /// No answer within the read timeout.
        ReadTimeout => "read_timeout",
        /// The front end knew no endpoint.
        NoEndpoints => "no_endpoints",
        /// The node that got the connection had no pod of the service, and policy Local allows no other.
        NoLocalEndpoints => "no_local_endpoints",
        /// The front end had marked every endpoint down.
        AllMarkedDown => "all_marked_down",
        /// The container exceeded its memory limit.
        OomKilled => "oom_killed",
        /// The process had crashed, and the kubelet was starting it again.
        Crashed => "crashed",
        /// The pod's node had died, and the front end did not know yet.
        NodeLost => "node_lost",
        /// The kubelet was restarting the container after failed liveness or startup probes, or a failed
        /// postStart hook.
        LivenessRestart => "liveness_restart",
        /// A proxy inside the pod had no application to talk to.
        InPodUpstreamDown => "in_pod_upstream_down",
        /// The container through which the application calls others had ended.
        EgressDown => "egress_down",
        /// The application shed load.
        Overloaded => "overloaded",
        /// A circuit breaker refused to send.
        CircuitOpen => "circuit_open",
        /// The load balancer closed the connection when the target's deregistration delay was over.
        DeregisteredInFlight => "deregistered_in_flight",
        /// The network reset the connection, whatever the pod did.
        NetworkReset => "network_reset",
        /// The client gave up first.
        ClientGaveUp => "client_gave_up",
    }
}

impl Status {
    /// Whether the answer is one of the 5xx statuses.
    pub const fn is_server_error(self) -> bool {
        matches!(
            self,
            Status::InternalError | Status::BadGateway | Status::Unavailable | Status::GatewayTimeout
        )
    }
}

impl Method {
    /// The name used in every output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Method::Get => "GET",
            Method::Post => "POST",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_distinct_and_read_back() {
        for status in Status::ALL {
            assert_eq!(Status::parse(status.as_str()), Some(*status));
        }
        for cause in Cause::ALL {
            assert_eq!(Cause::parse(cause.as_str()), Some(*cause));
        }
        assert_eq!((Status::ALL.len(), Cause::ALL.len()), (13, 25));
    }
}
