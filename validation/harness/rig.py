"""One run: plays Deployment controller, kubelet and endpoint propagation around a real front end.

    python3 -m harness.rig ORDERS.json      writes what came out to the path that the orders name

The caller starts it with the scheduling it should have; children inherit the core and priority.
"""

import asyncio
import collections
import functools
import gc
import json
import os
import random
import signal
import socket
import sys
import time

from . import fronts
from .processes import Children, favour
from .rollout import next_step

FIRST_POD_PORT = 21000
"""Below the range from which the kernel takes clients' ports."""
EXIT_LOOK = 0.002
"""How often it is looked whether a pod has ended, seconds."""
LEAD = 0.5
"""Time between the last preparation and the first request, seconds."""


class Pod:
    """A pod as the controller sees it."""

    def __init__(self, name, process, is_new):
        self.name = name
        self.port = FIRST_POD_PORT + name
        self.process = process
        self.is_new = is_new
        self.created = not is_new
        self.is_ready = not is_new
        self.deleted = False


class Rig:
    def __init__(self, orders, children):
        self.parameters = orders["parameters"]
        self.orders = orders
        self.children = children
        self.random = random.Random(orders["seed"])
        self.events = []
        self.removal_delays = []
        self.pods = []
        self.fronts = []
        self.tasks = []
        self.front_waits = []
        self.holes = []
        self.rolling = False
        self.failure = None

    def note(self, name, planned, happened=None):
        """Everything that has a planned moment is written down with the real one."""
        self.events.append((name, planned, time.monotonic() if happened is None else happened))

    async def run(self):
        self.loop = asyncio.get_running_loop()
        self.loop.set_exception_handler(self.fail)
        await self.prepare()
        gc.freeze()
        gc.disable()
        # The front end's own clocks (checks, timers) began when it did: no two runs meet them at the same point.
        begin = time.monotonic() + LEAD + self.random.uniform(0.0, 1.0)
        self.t0 = begin + self.parameters["t0_s"]
        clients = self.start_clients(begin)
        self.loop.call_at(self.t0, self.act)
        if self.fronts[0].answers_itself:
            self.tasks.append(asyncio.ensure_future(self.watch_front(begin)))
        limit = begin + self.parameters["duration_s"] + self.parameters["client_timeout_s"] + 2
        while clients.poll() is None and time.monotonic() < limit:
            await asyncio.sleep(0.05)
        if clients.poll() != 0:
            raise RuntimeError("the load generator did not end in time or failed")
        for task in self.tasks:
            if task.done() and not task.cancelled():
                task.result()
        if self.failure:
            raise self.failure

    def fail(self, _, context):
        """What goes wrong in a callback makes the run fail at its end."""
        self.failure = self.failure or context.get("exception") or RuntimeError(context["message"])

    # === Preparation ===

    async def prepare(self):
        replicas, target = self.parameters["replicas"], self.parameters["target_replicas"]
        spare = {"rolling": replicas, "scale_out": max(0, target - replicas)}
        total = replicas + spare.get(self.parameters["scenario"], 0)
        for name in range(total):
            self.pods.append(self.start_pod(name, is_new=name >= replicas))
        await asyncio.gather(*(self.heard(pod, "waiting") for pod in self.pods))
        for pod in self.pods[:replicas]:
            ago = self.parameters["startup_s"] + self.parameters["app_ready_delay_s"] + 1
            self.tell_start(pod, time.monotonic() - ago)
            await self.heard(pod, "listening")
        # Only what is planned within the run counts for its lateness.
        self.events.clear()
        for pod in self.pods[replicas:]:
            self.tasks.append(asyncio.ensure_future(self.heard(pod, "listening")))
        self.start_fronts([pod.port for pod in self.pods[:replicas]])
        await self.front_answers()

    def start_pod(self, name, is_new):
        arguments = {
            "parameters": self.parameters,
            "port": FIRST_POD_PORT + name,
            "seed": f"{self.orders['seed']}/pod/{name}",
        }
        command = [sys.executable, "-m", "harness.pod", json.dumps(arguments)]
        process = self.children.start(
            command, stdin=-1, stdout=-1, stderr=open(self.path(f"pod{name}.err"), "wb")
        )
        return Pod(name, process, is_new)

    async def heard(self, pod, event):
        """Waits for the pod to say that `event` happened."""
        if not hasattr(pod, "reader"):
            pod.reader = asyncio.StreamReader()
            protocol = asyncio.StreamReaderProtocol(pod.reader)
            await self.loop.connect_read_pipe(lambda: protocol, pod.process.stdout)
        line = (await pod.reader.readline()).split()
        if not line and pod.deleted:
            return
        if not line or line[0].decode() != event:
            raise RuntimeError(f"pod {pod.name}: expected `{event}`, heard {line}")
        self.note(event, float(line[1]), float(line[2]))

    def start_fronts(self, ports):
        kind = fronts.FRONTS[self.parameters["front"]]
        count = self.parameters["front_replicas"]
        for i in range(count):
            folder = self.path(f"front{i}")
            front = kind(self.parameters, folder, ports, count > 1, self.random, self.note)
            front.start(self.children, functools.partial(favour, self.orders["front_core"]))
            self.fronts.append(front)

    async def front_answers(self):
        """Waits until every front end listens: a connection is taken and closed."""
        for _ in range(200):
            await asyncio.sleep(0.02)
            if any(front.has_ended() for front in self.fronts):
                raise RuntimeError(f"a front end ended at once: see {self.path('front0')}")
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", fronts.PORT)
                writer.close()
            except OSError:
                continue
            # The second process of a shared port shows itself only by time.
            await asyncio.sleep(0.3)
            return
        raise RuntimeError("the front end does not listen")

    def start_clients(self, begin):
        orders = {
            "parameters": self.parameters,
            "port": fronts.PORT,
            "begin": begin,
            "seed": f"{self.orders['seed']}/clients",
            "records": self.path("requests.jsonl"),
        }
        return self.children.start([sys.executable, "-m", "harness.clients", json.dumps(orders)])

    def path(self, name):
        return os.path.join(self.orders["folder"], name)

    async def watch_front(self, planned):
        """Asks the front end twenty times a second for an answer that involves no pod."""
        request = f"GET {fronts.FIXED_ANSWER} HTTP/1.1\r\nHost: podloss\r\nConnection: close\r\n\r\n".encode()
        while True:
            await asyncio.sleep(planned - time.monotonic())
            asked = time.monotonic()
            reader, writer = await asyncio.open_connection("127.0.0.1", fronts.PORT)
            writer.write(request)
            await reader.readline()
            writer.close()
            self.front_waits.append(time.monotonic() - asked)
            planned += 0.05

    # === Controller ===

    def act(self):
        scenario = self.parameters["scenario"]
        self.note("act", self.t0)
        if scenario == "rolling":
            self.rolling = True
            self.evaluate()
        elif scenario == "scale_in":
            for pod in self.pods[: self.parameters["replicas"] - self.parameters["target_replicas"]]:
                self.delete(pod)
        elif scenario == "scale_out":
            for pod in self.pods[self.parameters["replicas"] :]:
                self.create(pod)

    def evaluate(self):
        while self.rolling:
            living = [pod for pod in self.pods if pod.created and not pod.deleted]
            seen = [(pod.name, pod.is_new, pod.is_ready) for pod in living]
            create, delete = next_step(self.parameters, seen)
            for _ in range(create):
                self.create(next(pod for pod in self.pods if not pod.created))
            for name in delete:
                self.delete(self.pods[name])
            if not create and not delete:
                return

    # === Kubelet ===

    def create(self, pod):
        pod.created = True
        starts = time.monotonic() + self.parameters["container_start_s"]
        self.at("start", starts, functools.partial(self.process_starts, pod, starts))

    def process_starts(self, pod, starts):
        self.tell_start(pod, starts)
        if self.parameters["readiness"] == "none":
            self.ready(pod)
        else:
            first = starts + self.parameters["probe_initial_delay_s"]
            self.tasks.append(asyncio.ensure_future(self.probe(pod, first)))

    def tell_start(self, pod, moment):
        pod.process.stdin.write(f"start {moment:.6f}\n".encode())
        pod.process.stdin.flush()

    async def probe(self, pod, planned):
        while not pod.deleted:
            await asyncio.sleep(planned - time.monotonic())
            self.note("probe", planned)
            if await self.passes(pod):
                return self.ready(pod)
            planned += self.parameters["probe_period_s"]

    async def passes(self, pod):
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", pod.port)
        except OSError:
            return False
        writer.write(b"GET /ready HTTP/1.1\r\nHost: pod\r\nConnection: close\r\n\r\n")
        try:
            line = await asyncio.wait_for(reader.readline(), self.parameters["probe_timeout_s"])
        except (OSError, asyncio.TimeoutError):
            return False
        finally:
            writer.close()
        return b" 200 " in line

    def ready(self, pod):
        if not pod.deleted:
            pod.is_ready = True
            self.propagate(pod, True)
            self.evaluate()

    def delete(self, pod):
        now = time.monotonic()
        pod.deleted, pod.is_ready = True, False
        self.propagate(pod, False)
        if not pod.created:
            return
        grace, hook = self.parameters["grace_s"], self.parameters["prestop_s"]
        term = now + min(hook, grace)
        kill = term + max(2.0, grace - hook)
        self.at("SIGTERM", term, functools.partial(send, pod, signal.SIGTERM))
        self.at("SIGKILL", kill, functools.partial(send, pod, signal.SIGKILL))
        if self.parameters["after_exit"] == "blackhole":
            self.tasks.append(asyncio.ensure_future(self.swallow(pod)))

    async def swallow(self, pod):
        """Once the pod has ended, nobody answers on its port, not even with a refusal.

        The kernel drops SYNs for a listener whose accept queue is full, and a queue for which no room
        is asked holds one connection.
        """
        while pod.process.poll() is None:
            await asyncio.sleep(EXIT_LOOK)
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", pod.port))
        listener.listen(0)
        # Somebody else may have taken the one place meanwhile: then this one waits, and the queue is full.
        filler = socket.socket()
        filler.setblocking(False)
        filler.connect_ex(("127.0.0.1", pod.port))
        self.holes += [listener, filler]

    # === Propagation ===

    def propagate(self, pod, add):
        now = time.monotonic()
        for i, front in enumerate(self.fronts):
            key = "prop_add_s" if add else ("prop_remove_s", "prop_remove2_s")[min(i, 1)]
            delay = self.random.uniform(*self.parameters[key])
            if not add:
                self.removal_delays.append((pod.name, i, round(delay, 4)))
            change = functools.partial(self.change, front, pod, add)
            self.at("list", now + delay, change)

    def change(self, front, pod, add):
        if not (add and pod.deleted):
            front.change(pod.port, add)

    def at(self, name, planned, action):
        def happen():
            self.note(name, planned)
            action()

        self.loop.call_at(planned, happen)

    # === Result ===

    def result(self):
        with open(self.path("requests.jsonl"), encoding="ascii") as lines:
            records = [json.loads(line) for line in lines]
        statuses, methods, causes = collections.Counter(), collections.Counter(), collections.Counter()
        for _, _, _, status, method in records:
            statuses[str(status)] += 1
            methods[f"{status} {method}"] += 1
        for front in self.fronts:
            causes.update(front.causes())
        failed = sorted(ended - self.t0 for _, _, ended, status, _ in records if status != 200)
        waits = sorted(self.front_waits)
        late = sorted(started - planned for planned, started, _, _, _ in records)
        return {
            "requests": len(records),
            "statuses": dict(statuses),
            "by_method": dict(methods),
            "causes": dict(causes),
            "failed_at_s": [round(at, 3) for at in failed],
            "removal_delays": self.removal_delays,
            "timeline": [
                (name, round(planned - self.t0, 4), round(happened - self.t0, 4))
                for name, planned, happened in sorted(self.events, key=lambda event: event[1])
            ],
            "late_events_ms": round(1000 * max((h - p for _, p, h in self.events), default=0.0), 2),
            "front_p95_ms": round(1000 * waits[int(0.95 * (len(waits) - 1))], 2) if waits else 0.0,
            "late_requests_p99_ms": round(1000 * late[int(0.99 * (len(late) - 1))], 2),
            "late_requests_max_ms": round(1000 * late[-1], 2),
        }


def send(pod, signal_number):
    if pod.process.poll() is None:
        pod.process.send_signal(signal_number)


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    signal.signal(signal.SIGTERM, interrupted)
    with open(sys.argv[1], encoding="utf-8") as source:
        orders = json.load(source)
    with Children() as children:
        rig = Rig(orders, children)
        try:
            asyncio.run(rig.run())
        except KeyboardInterrupt:
            sys.exit(130)
    # The front ends have ended: their logs are complete.
    with open(orders["result"], "w", encoding="utf-8") as out:
        json.dump(rig.result(), out)


if __name__ == "__main__":
    main()
