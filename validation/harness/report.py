"""The comparison as Markdown."""

import json
import subprocess


def number(value):
    return f"{value:.1f}"


def words(line, predicted=True):
    status, have, want, limit, fits = line
    if not predicted:
        return f"{status}: measured {number(have['mean'])}"
    mark = "" if fits else ", outside"
    return f"{status}: measured {number(have['mean'])}, predicted {number(want['mean'])}, allowed {number(limit)}{mark}"


def causes_by_podloss(podloss, measured_path):
    """What podloss itself says about the measured rows: causes side by side, and its own verdict.

    The table that maps front ends' words for causes to podloss' lives there, and only there.
    """
    command = [podloss, "conform", "-o", "json", measured_path]
    done = subprocess.run(command, capture_output=True, check=False, timeout=600)
    if done.returncode not in (0, 3):
        raise RuntimeError(f"podloss conform failed: {done.stderr.decode()}")
    listed = json.loads(done.stdout)["files"][0]["vectors"]
    return {finding["id"]: finding for finding in listed}


STATES = {"passed": "holds", "failed": "misses", "not modelled": "not predicted"}


def markdown(document, judged, causes):
    versions = document["versions"]
    counts = {}
    for row, _, _, verdict in judged:
        counts[verdict] = counts.get(verdict, 0) + 1
        said = STATES[causes[row["name"]]["state"]]
        if said != verdict:
            raise RuntimeError(f"{row['name']}: the harness says {verdict}, podloss conform says {said}")
    text = [
        "| | |\n|---|---|",
        f"| command | `{document['command']}` |",
        f"| date | {versions['date']} |",
        f"| podloss | {versions['podloss']} |",
        f"| front ends | {', '.join(programs(document))} |",
        f"| system | {versions['kernel']}, Python {versions['python']} |",
        f"| prediction | written and sealed {document['measured_from'] - document['seal']['written']:.1f} s before"
        f" the first run, SHA-256 `{document['seal']['prediction_sha256'][:16]}`... |",
        f"| late runs discarded | {sum(len(row['discarded_runs']) for row, _, _, _ in judged)} |",
        f"| result | {', '.join(f'{n} {verdict}' for verdict, n in sorted(counts.items()))} |",
        "",
        "| row | status | measured mean (sd) | predicted mean (sd) | allowed | |",
        "|---|---|---:|---:|---:|---|",
    ]
    for row, predicted, lines, verdict in judged:
        text.extend(table_lines(row, predicted, lines, verdict))
    text.append("")
    text.append("## Rows\n")
    for row, _, _, _ in judged:
        text.append(f"**{row['name']}**: {row['about']}.")
        text.extend(detail_lines(row, causes[row["name"]]))
        text.append("")
    return "\n".join(text)


def programs(document):
    """What took part, with its version."""
    versions = document["versions"]
    names = {
        "nginx": "{nginx}",
        "ingress-nginx": "{nginx} with its Lua module",
        "haproxy": "HAProxy {haproxy}",
        "envoy": "Envoy {envoy}",
        "traefik": "Traefik {traefik}",
        "kube-proxy": "{iptables}",
    }
    fronts = {row["parameters"]["front"] for row in document["rows"]}
    return [name.format(**versions) for front, name in names.items() if front in fronts]


def table_lines(row, predicted, lines, verdict):
    verdict = verdict if verdict != "misses" else "**misses**"
    if not lines:
        return [f"| {row['name']} | none lost | 0 | 0 | | {verdict} |"]
    out = []
    for i, (status, have, want, limit, fits) in enumerate(lines):
        foretold = f"{number(want['mean'])} ({number(want['sd'])})" if predicted else ""
        allowed = number(limit) if predicted else ""
        last = verdict if i == 0 else ""
        if not fits and predicted:
            last = f"**misses** by {number(abs(want['mean'] - have['mean']) - limit)}"
        out.append(
            f"| {row['name'] if i == 0 else ''} | {status} | {number(have['mean'])} ({number(have['sd'])})"
            f" | {foretold} | {allowed} | {last} |"
        )
    return out


def detail_lines(row, finding):
    """Causes beside each other where podloss predicts, else the measured ones; then the run itself."""
    if finding["state"] == "not modelled":
        listed = "; ".join(f"{key} {number(of['mean'])}" for key, of in row["causes"].items())
        causes = [f"- {listed}" if listed else "- nothing lost"]
    elif tells_causes(row):
        causes = [f"- {line.strip()}" for line in finding["lines"] if line.startswith("  ")]
    else:
        causes = ["- no log tells why requests were lost"]
    shares = [
        f"{key} {number(of['mean'])}"
        for key, of in row["counts_per_status_and_method"].items()
        if not key.startswith("200")
    ]
    if any(key.endswith("POST") for key in row["counts_per_status_and_method"]):
        causes.append("- by method: " + ("; ".join(shares) or "nothing lost"))
    when = row.get("failed_at_s")
    if when:
        causes.append(f"- errors from {when['first']:+.2f} to {when['last']:+.2f} s")
    causes.append(
        f"- {row['repeats']} runs of {row['n_requests']['mean']:.0f} requests; latest event"
        f" {row['late_events_ms']:.1f} ms after its time, 99 % of the requests within"
        f" {row['late_requests_p99_ms']:.1f} ms"
        + (f"; 95 % of the front end's own answers within {row['front_p95_ms']:.1f} ms" if row["front_p95_ms"] else "")
    )
    return causes


def tells_causes(row):
    """Whether the front end's log has a cause for what was lost."""
    lost = any(status != "200" for status in row["counts_per_status"])
    return not lost or any(not cause.endswith(":unknown") for cause in row["causes"])
