"""The prediction, written down before anything is measured, and held to."""

import hashlib
import json
import os
import subprocess
import time


class Broken(Exception):
    """The order of prediction and measurement, or one of the files, is not what it must be."""


def predict(podloss, rows_path, prediction_path):
    """Runs `podloss conform --emit` and seals its output with hashes and the time."""
    emitted = subprocess.run(
        [podloss, "conform", "--emit", rows_path], check=True, capture_output=True, timeout=600
    ).stdout
    write(prediction_path, emitted)
    seal = {
        "written": time.time(),
        "rows_sha256": digest(rows_path),
        "prediction_sha256": digest(prediction_path),
    }
    write(prediction_path + ".seal", json.dumps(seal, indent=1).encode() + b"\n")
    return check(rows_path, prediction_path)


def check(rows_path, prediction_path, measured_from=None):
    """The seal, if files and order are as they were.

    # Raises
    Broken: a prediction is missing, changed, for other rows, or younger than the measurement.
    """
    try:
        with open(prediction_path + ".seal", encoding="utf-8") as source:
            seal = json.load(source)
    except FileNotFoundError:
        raise Broken("there is no sealed prediction: predict first") from None
    if seal["rows_sha256"] != digest(rows_path):
        raise Broken("the prediction was made for other parameters")
    if seal["prediction_sha256"] != digest(prediction_path):
        raise Broken("the prediction was changed after it was made")
    if measured_from is not None and measured_from <= seal["written"]:
        raise Broken("the measurement began before the prediction was written")
    return seal


def load(prediction_path):
    """Predictions by row name; None where podloss says that it does not model the row."""
    with open(prediction_path, encoding="utf-8") as source:
        return {line["id"]: line["output"] for line in map(json.loads, source)}


def digest(path):
    with open(path, "rb") as source:
        return hashlib.sha256(source.read()).hexdigest()


def write(path, content):
    with open(path, "wb") as out:
        out.write(content)
        out.flush()
        os.fsync(out.fileno())
