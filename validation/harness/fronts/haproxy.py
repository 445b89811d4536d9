"""HAProxy: server slots that the runtime API fills and empties."""

import asyncio
import collections
import os
import shutil

from .front import FIXED_ANSWER, PORT, Front, milliseconds


class HaProxy(Front):
    """HAProxy: server slots that the runtime API fills and empties; never a reload."""

    def start(self, children, scheduling):
        # Room for all pods at once: new ones may come before any old one has gone.
        spare = max(self.parameters["replicas"], self.parameters["target_replicas"]) + 1
        self.slots = self.ports + [None] * spare
        self.socket = os.path.join(self.folder, "admin.sock")
        path = self.replace("haproxy.cfg", haproxy_configuration(self.parameters, self.slots, self.socket))
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
    check, looks = "", ""
    if parameters["haproxy_check"]:
        looks = "  option httpchk GET /ready\n"
        check = (
            f" check inter {milliseconds(parameters['haproxy_check_inter_s'])}"
            f" fall {parameters['haproxy_check_fall']} rise {parameters['haproxy_check_rise']}"
        )
    servers = "".join(
        f"  server s{slot} 127.0.0.1:{port or 1}{check}{'' if port else ' disabled'}\n"
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
        f"backend pods\n  balance roundrobin\n{looks}{servers}"
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
