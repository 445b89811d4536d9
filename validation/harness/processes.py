"""Starting processes that run on time, and ending exactly those."""

import ctypes
import os
import platform
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
SYS_SCHED_SETATTR = 314 if platform.machine() == "x86_64" else 274
SLICE_NS = 100_000
"""The shortest time slice that Linux grants; who has a short one is scheduled soon after waking."""
PRIORITY = 10
"""Real-time priority of everything whose timing matters; any number above 0 beats all ordinary work."""

LIBC = ctypes.CDLL(None, use_errno=True)


class Placing:
    """Where a run's processes run, and whether they may be punctual."""

    def __init__(self, core, front_core, real_time):
        self.core = core
        self.front_core = front_core
        self.real_time = real_time

    @classmethod
    def of_this_machine(cls):
        """One core for everything that is played, another for the front ends if there is one: on
        a core of their own they are not held up by the clients that they answer."""
        allowed = os.sched_getaffinity(0)
        return cls(max(allowed), min(allowed), may_run_in_real_time())

    def bind(self):
        """Pins the calling process, with real-time priority if allowed."""
        os.sched_setaffinity(0, {self.core})
        if self.real_time:
            os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))


def may_run_in_real_time():
    """Whether this user may ask for real-time scheduling. Changes nothing that lasts."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError:
        return False
    os.sched_setscheduler(0, *before)
    return True


class SchedulingAttributes(ctypes.Structure):
    """struct sched_attr, first version."""

    _fields_ = [
        ("size", ctypes.c_uint32),
        ("policy", ctypes.c_uint32),
        ("flags", ctypes.c_uint64),
        ("nice", ctypes.c_int32),
        ("priority", ctypes.c_uint32),
        ("runtime", ctypes.c_uint64),
        ("deadline", ctypes.c_uint64),
        ("period", ctypes.c_uint64),
    ]


def favour(core):
    """Pins the calling process to a core, first among those of the ordinary scheduler if allowed.

    For front ends. Two nginx workers that share a listening socket race for each connection, and
    under a real-time scheduler on one core the race nearly always has the same winner. The short
    slice counts since Linux 6.12; before, it is ignored. Where Linux shares time between sessions
    first (autogroup), only a session of its own can be favoured.
    """
    os.setsid()
    try:
        with open("/proc/self/autogroup", "w", encoding="ascii") as group:
            group.write("-20")
    except OSError:
        pass
    os.sched_setaffinity(0, {core})
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    attributes = SchedulingAttributes(nice=-20, runtime=SLICE_NS)
    attributes.size = ctypes.sizeof(attributes)
    LIBC.syscall(SYS_SCHED_SETATTR, 0, ctypes.byref(attributes), 0)


class Children:
    """Child processes, each of which ends with this one whatever happens to it."""

    def __init__(self):
        self.running = []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.end_all()

    def start(self, command, scheduling=None, **options):
        """Starts a process, after calling `scheduling` in it.

        If this process dies, even by SIGKILL, the kernel sends the child SIGTERM.
        """
        parent = os.getpid()

        def prepare():
            LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
            if os.getppid() != parent:
                os._exit(1)
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            if scheduling:
                scheduling()

        child = subprocess.Popen(command, preexec_fn=prepare, **options)
        self.running.append(child)
        return child

    def end_all(self):
        """SIGTERM to each by its process id, SIGKILL after two seconds, and waits for it."""
        for child in self.running:
            if child.poll() is None:
                child.send_signal(signal.SIGTERM)
        deadline = time.monotonic() + 2
        for child in self.running:
            try:
                child.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                child.kill()
                child.wait()
        self.running.clear()
