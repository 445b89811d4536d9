"""Measures a row: repeats of one run, each checked for having happened on time."""

import json
import os
import shutil
import subprocess
import sys
import time

from .fronts import PACKAGED
from .fronts.haproxy import haproxy_path
from .verdict import spread

LATE_EVENT_MS = 25
"""A run counts only if every planned event happened this soon after its time."""
LATE_FRONT_MS = 5
"""A run counts only if the front end gives 95 % of its own answers within this."""
LATE_REQUEST_MS = 25
"""A run counts only if 99 % of the requests started this soon after their time."""
LATE_ANY_REQUEST_MS = 100
"""... and every single one this soon."""
OWN_NETWORK = ["unshare", "--net", "sh", "-c", 'ip link set lo up && exec "$@"', "sh"]
"""Runs a command with a loopback interface, addresses and rules of its own."""
ATTEMPTS = 8
"""How often a late run is tried again before the row is given up."""


class GivenUp(Exception):
    """The machine is too busy: a run was late every time."""


def measure(row, repeats, out, children, placing, say):
    """The row with its measured fields, in the format of measured rows, and what it took."""
    runs, discarded = [], []
    for repeat in range(repeats):
        for attempt in range(ATTEMPTS):
            run = one_run(row, repeat, attempt, out, children, placing)
            reason = lateness(run)
            say(f"  run {repeat + 1}: {run['requests']} requests, lost {lost(run)}" + (f", {reason}" if reason else ""))
            if reason is None:
                break
            discarded.append(reason)
        else:
            raise GivenUp(f"{row['name']}: run {repeat + 1} was late {ATTEMPTS} times, last: {reason}")
        runs.append(run)
    measured = {
        "name": row["name"],
        "about": row["about"],
        "parameters": row["parameters"],
        "repeats": repeats,
        "n_requests": spread([run["requests"] for run in runs]),
        "counts_per_status": by_key(runs, "statuses"),
        "counts_per_status_and_method": by_key(runs, "by_method"),
        "causes": by_key(runs, "causes"),
        "discarded_runs": discarded,
        "late_events_ms": max(run["late_events_ms"] for run in runs),
        "front_p95_ms": max(run["front_p95_ms"] for run in runs),
        "late_requests_p99_ms": max(run["late_requests_p99_ms"] for run in runs),
    }
    failed = [at for run in runs for at in run["failed_at_s"]]
    if failed:
        measured["failed_at_s"] = {"first": min(failed), "last": max(failed)}
    return measured


def one_run(row, repeat, attempt, out, children, placing):
    """Seeds differ between repeats; a repeated attempt at a late run has the same ones."""
    folder = os.path.join(out, "runs", f"{row['name']}-{repeat + 1}-{attempt + 1}")
    os.makedirs(folder)
    orders = {
        "parameters": row["parameters"],
        "seed": f"{row['name']}/{repeat}",
        "folder": folder,
        "front_core": placing.front_core,
        "result": os.path.join(folder, "result.json"),
    }
    path = os.path.join(folder, "orders.json")
    with open(path, "w", encoding="utf-8") as target:
        json.dump(orders, target)
    parameters = row["parameters"]
    apart = OWN_NETWORK if parameters["front"] == "kube-proxy" else []
    rig = children.start([*apart, sys.executable, "-B", "-m", "harness.rig", path], placing.bind)
    try:
        rig.wait(parameters["duration_s"] + parameters["client_timeout_s"] + 30)
    except subprocess.TimeoutExpired:
        raise RuntimeError(f"{folder}: the run did not end") from None
    finally:
        children.end_all()
    if rig.returncode != 0:
        raise RuntimeError(f"{folder}: the run failed")
    with open(orders["result"], encoding="utf-8") as source:
        return json.load(source)


def lateness(run):
    """Why the run must not count, or None."""
    if run["late_events_ms"] > LATE_EVENT_MS:
        return f"discarded: an event was {run['late_events_ms']} ms late"
    if run["front_p95_ms"] > LATE_FRONT_MS:
        return f"discarded: 5 % of the front end's own answers took {run['front_p95_ms']} ms"
    if run["late_requests_p99_ms"] > LATE_REQUEST_MS:
        return f"discarded: 1 % of the requests were {run['late_requests_p99_ms']} ms late"
    if run["late_requests_max_ms"] > LATE_ANY_REQUEST_MS:
        return f"discarded: a request was {run['late_requests_max_ms']} ms late"
    return None


def lost(run):
    return {status: n for status, n in sorted(run["statuses"].items()) if status != "200"} or "none"


def by_key(runs, field):
    keys = sorted({key for run in runs for key in run[field]})
    return {key: spread([run[field].get(key, 0) for run in runs]) for key in keys}


def versions(podloss, is_built_here):
    """What ran: programs, kernel, and where podloss comes from."""

    def first_line(*command):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        return (done.stdout + done.stderr).strip().split("\n")[0]

    return {
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
        "podloss": f"{first_line(podloss, '--version')}, {commit() if is_built_here else 'a given program'}",
        "nginx": first_line("nginx", "-v").replace("nginx version: ", ""),
        "haproxy": first_line(haproxy_path(), "-v").replace("HAProxy version ", "").split(" ")[0],
        "iptables": first_line("iptables", "--version") if shutil.which("iptables") else "absent",
        **{front: program.version for front, program in PACKAGED.items()},
        "kernel": first_line("uname", "-sr"),
        "python": sys.version.split()[0],
    }


def commit():
    """The commit from which podloss was built, with a mark if its files differ from it."""

    def git(*arguments):
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
        return done.stdout.strip()

    changed = git("status", "--porcelain", "--untracked-files=no", "--", "../src", "../Cargo.lock")
    return f"commit {git('rev-parse', '--short', 'HEAD')}{' with changes' if changed else ''}"
