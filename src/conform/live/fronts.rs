//! The front ends of measured rows in the simulator's own parameters.

use super::parameters::{OVERHEAD, Parameters, between, secs};
use crate::model::balancer::PassiveChecks;
use crate::model::outcome::Status;
use crate::model::outlier::OutlierSpec;
use crate::model::retry::{RetryOn, RetryPause, RetryPeer, RetryPolicy};
use crate::model::server_check::Thresholds;
use crate::sim::spec::{
    Answers, Balancer, Delivery, FrontSpec, Keepalive, Mechanism, ServerChecks, StaleRetry,
};
use crate::units::Nanos;

/// The rig hands on together what is due within this time.
const BATCH: Nanos = Nanos::from_millis(5);

impl Parameters {
    /// `None` if the row needs a front end that is not modelled.
    ///
    /// # Errors
    /// A value that is missing or unknown, in words.
    pub(super) fn front(&self) -> Result<Option<FrontSpec>, String> {
        match self.ep_mode.as_str() {
            "reload" | "lua" | "ingress_lua" => self.nginx(),
            "haproxy_runtime_api" => self.haproxy().map(Some),
            "envoy_eds_file" => self.envoy().map(Some),
            "traefik_file" => self.traefik().map(Some),
            "iptables" => Ok(Some(self.kube_proxy())),
            _ => Ok(None),
        }
    }

    /// What all front ends have in common.
    fn any_front(&self, balancer: Balancer, mechanism: Mechanism) -> FrontSpec {
        let second = self.prop_remove2_s.map(between).filter(|second| *second != between(self.prop_remove_s));
        FrontSpec {
            name: self.front.clone().unwrap_or_else(|| self.ep_mode.clone()),
            replicas: self.front_replicas.unwrap_or(1),
            workers: self.front_workers.unwrap_or(1),
            balancer,
            connect_timeout: secs(self.connect_timeout_s),
            read_timeout: secs(self.read_timeout_s),
            delivery: Delivery {
                add: between(self.prop_add_s),
                remove: between(self.prop_remove_s),
                remove_elsewhere: second,
                removal_override: None,
                addition_override: None,
                falls_back_to_terminating: false,
                mechanism,
            },
            overhead: OVERHEAD,
            ..FrontSpec::ideal()
        }
    }

    /// nginx reloaded, the rig's own Lua list, or ingress-nginx.
    fn nginx(&self) -> Result<Option<FrontSpec>, String> {
        let (balancer, mechanism) = match (self.ep_mode.as_str(), self.ingress_lb.as_deref()) {
            ("reload", _) => (
                Balancer::Nginx(PassiveChecks {
                    max_fails: self.max_fails,
                    fail_timeout_s: self.fail_timeout_s,
                }),
                Mechanism::Reload {
                    batch: BATCH,
                    min_interval: Nanos::from_millis(100).max(self.min_interval()),
                    start: Nanos::from_millis(10),
                    overlap: Nanos::from_millis(100),
                    period: self.sync_period(),
                },
            ),
            ("lua", _) => (Balancer::RoundRobin, self.in_place(None)),
            ("ingress_lua", Some(balancer @ ("round_robin" | "ewma"))) => (
                if balancer == "ewma" { Balancer::Ewma } else { Balancer::IngressRing },
                Mechanism::SyncAndPoll {
                    rate_per_s: self.ctl_sync_rate_per_s.unwrap_or(0.0),
                    batch: BATCH,
                    period: self.sync_period(),
                    poll: Nanos::from_secs(1),
                    whole_second_stamp: true,
                },
            ),
            _ => return Ok(None),
        };
        let on = self.next_upstream != "off";
        let keepalive = Keepalive {
            idle_timeout: Nanos::from_secs(60),
            max_idle: self.nginx_keepalive,
            stale: StaleRetry::GivesTryBack,
            first_is_fresh: false,
            any_connection: false,
        };
        let retried = if on { RetryOn::ERROR.and(RetryOn::TIMEOUT) } else { RetryOn::default() };
        let attempts = if on || self.next_upstream_tries > 0 { self.next_upstream_tries } else { 1 };
        Ok(Some(FrontSpec {
            retry: RetryPolicy::next_peer(retried, attempts),
            keepalive: (self.nginx_keepalive > 0).then_some(keepalive),
            ..self.any_front(balancer, mechanism)
        }))
    }

    fn in_place(&self, checks: Option<ServerChecks>) -> Mechanism {
        Mechanism::InPlace {
            batch: BATCH,
            min_interval: self.min_interval(),
            period: self.sync_period(),
            checks,
        }
    }

    fn sync_period(&self) -> Nanos {
        secs(self.ctl_sync_period_s.unwrap_or(0.0))
    }

    fn min_interval(&self) -> Nanos {
        match self.ctl_sync_rate_per_s {
            Some(rate) if rate > 0.0 => secs(1.0 / rate),
            _ => Nanos::ZERO,
        }
    }

