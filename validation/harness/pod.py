"""One pod: an HTTP server that starts, serves and stops as its parameters say.

Reads `start SECONDS` (monotonic clock) from standard input, writes what happens to standard output
as `EVENT PLANNED HAPPENED`. Its parent's death closes standard input, which ends it.
"""

import asyncio
import collections
import gc
import json
import math
import os
import random
import signal
import socket
import sys
import time


class Service:
    """Slots and one first-in-first-out queue. A request keeps its slot although its client left."""

    def __init__(self, parameters, seed):
        self.workers = parameters["workers"]
        self.mean = parameters["svc_mean_s"]
        self.sigma = parameters["svc_sigma"] if parameters["svc_dist"] == "lognormal" else 0.0
        self.random = random.Random(seed)
        self.busy = 0
        self.waiting = collections.deque()

    def enter(self, done):
        """Calls `done` when the request has been served."""
        if self.busy < self.workers:
            self.begin(done)
        else:
            self.waiting.append(done)

    def begin(self, done):
        self.busy += 1
        asyncio.get_running_loop().call_later(self.draw(), self.end, done)

    def end(self, done):
        self.busy -= 1
        done()
        if self.waiting:
            self.begin(self.waiting.popleft())

    def draw(self):
        if self.sigma == 0.0:
            return self.mean
        return self.random.lognormvariate(math.log(self.mean) - self.sigma**2 / 2, self.sigma)


class Connection(asyncio.Protocol):
    """One accepted connection; requests on it come one after the other."""

    def __init__(self, pod):
        self.pod = pod
        self.transport = None
        self.received = b""
        self.busy = False
        self.idle_timer = None

    def connection_made(self, transport):
        self.transport = transport
        self.pod.connections.add(self)

    def connection_lost(self, _):
        self.pod.connections.discard(self)
        if self.idle_timer:
            self.idle_timer.cancel()
        self.pod.leave_if_empty()

    def data_received(self, data):
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found or len(body) < content_length(head):
            return
        self.received = b""
        if self.idle_timer:
            self.idle_timer.cancel()
        if time.monotonic() < self.pod.serves_from:
            self.answer(b"503 Service Unavailable")
        elif head.startswith(b"GET /ready "):
            self.answer(b"200 OK")
        else:
            self.busy = True
            self.pod.service.enter(lambda: self.answer(b"200 OK"))

    def answer(self, status):
        self.busy = False
        if self.transport.is_closing():
            return
        keep = self.pod.idle_limit > 0 and not self.pod.draining
        how = b"" if keep else b"Connection: close\r\n"
        self.transport.write(b"HTTP/1.1 " + status + b"\r\nContent-Length: 2\r\n" + how + b"\r\nok")
        if keep:
            loop = asyncio.get_running_loop()
            self.idle_timer = loop.call_later(self.pod.idle_limit, self.transport.close)
        else:
            self.transport.close()

    def close_if_idle(self):
        if not self.busy and not self.received:
            self.transport.close()


def content_length(head):
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


class Pod:
    def __init__(self, parameters, port, seed):
        self.parameters = parameters
        self.port = port
        self.service = Service(parameters, seed)
        self.idle_limit = parameters["backend_keepalive_idle_s"]
        self.connections = set()
        self.serves_from = math.inf
        self.draining = False
        self.server = None
        self.finished = asyncio.Event()

    async def live(self):
        loop = asyncio.get_running_loop()
        mode = self.parameters["term_mode"]
        if mode == "graceful":
            loop.add_signal_handler(signal.SIGTERM, self.drain)
        elif mode == "linger":
            linger = self.parameters["linger_s"]
            loop.add_signal_handler(signal.SIGTERM, lambda: loop.call_later(linger, self.drain))
        elif mode == "ignore":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        else:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
        loop.add_reader(sys.stdin.fileno(), self.told)
        say("waiting", time.monotonic())
        await self.finished.wait()

    def told(self):
        line = os.read(sys.stdin.fileno(), 100)
        if not line:
            os._exit(0)
        opens = float(line.split()[1]) + self.parameters["startup_s"]
        self.serves_from = opens + self.parameters["app_ready_delay_s"]
        asyncio.get_running_loop().call_at(opens, lambda: asyncio.ensure_future(self.listen(opens)))

    async def listen(self, planned):
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.setblocking(False)
        loop = asyncio.get_running_loop()
        backlog = self.parameters["listen_backlog"]
        self.server = await loop.create_server(lambda: Connection(self), sock=listener, backlog=backlog)
        say("listening", planned)

    def drain(self):
        """Closes the listener and idle connections, finishes the rest, then ends."""
        self.draining = True
        if self.server:
            self.server.close()
        for connection in list(self.connections):
            connection.close_if_idle()
        self.leave_if_empty()

    def leave_if_empty(self):
        if self.draining and not self.connections:
            self.finished.set()


def say(event, planned):
    os.write(sys.stdout.fileno(), f"{event} {planned:.6f} {time.monotonic():.6f}\n".encode())


async def main():
    arguments = json.loads(sys.argv[1])
    pod = Pod(arguments["parameters"], arguments["port"], arguments["seed"])
    # A collection in the middle of a run would be a pause that nobody planned.
    gc.freeze()
    gc.disable()
    await pod.live()
    os._exit(0)


if __name__ == "__main__":
    asyncio.run(main())
