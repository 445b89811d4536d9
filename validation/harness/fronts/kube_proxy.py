"""kube-proxy: the kernel's rules, written as kube-proxy writes them in its iptables mode.

There is no program to run: `iptables-restore` brings a new list, the kernel chooses a pod for every connection and
keeps to it. The run has a network of its own, so that its rules are gone with it.
"""

import asyncio
import collections
import os
import subprocess

from .front import PORT, Front

RULES = "rules"


class KubeProxy(Front):
    """The rules for one Service address."""

    answers_itself = False

    def start(self, children, scheduling):
        self.restoring = asyncio.Lock()
        subprocess.run(["iptables-restore", self.written()], check=True)

    def push(self):
        asyncio.ensure_future(self.restore())

    async def restore(self):
        # One after the other: the last list must be the one that stays.
        async with self.restoring:
            process = await asyncio.create_subprocess_exec("iptables-restore", "--noflush", self.written())
            if await process.wait() != 0:
                raise RuntimeError(f"the kernel did not take the rules of {os.path.join(self.folder, RULES)}")

    def written(self):
        return self.replace(RULES, rules(self.ports))

    def causes(self):
        return collections.Counter()


def rules(ports):
    """All chains anew: a Service's chain, and one for each of its endpoints."""
    service = f"-p tcp -d 127.0.0.1 --dport {PORT}"
    chains, jumps = [], []
    for at, port in enumerate(ports):
        left = len(ports) - at
        chance = f"-m statistic --mode random --probability {1 / left:.10f} " if left > 1 else ""
        chains.append(f":SEP-{port} - [0:0]\n-A SEP-{port} -p tcp -j DNAT --to-destination 127.0.0.1:{port}\n")
        jumps.append(f"-A SVC {chance}-j SEP-{port}\n")
    nat = [":OUTPUT ACCEPT [0:0]\n", ":SERVICES - [0:0]\n", ":SVC - [0:0]\n"]
    nat += ["-F OUTPUT\n", "-A OUTPUT -j SERVICES\n", f"-A SERVICES {service} -j SVC\n" if ports else ""]
    reject = "" if ports else f"-A SERVICES {service} -j REJECT\n"
    refused = f":SERVICES - [0:0]\n-F OUTPUT\n-A OUTPUT -m conntrack --ctstate NEW -j SERVICES\n{reject}"
    return f"*nat\n{''.join(nat + chains + jumps)}COMMIT\n*filter\n{refused}COMMIT\n"
