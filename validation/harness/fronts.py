"""The real front ends: their configuration files, how a new list reaches them, their logs."""

import asyncio
import collections
import os
import shutil
import signal
import time

PORT = 18080
"""Where clients connect."""
FIXED_ANSWER = "/on-time"
"""What front ends answer themselves at once: it tells whether they get the processor in time."""
BATCH = 0.005
"""Changes due within this time go to the front end together, seconds."""
RELOAD_GAP = 0.1
"""Smallest time between two nginx reloads, seconds."""


class Front:
    """One front-end process and the list of pods it knows."""

    def __init__(self, parameters, folder, ports, shared, note):
        self.parameters = parameters
        self.folder = folder
        self.ports = list(ports)
        self.shared = shared
        self.note = note
        self.process = None
        self.push_at = None
        self.last_push = 0.0
        os.makedirs(folder)

    def change(self, port, add):
        """The list changes now; the front end gets it a little later, with its neighbours."""
        if add == (port in self.ports):
            return
        if add:
            self.ports.append(port)
        else:
            self.ports.remove(port)
        if self.push_at is None:
            loop = asyncio.get_running_loop()
            self.push_at = max(loop.time() + BATCH, self.last_push + self.gap)
            loop.call_at(self.push_at, self.push_now)

    def push_now(self):
        self.note("push", self.push_at)
        self.last_push, self.push_at = time.monotonic(), None
        self.push()


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
        text = nginx_configuration(self.parameters, self.ports, self.shared)
        path = os.path.join(self.folder, "nginx.conf")
        with open(path + ".new", "w", encoding="ascii") as out:
            out.write(text)
        os.replace(path + ".new", path)

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


def milliseconds(seconds):
    return f"{round(seconds * 1000)}ms"


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


class HaProxy(Front):
    """HAProxy: server slots that the runtime API fills and empties; never a reload."""

    gap = 0.0

    def start(self, children, scheduling):
        slots = self.parameters["replicas"] + max(self.parameters["max_surge"], 1) + 2
        self.slots = (self.ports + [None] * slots)[: max(slots, len(self.ports))]
        self.socket = os.path.join(self.folder, "admin.sock")
        path = os.path.join(self.folder, "haproxy.cfg")
        with open(path, "w", encoding="ascii") as out:
            out.write(haproxy_configuration(self.parameters, self.slots, self.socket))
        self.log = os.path.join(self.folder, "log")
        with open(self.log, "wb") as log, open(os.path.join(self.folder, "output"), "wb") as output:
            command = [haproxy_path(), "-db", "-f", path]
            self.process = children.start(command, scheduling, stdout=log, stderr=output)

    def push(self):
        commands = []
        for slot, port in enumerate(self.slots):
            if port is not None and port not in self.ports:
                commands.append(f"set server pods/s{slot} state maint")
                self.slots[slot] = None
        for port in self.ports:
            if port not in self.slots:
                slot = self.slots.index(None)
                self.slots[slot] = port
                commands.append(f"set server pods/s{slot} addr 127.0.0.1 port {port}")
                commands.append(f"set server pods/s{slot} state ready")
        if commands:
            asyncio.ensure_future(self.command("; ".join(commands)))

    async def command(self, text):
        reader, writer = await asyncio.open_unix_connection(self.socket)
        writer.write(text.encode() + b"\n")
        await reader.read()
        writer.close()

    def causes(self):
        return haproxy_causes(self.log)


def haproxy_path():
    """Debian keeps it where an ordinary user's PATH does not look."""
    return shutil.which("haproxy") or "/usr/sbin/haproxy"


def haproxy_configuration(parameters, slots, socket):
    redispatch = "  option redispatch\n" if parameters["haproxy_redispatch"] else ""
    servers = "".join(
        f"  server s{slot} 127.0.0.1:{port or 1}{'' if port else ' disabled'}\n"
        for slot, port in enumerate(slots)
    )
    return (
        f"global\n  stats socket {socket} mode 600 level admin\n  nbthread 1\n"
        "  log stdout format raw local0 info\n"
        "defaults\n  mode http\n  log global\n  option dontlognull\n"
        '  log-format "%ST %tsc %s %HM"\n'
        f"  timeout connect {milliseconds(parameters['connect_timeout_s'])}\n"
        f"  timeout server {milliseconds(parameters['read_timeout_s'])}\n"
        "  timeout client 50s\n"
        f"  retries {parameters['haproxy_retries']}\n{redispatch}"
        f"  http-reuse {parameters['haproxy_http_reuse']}\n"
        f"frontend clients\n  bind 127.0.0.1:{PORT}\n  monitor-uri {FIXED_ANSWER}\n"
        "  default_backend pods\n"
        f"backend pods\n  balance roundrobin\n{servers}"
    )


HAPROXY_STATES = {
    "SC": "connect_refused",
    "sC": "connect_timeout",
    "SH": "premature_close",
    "SD": "premature_close",
    "sH": "read_timeout",
    "sQ": "no_endpoints",
}


def haproxy_causes(path):
    """Counts of `status:cause` by the termination state in HAProxy's log."""
    counts = collections.Counter()
    with open(path, encoding="utf-8") as log:
        for line in log:
            fields = line.split()
            if len(fields) != 4 or not fields[0].lstrip("-").isdigit() or fields[0] == "200":
                continue
            status, state, server, _ = fields
            word = HAPROXY_STATES.get(state[:2], "backend_503" if state[:2] == "--" else "unknown")
            if server == "<NOSRV>":
                word = "no_endpoints"
            counts[f"{status.replace('-1', '0')}:{word}"] += 1
    return counts


FRONTS = {"nginx": Nginx, "haproxy": HaProxy}
