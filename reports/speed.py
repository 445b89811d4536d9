"""Turns lines of `NAME_rps=... ns=...` into the table of speed, the best of each name.

The README shows the same lines. Ratios are those of the figures as printed, so that readers can check them."""

import re
import sys

WHAT = {
    "steady": "one rolling update",
    "calm": "the same without it",
    "patient": "`calm` without timeouts",
    "steady-closed": "200 connections",
    "steady-lc": "least connections, clients that try again",
    "steady-cpu": "pods at their CPU limit",
    "k1000": "`calm` with 1,000 pods",
    "k10000": "with 10,000 pods",
}
BARE = {"steady-cpu": "ps"}

best = {}
for line in sys.stdin:
    found = re.match(r"(\S+)_rps=\S+ ns=([\d.]+)", line)
    if found:
        name, ns = found[1], round(float(found[2]), 1)
        best[name] = min(ns, best.get(name, ns))

bare = {name: best[name] for name in ("limit_event", "ps") if name in best}
if bare:
    print("Bare loops: " + ", ".join(f"{name} {ns:.1f} ns" for name, ns in bare.items()) + " a request.\n")
print("| workload | ns per request | million requests/s | ratio to the bare loop |")
print("|---|---:|---:|---:|")
for name, what in WHAT.items():
    if name not in best:
        continue
    ns = best[name]
    yard = BARE.get(name, "limit_event")
    if name.startswith("k1"):
        ratio = f"{ns / best['calm']:.2f} times `calm`"
    elif yard in best:
        ratio = f"{ns / best[yard]:.2f}"
    else:
        ratio = ""
    print(f"| `{name}`: {what} | {ns:.1f} | {1e3 / ns:.1f} | {ratio} |")
