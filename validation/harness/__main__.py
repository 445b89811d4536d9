"""Predicts, measures, compares, reports.

    validation/run [--short] [--only NAME,NAME] [--repeats N] [--out DIR] [--podloss PATH] [--keep]
"""

import argparse
import functools
import json
import os
import shutil
import signal
import subprocess
import sys
import time

from . import configurations, measure, plot, prediction, report
from .fronts import PACKAGED
from .processes import Children, Placing
from .verdict import judge

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
ROOT = os.path.dirname(HERE)


def arguments():
    parser = argparse.ArgumentParser(prog="validation/run", description="podloss beside the real thing")
    parser.add_argument("--short", action="store_true", help="the rows marked short, one run each")
    parser.add_argument("--only", metavar="NAME,NAME", help="these rows")
    parser.add_argument("--repeats", type=int, help="runs per row (default 5, or what the row says; with --short 1)")
    parser.add_argument("--out", default=os.path.join(HERE, "out"), help="folder for everything written")
    parser.add_argument("--podloss", help="the program (default: built with cargo)")
    parser.add_argument("--keep", action="store_true", help="keep the runs' logs")
    parser.add_argument("--again", action="store_true", help="report what is in the folder; measure nothing")
    return parser.parse_args()


def chosen(options):
    rows = configurations.load(os.path.join(HERE, "configurations.toml"))
    names = options.only.split(",") if options.only else [r["name"] for r in rows if r["short"] or not options.short]
    unknown = sorted(set(names) - {row["name"] for row in rows})
    if unknown:
        sys.exit(f"validation: no row is called {', '.join(unknown)}")
    return [row for row in rows if row["name"] in names]


def provide(fronts):
    """Installs what the first row of these front ends would miss, or ends with exit code 2."""
    if "kube-proxy" in fronts and os.geteuid() != 0:
        sys.exit(unable("rows of kube-proxy need root, for a network of their own"))
    if "traefik" in fronts and shutil.which("openssl") is None:
        sys.exit(unable("rows of Traefik need openssl, for a certificate"))
    for front in sorted(fronts & set(PACKAGED)):
        PACKAGED[front].install()
    for front in sorted(fronts & {"ingress-nginx", "kube-proxy"}):
        if subprocess.run(["bash", os.path.join(HERE, "install.sh"), front], check=False).returncode != 0:
            sys.exit(unable(f"{front} lacks a package"))


def unable(why):
    print(f"validation: {why}", file=sys.stderr)
    return 2


def built(options):
    if options.podloss:
        return os.path.abspath(options.podloss)
    command = ["cargo", "build", "--quiet", "--message-format", "json", "--bin", "podloss"]
    lines = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE).stdout.splitlines()
    made = [json.loads(line).get("executable") for line in lines if line.startswith(b"{")]
    return next(path for path in made if path)


def run(options, children):
    out = os.path.abspath(options.out)
    paths = {name: os.path.join(out, name) for name in ("rows.json", "prediction.jsonl", "measured.json")}
    podloss = built(options)
    if options.again:
        return finish(podloss, out, paths)
    rows = chosen(options)
    provide({row["parameters"]["front"] for row in rows})
    shutil.rmtree(os.path.join(out, "runs"), ignore_errors=True)
    os.makedirs(out, exist_ok=True)
    prediction.write(paths["rows.json"], dump(configurations.as_rows(rows)))
    prediction.predict(podloss, paths["rows.json"], paths["prediction.jsonl"])
    print(f"predicted {len(rows)} rows, sealed in {paths['prediction.jsonl']}.seal", flush=True)

    placing = Placing.of_this_machine()
    if not placing.real_time:
        print("no right to real-time priority: runs may be late and discarded", flush=True)
    began = time.time()
    prediction.check(paths["rows.json"], paths["prediction.jsonl"], began)
    measured = []
    for row in rows:
        print(row["name"], flush=True)
        repeats = options.repeats or (1 if options.short else row["repeats"])
        measured.append(measure.measure(row, repeats, out, children, placing, functools.partial(print, flush=True)))
    prediction.check(paths["rows.json"], paths["prediction.jsonl"], began)
    document = configurations.as_rows(rows) | {
        "about": "measured by validation/run",
        "command": command(options),
        "versions": measure.versions(podloss, options.podloss is None),
        "seal": prediction.check(paths["rows.json"], paths["prediction.jsonl"], began),
        "measured_from": began,
        "real_time": placing.real_time,
        "rows": measured,
    }
    prediction.write(paths["measured.json"], dump(document))
    if not options.keep:
        shutil.rmtree(os.path.join(out, "runs"))
    return finish(podloss, out, paths)


def command(options):
    """What decides the result, without where things lie on this machine."""
    said = ["validation/run"]
    said += ["--short"] if options.short else []
    said += [f"--only {options.only}"] if options.only else []
    said += [f"--repeats {options.repeats}"] if options.repeats else []
    return " ".join(said)


def finish(podloss, out, paths):
    """Compares, writes the report and the plot, and returns the exit code: 3 if a row misses."""
    with open(paths["measured.json"], encoding="utf-8") as source:
        document = json.load(source)
    prediction.check(paths["rows.json"], paths["prediction.jsonl"], document["measured_from"])
    predicted = prediction.load(paths["prediction.jsonl"])
    judged = [(row, predicted[row["name"]], *judge(row, predicted[row["name"]])) for row in document["rows"]]
    causes = report.causes_by_podloss(podloss, paths["measured.json"])
    with open(os.path.join(out, "validation.md"), "w", encoding="utf-8") as target:
        target.write(report.markdown(document, judged, causes))
    with open(os.path.join(out, "validation.svg"), "w", encoding="utf-8") as target:
        target.write(plot.svg(judged))
    missed = [row["name"] for row, _, _, verdict in judged if verdict == "misses"]
    for row, foretold, lines, verdict in judged:
        said = "; ".join(report.words(line, foretold is not None) for line in lines)
        print(f"{verdict:>13}  {row['name']}: {said or 'nothing lost, as predicted'}")
    print(f"report: {os.path.join(out, 'validation.md')}")
    return 3 if missed else 0


def dump(document):
    return json.dumps(document, indent=1, ensure_ascii=False).encode() + b"\n"


def interrupted(*_):
    raise KeyboardInterrupt


def main():
    options = arguments()
    signal.signal(signal.SIGTERM, interrupted)
    with Children() as children:
        try:
            return run(options, children)
        except KeyboardInterrupt:
            print("validation: interrupted; every process it started is being ended", file=sys.stderr)
            return 130
        except (measure.GivenUp, prediction.Broken, RuntimeError, ValueError) as error:
            print(f"validation: {error}", file=sys.stderr)
            return 1


if __name__ == "__main__":
    sys.exit(main())
