"""Whether a prediction holds: the rule by which `podloss conform` judges measured rows."""

import math
import statistics


def spread(values):
    """Mean, smallest, largest and standard deviation."""
    return {
        "mean": round(statistics.fmean(values), 4),
        "min": min(values),
        "max": max(values),
        "sd": round(statistics.stdev(values), 4) if len(values) > 1 else 0.0,
    }


def allowed(measured, repeats):
    """How far the predicted mean may be from the measured one.

    10 % of the mean or three standard errors, whichever is more; at least half a request where few
    are lost; less than half a request where none was.
    """
    if measured["mean"] == 0:
        return 0.5
    error = max(measured["sd"], 0.8 * math.sqrt(measured["mean"])) / math.sqrt(repeats)
    far = max(0.1 * measured["mean"], 3 * error)
    return max(far, 0.5) if measured["mean"] < 5 else far


NOTHING = {"mean": 0.0, "sd": 0.0}


def judge(row, predicted):
    """Lines (status, measured, predicted, allowed, holds) for every status but 200, and the verdict.

    The verdict is "holds", "misses" or, without a prediction, "not predicted".
    """
    measured = row["counts_per_status"]
    foretold = predicted["counts_per_status"] if predicted else {}
    lines, holds = [], True
    for status in sorted((set(measured) | set(foretold)) - {"200"}):
        have, want = measured.get(status, NOTHING), foretold.get(status, NOTHING)
        limit = allowed(have, row["repeats"])
        difference = abs(want["mean"] - have["mean"])
        fits = difference < limit if have["mean"] == 0 else difference <= limit
        lines.append((status, have, want, limit, fits))
        holds &= fits
    if predicted is None:
        return lines, "not predicted"
    requests, foretold = row["n_requests"], predicted["n_requests"]
    if abs(foretold["mean"] - requests["mean"]) > 0.05 * requests["mean"]:
        holds = False
        lines.append(("requests", requests, foretold | {"sd": 0.0}, 0.05 * requests["mean"], False))
    return lines, "holds" if holds else "misses"
