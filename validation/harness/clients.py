"""The load: open-loop Poisson arrivals, or users who wait for their answer and think.

Reads its orders as one JSON argument, writes one JSON line per request: planned start, start, end,
status (0 without an HTTP answer), method. Times are seconds of the monotonic clock.
"""

import asyncio
import gc
import json
import os
import random
import sys
import time

ADDRESS = "127.0.0.1"


class Exchange(asyncio.Protocol):
    """A client connection. `ask` sends one request and waits for its status."""

    def __init__(self):
        self.transport = None
        self.received = b""
        self.answered = None
        self.usable = False

    def connection_made(self, transport):
        self.transport = transport
        self.usable = True

    def data_received(self, data):
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return
        lower = head.lower()
        length = int(lower.partition(b"content-length:")[2].partition(b"\r\n")[0] or 0)
        if len(body) < length:
            return
        self.received = b""
        if b"connection: close" in lower:
            self.usable = False
            self.transport.close()
        self.finish(int(head.split(b" ", 2)[1]))

    def connection_lost(self, _):
        self.usable = False
        self.finish(0)

    def finish(self, status):
        if self.answered and not self.answered.done():
            self.answered.set_result(status)

    async def ask(self, method, keep_alive, patience):
        self.answered = asyncio.get_running_loop().create_future()
        how = b"keep-alive" if keep_alive else b"close"
        body = b"Content-Length: 4\r\n\r\nbody" if method == "POST" else b"\r\n"
        head = method.encode() + b" / HTTP/1.1\r\nHost: podloss\r\nConnection: " + how + b"\r\n"
        self.transport.write(head + body)
        try:
            return await asyncio.wait_for(self.answered, patience)
        except asyncio.TimeoutError:
            self.transport.abort()
            return 0


class Clients:
    def __init__(self, orders):
        self.parameters = orders["parameters"]
        self.port = orders["port"]
        self.begin = orders["begin"]
        self.random = random.Random(orders["seed"])
        self.records = []

    async def run(self):
        open_loop = self.parameters["load"] == "open"
        await (self.arrivals() if open_loop else self.users())

    def method(self):
        return "POST" if self.random.random() < self.parameters["post_share"] else "GET"

    async def connect(self):
        loop = asyncio.get_running_loop()
        _, exchange = await loop.create_connection(Exchange, ADDRESS, self.port)
        return exchange

    async def arrivals(self):
        """Exponential gaps; a late start of one request delays no other."""
        rate, end = self.parameters["rate_rps"], self.begin + self.parameters["duration_s"]
        at, tasks = self.begin, []
        while (at := at + self.random.expovariate(rate)) < end:
            await asyncio.sleep(at - time.monotonic())
            tasks.append(asyncio.ensure_future(self.once(at, self.method())))
        await asyncio.gather(*tasks)

    async def once(self, planned, method):
        started = time.monotonic()
        try:
            exchange = await self.connect()
        except OSError:
            self.records.append((planned, started, time.monotonic(), 0, method))
            return
        status = await exchange.ask(method, False, self.parameters["client_timeout_s"])
        self.records.append((planned, started, time.monotonic(), status, method))
        exchange.transport.close()

    async def users(self):
        ramp = max(self.parameters["think_s"], 0.05)
        starts = [self.begin + self.random.uniform(0, ramp) for _ in range(self.parameters["conns"])]
        await asyncio.gather(*(self.user(at) for at in starts))

    async def user(self, planned):
        keep_alive = self.parameters["client_keepalive"]
        end = self.begin + self.parameters["duration_s"]
        exchange = None
        while planned < end:
            await asyncio.sleep(planned - time.monotonic())
            started, method = time.monotonic(), self.method()
            status = 0
            try:
                if exchange is None or not exchange.usable:
                    exchange = await self.connect()
                status = await exchange.ask(method, keep_alive, self.parameters["client_timeout_s"])
            except OSError:
                exchange = None
            ended = time.monotonic()
            self.records.append((planned, started, ended, status, method))
            if exchange and not keep_alive:
                exchange.transport.close()
                exchange = None
            planned = ended + self.parameters["think_s"]


async def main():
    orders = json.loads(sys.argv[1])
    clients = Clients(orders)
    gc.freeze()
    gc.disable()
    await clients.run()
    with open(orders["records"], "w", encoding="ascii") as out:
        for record in clients.records:
            out.write(json.dumps(record) + "\n")
        out.flush()
        os.fsync(out.fileno())


if __name__ == "__main__":
    asyncio.run(main())
