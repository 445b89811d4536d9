"""nginx: a new configuration file and SIGHUP for each new list."""

import collections
import os
import signal

from .front import FIXED_ANSWER, PORT, Front, milliseconds

RELOAD_GAP = 0.1
"""Smallest time between two reloads, seconds."""


class Nginx(Front):
    """nginx: a new configuration file and SIGHUP."""

    gap = RELOAD_GAP

    def start(self, children, scheduling):
        self.write()
        command = ["nginx", "-p", self.folder, "-c", "nginx.conf", "-e", "error.log"]
        with open(os.path.join(self.folder, "output"), "wb") as output:
            self.process = children.start(command, scheduling, stdout=output, stderr=output)

    def push(self):
        self.write()
        self.process.send_signal(signal.SIGHUP)

    def write(self):
        self.replace("nginx.conf", nginx_configuration(self.parameters, self.ports, self.shared))

    def causes(self):
        return nginx_causes(os.path.join(self.folder, "access.log"), os.path.join(self.folder, "error.log"))


def nginx_configuration(parameters, ports, shared):
    """nginx' own behaviour apart from what the parameters name: no directive hides a default."""
    checks = f"max_fails={parameters['max_fails']} fail_timeout={parameters['fail_timeout_s']}s"
    servers = "".join(f"    server 127.0.0.1:{port} {checks};\n" for port in ports)
    pool = parameters["nginx_keepalive"]
    keepalive = f"    keepalive {pool};\n" if pool else ""
    upstream = f"  upstream pods {{\n{servers}{keepalive}  }}\n" if ports else ""
    if ports:
        reuse = '      proxy_http_version 1.1;\n      proxy_set_header Connection "";\n' if pool else ""
        location = (
            "      proxy_pass http://pods;\n"
            f"      proxy_connect_timeout {milliseconds(parameters['connect_timeout_s'])};\n"
            f"      proxy_read_timeout {milliseconds(parameters['read_timeout_s'])};\n"
            f"      proxy_next_upstream {parameters['next_upstream']};\n"
            f"      proxy_next_upstream_tries {parameters['next_upstream_tries']};\n"
            f"{reuse}"
        )
    else:
        location = "      return 503;\n"
    temporary = "".join(
        f"  {kind}_temp_path {kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        "daemon off;\nworker_processes 1;\npid nginx.pid;\nerror_log error.log error;\n"
        "events { worker_connections 4096; }\n"
        "http {\n"
        "  log_format attempts '$pid $connection $status $request_method [$upstream_status] $msec $request_time';\n"
        "  access_log access.log attempts;\n"
        f"{temporary}{upstream}"
        "  server {\n"
        f"    listen 127.0.0.1:{PORT}{' reuseport' if shared else ''};\n"
        f"    location = {FIXED_ANSWER} {{ access_log off; return 200; }}\n"
        f"    location / {{\n{location}    }}\n"
        "  }\n}\n"
    )


NGINX_WORDS = (
    ("no live upstreams", "no_live_upstreams"),
    ("timed out) while connecting", "connect_timeout"),
    ("timed out) while reading", "read_timeout"),
    ("timed out) while sending", "read_timeout"),
    ("prematurely closed connection", "premature_close"),
    ("(111: Connection refused)", "connect_refused"),
    ("reset by peer", "reset"),
    ("Broken pipe", "reset"),
)


def nginx_causes(access, errors):
    """Counts of `status:cause`; a failed request's cause is its last line in the error log.

    Lines belong together by worker process and connection number. On a connection with several
    requests each takes as many error lines as it has failed attempts.
    """
    lines = collections.defaultdict(collections.deque)
    with open(errors, encoding="utf-8") as log:
        for line in log:
            _, _, rest = line.partition("] ")
            place, star, message = rest.partition(": *")
            if star:
                connection, _, text = message.partition(" ")
                word = next((word for mark, word in NGINX_WORDS if mark in text), None)
                if word:
                    lines[place.partition("#")[0], connection].append(word)
    counts = collections.Counter()
    with open(access, encoding="utf-8") as log:
        for line in log:
            pid, connection, status, rest = line.split(" ", 3)
            attempts = rest.partition("[")[2].partition("]")[0].replace(":", ",").split(",")
            failed = sum(1 for attempt in attempts if attempt.strip() in ("502", "504"))
            mine = lines[pid, connection]
            words = [mine.popleft() for _ in range(min(failed, len(mine)))]
            if status == "200":
                continue
            if status == "503":
                word = "backend_503" if attempts[-1].strip() == "503" else "no_endpoints"
            else:
                word = words[-1] if words else "unknown"
            counts[f"{status}:{word}"] += 1
    return counts
