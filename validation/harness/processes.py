"""Starting processes that run on time, and ending exactly those."""

import ctypes
import os
import signal
import subprocess
import time

PR_SET_PDEATHSIG = 1
PRIORITY = 10
"""Real-time priority of everything whose timing matters; any number above 0 beats all ordinary work."""

LIBC = ctypes.CDLL(None, use_errno=True)


def may_run_in_real_time():
    """Whether this user may ask for real-time scheduling. Changes nothing that lasts."""
    before = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError:
        return False
    os.sched_setscheduler(0, *before)
    return True


def choose_core():
    """The last core that this process may use: interrupts gather on the first."""
    return max(os.sched_getaffinity(0))


def bind(core, real_time):
    """Pins the calling process to a core and, if allowed, gives it real-time priority."""
    os.sched_setaffinity(0, {core})
    if real_time:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))


def favour(core):
    """Pins the calling process to a core, with an ordinary scheduler's highest priority if allowed.

    For front ends. Two nginx workers that share a listening socket race for each connection, and
    under a real-time scheduler on one core the race always has the same winner.
    """
    os.sched_setaffinity(0, {core})
    os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))
    try:
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    except PermissionError:
        pass


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