    /// HAProxy 2.6 as one process with one thread.
    fn haproxy(&self) -> Result<FrontSpec, String> {
        let checks = self.haproxy_check.unwrap_or(false).then(|| ServerChecks {
            interval: secs(self.haproxy_check_inter_s.unwrap_or(2.0)),
            thresholds: Thresholds {
                rise: self.haproxy_check_rise.unwrap_or(2),
                fall: self.haproxy_check_fall.unwrap_or(3),
            },
            http: true,
        });
        let reuse = self.haproxy_http_reuse.as_deref().unwrap_or("safe");
        if !["safe", "never", "always"].contains(&reuse) {
            return Err(format!("haproxy_http_reuse `{reuse}` is unknown"));
        }
        let keepalive = Keepalive {
            idle_timeout: Nanos::from_secs(60),
            max_idle: 1_000,
            stale: StaleRetry::Counts,
            first_is_fresh: reuse == "safe",
            any_connection: false,
        };
        Ok(FrontSpec {
            workers: 1,
            retry: RetryPolicy {
                on: RetryOn::CONNECT_FAILURE,
                max_attempts: 1 + self.haproxy_retries.unwrap_or(3),
                non_idempotent: true,
                peer: RetryPeer::SameServer { redispatch: self.haproxy_redispatch.unwrap_or(false) },
                pause: RetryPause::Fixed(1_000_000_000),
                max_concurrent: None,
            },
            keepalive: (reuse != "never").then_some(keepalive),
            answers: Answers {
                // With `always` a stale connection is a 502; else the client is to try again.
                stale: if reuse == "always" { Status::BadGateway } else { Status::Closed },
                ..Answers::HAPROXY
            },
            ..self.any_front(Balancer::Turns, self.in_place(checks))
        })
    }

    /// Envoy, and what Istio makes of it.
    fn envoy(&self) -> Result<FrontSpec, String> {
        let balancer = match self.envoy_lb.as_deref().unwrap_or("round_robin") {
            "round_robin" => Balancer::RoundRobin,
            "least_request" => Balancer::LeastRequest,
            other => return Err(format!("envoy_lb `{other}` is unknown")),
        };
        let mut retried = RetryOn::default();
        for condition in self.envoy_retry_on.as_deref().unwrap_or("").split(',').filter(|c| !c.is_empty()) {
            retried = retried.and(match condition {
                "connect-failure" => RetryOn::CONNECT_FAILURE,
                // No attempt has a timeout of its own, so there is none to retry.
                "reset" => RetryOn::CONNECT_FAILURE.and(RetryOn::CLOSED),
                // HTTP/2 and gRPC only.
                "refused-stream" | "unavailable" | "cancelled" => RetryOn::default(),
                other => return Err(format!("envoy_retry_on `{other}` is unknown")),
            });
        }
        let outlier = OutlierSpec {
            max_ejection_percent: self.envoy_max_ejection_percent.unwrap_or(10),
            always_eject_one: self.envoy_always_eject_one_host.unwrap_or(false),
            panic_percent: self.envoy_panic_threshold_pct.unwrap_or(50.0).round() as u32,
            ..OutlierSpec::ENVOY
        };
        let limit = self.envoy_cb_max_retries.unwrap_or(3);
        Ok(FrontSpec {
            read_timeout: Nanos::MAX_SPAN,
            request_timeout: Some(secs(self.read_timeout_s)),
            stream_idle_timeout: None,
            outlier: self.envoy_outlier.unwrap_or(false).then_some(outlier),
            retry: RetryPolicy {
                on: retried,
                max_attempts: 1 + self.envoy_num_retries.unwrap_or(0),
                non_idempotent: true,
                peer: match self.envoy_retry_other_host {
                    Some(true) => RetryPeer::Untried { repicks: 5 },
                    _ => RetryPeer::Next,
                },
                pause: RetryPause::Backoff { base: 25_000_000, max: 250_000_000 },
                max_concurrent: u32::try_from(limit).ok().filter(|limit| *limit < u32::MAX),
            },
            keepalive: Some(Keepalive {
                idle_timeout: Nanos::from_secs(3_600),
                max_idle: 1_024,
                stale: StaleRetry::Counts,
                first_is_fresh: false,
                any_connection: false,
            }),
            answers: Answers::ENVOY,
            ..self.any_front(balancer, self.in_place(None))
        })
    }
    /// kube-proxy in its iptables mode: connections are chosen for, and nothing is tried again.
    fn kube_proxy(&self) -> FrontSpec {
        FrontSpec {
            retry: RetryPolicy::NEVER,
            keepalive: None,
            pins_connections: true,
            answers: Answers::SOCKET,
            ..self.any_front(Balancer::Random, self.in_place(None))
        }
    }

    /// Traefik, which keeps to a smallest distance between two lists by itself.
    fn traefik(&self) -> Result<FrontSpec, String> {
        let attempts = self.traefik_retry_attempts.unwrap_or(0).max(1);
        let statuses = self.traefik_retry_status.as_deref().unwrap_or("");
        let on = match (attempts, statuses) {
            (1, _) => RetryOn::default(),
            (_, "") => RetryOn::CONNECT_FAILURE,
            (_, "502-504") => RetryOn::ERROR.and(RetryOn::TIMEOUT),
            _ => return Err(format!("traefik_retry_status `{statuses}` is not simulated")),
        };
        let pause = match secs(self.traefik_retry_interval_s.unwrap_or(0.0)) {
            Nanos::ZERO => RetryPause::None,
            first => RetryPause::Around { first: first.0, doubles_in: attempts - 1 },
        };
        let mechanism = Mechanism::InPlace {
            batch: BATCH,
            min_interval: secs(self.traefik_throttle_s.unwrap_or(0.0)),
            period: self.sync_period(),
            checks: None,
        };
        Ok(FrontSpec {
            retry: RetryPolicy { pause, ..RetryPolicy::next_peer(on, attempts) },
            keepalive: Some(Keepalive {
                idle_timeout: Nanos::from_secs(90),
                max_idle: 200,
                stale: StaleRetry::SamePod,
                first_is_fresh: false,
                any_connection: false,
            }),
            answers: Answers::TRAEFIK,
            ..self.any_front(Balancer::EarliestDeadline, mechanism)
        })
    }
}
