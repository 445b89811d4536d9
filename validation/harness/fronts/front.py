"""What all front ends have in common: the list of pods, and when a new one reaches the program."""

import asyncio
import math
import os
import time

PORT = 18080
"""Where clients connect."""
FIXED_ANSWER = "/on-time"
"""What front ends answer themselves at once: it tells whether they get the processor in time."""
BATCH = 0.005
"""Changes due within this time go to the front end together, seconds."""


class Pace:
    """When the controller of a front end may push: at most once per `gap` seconds, and only on the
    ticks of a clock if it has a period."""

    def __init__(self, gap, period, phase):
        self.gap = gap
        self.period = period
        self.phase = phase

    @classmethod
    def of(cls, parameters, gap, random):
        rate, period = parameters["ctl_sync_rate_per_s"], parameters["ctl_sync_period_s"]
        # A token bucket with room for one token is the same as a smallest distance.
        return cls(max(gap, 1 / rate if rate else 0.0), period, random.uniform(0.0, period))

    def next(self, now, last_push):
        due = max(now + BATCH, last_push + self.gap)
        if self.period:
            due = self.phase + math.ceil((due - self.phase) / self.period) * self.period
        return due


class Front:
    """One front-end process and the list of pods it knows."""

    gap = 0.0
    """Smallest time between two pushes that the program itself asks for, seconds."""
    answers_itself = True
    """Whether there is an answer that involves no pod."""

    def __init__(self, parameters, folder, ports, shared, random, note):
        self.parameters = parameters
        self.folder = folder
        self.ports = list(ports)
        self.shared = shared
        self.pace = Pace.of(parameters, self.gap, random)
        self.note = note
        self.process = None
        self.push_at = None
        self.last_push = 0.0
        os.makedirs(folder)

    def has_ended(self):
        return self.process is not None and self.process.poll() is not None

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
            self.push_at = self.pace.next(loop.time(), self.last_push)
            loop.call_at(self.push_at, self.push_now)

    def push_now(self):
        self.note("push", self.push_at)
        self.last_push, self.push_at = time.monotonic(), None
        self.push()

    def replace(self, name, text):
        """Writes a file of the front end's folder in one step: no reader sees half of it."""
        path = os.path.join(self.folder, name)
        with open(path + ".new", "w", encoding="ascii") as out:
            out.write(text)
        os.replace(path + ".new", path)
        return path


def milliseconds(seconds):
    return f"{round(seconds * 1000)}ms"
