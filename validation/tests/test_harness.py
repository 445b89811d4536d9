"""The harness' own decisions. Run: cd validation && python3 -m unittest discover tests"""

import json
import os
import tempfile
import unittest

from harness import configurations, prediction, verdict
from harness.fronts import envoy, front, ingress, kube_proxy, traefik
from harness.fronts.nginx import nginx_causes
from harness.rollout import next_step

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def rollout(replicas, surge, unavailable):
    return {"replicas": replicas, "max_surge": surge, "max_unavailable": unavailable}


def pods(*kinds):
    """`old`, `new` ready; `new?`, `old?` not ready; oldest first."""
    return [(i, kind.startswith("new"), not kind.endswith("?")) for i, kind in enumerate(kinds)]


class Rollout(unittest.TestCase):
    def test_first_creates_the_surge(self):
        self.assertEqual(next_step(rollout(3, 1, 0), pods("old", "old", "old")), (1, []))

    def test_deletes_nothing_while_the_new_pod_is_not_ready(self):
        self.assertEqual(next_step(rollout(3, 1, 0), pods("old", "old", "old", "new?")), (0, []))

    def test_deletes_the_oldest_once_the_new_pod_is_ready(self):
        self.assertEqual(next_step(rollout(3, 1, 0), pods("old", "old", "old", "new")), (0, [0]))

    def test_without_surge_deletes_first(self):
        self.assertEqual(next_step(rollout(3, 0, 2), pods("old", "old", "old")), (0, [0, 1]))

    def test_unready_old_pods_go_first(self):
        self.assertEqual(next_step(rollout(3, 1, 0), pods("old", "old?", "old", "new")), (0, [1]))

    def test_is_done_when_all_are_new(self):
        self.assertEqual(next_step(rollout(2, 1, 0), pods("new", "new")), (0, []))


class Verdict(unittest.TestCase):
    def row(self, mean, sd, repeats=4, requests=1000.0):
        return {
            "repeats": repeats,
            "n_requests": {"mean": requests},
            "counts_per_status": {"502": {"mean": mean, "sd": sd}} if mean else {},
        }

    def judge(self, row, predicted, requests=1000.0):
        counts = {"502": {"mean": predicted, "sd": 1.0}}
        return verdict.judge(row, {"n_requests": {"mean": requests}, "counts_per_status": counts})[1]

    def test_ten_percent_are_allowed(self):
        self.assertEqual(self.judge(self.row(1000.0, 1.0), 1099.0), "holds")
        self.assertEqual(self.judge(self.row(1000.0, 1.0), 1101.0), "misses")

    def test_three_standard_errors_are_allowed(self):
        # 3 x 20 / sqrt(4) = 30
        self.assertEqual(self.judge(self.row(100.0, 20.0), 129.0), "holds")
        self.assertEqual(self.judge(self.row(100.0, 20.0), 131.0), "misses")

    def test_a_suspiciously_small_spread_is_not_believed(self):
        # 3 x 0.8 x sqrt(100) / sqrt(4) = 12
        self.assertEqual(self.judge(self.row(100.0, 0.0), 111.0), "holds")

    def test_a_measured_zero_needs_less_than_half_a_request(self):
        self.assertEqual(self.judge(self.row(0.0, 0.0), 0.49), "holds")
        self.assertEqual(self.judge(self.row(0.0, 0.0), 0.5), "misses")

    def test_the_number_of_requests_counts(self):
        self.assertEqual(self.judge(self.row(100.0, 1.0), 100.0, requests=1060.0), "misses")

    def test_no_prediction_is_no_miss(self):
        self.assertEqual(verdict.judge(self.row(100.0, 1.0), None)[1], "not predicted")


class Causes(unittest.TestCase):
    def test_a_failed_request_has_the_cause_of_its_last_attempt(self):
        error = (
            "2026/01/01 00:00:00 [error] 7#7: *3 connect() failed (111: Connection refused) while connecting\n"
            "2026/01/01 00:00:00 [error] 7#7: *3 upstream prematurely closed connection while reading\n"
            "2026/01/01 00:00:00 [error] 7#7: *4 connect() failed (111: Connection refused) while connecting\n"
            "2026/01/01 00:00:00 [error] 7#7: *4 upstream timed out (110: Connection timed out) while reading\n"
        )
        access = (
            "7 3 502 GET [502, 502] 1.0 0.1\n"
            "7 4 200 GET [502, 200] 1.0 0.1\n"
            "7 4 504 GET [504] 2.0 0.1\n"
            "7 5 503 GET [-] 2.0 0.1\n"
        )
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("access", "error")]
            for path, text in zip(paths, (access, error)):
                with open(path, "w", encoding="ascii") as out:
                    out.write(text)
            counts = nginx_causes(*paths)
        expected = {"502:premature_close": 1, "504:read_timeout": 1, "503:no_endpoints": 1}
        self.assertEqual(dict(counts), expected)


    def test_envoys_flags_are_causes_the_deciding_ones_first(self):
        log = (
            "503 UF,URX upstream_reset_before_response_started{remote_connection_failure|x}\n"
            "503 UF upstream_reset_before_response_started{connection_timeout}\n"
            "503 UF,UO upstream_reset_before_response_started{remote_connection_failure|x}\n"
            "503 UC upstream_reset_before_response_started{connection_termination}\n"
            "504 UT response_timeout\n"
            "503 UH no_healthy_upstream\n"
            "503 - via_upstream\n"
            "200 - via_upstream\n"
        )
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "log")
            prediction.write(path, log.encode())
            counts = envoy.envoy_causes(path)
        expected = {
            "503:connect_refused": 1,
            "503:connect_timeout": 1,
            "503:overflow": 1,
            "503:premature_close": 1,
            "504:read_timeout": 1,
            "503:no_endpoints": 1,
            "503:backend_503": 1,
        }
        self.assertEqual(dict(counts), expected)


class Pace(unittest.TestCase):
    def next(self, now, last, gap=0.0, period=0.0, phase=0.0):
        return round(front.Pace(gap, period, phase).next(now, last), 4)

    def test_changes_go_together_and_not_too_often(self):
        self.assertEqual(self.next(10.0, 0.0), 10.005)
        self.assertEqual(self.next(10.0, 9.0, gap=3.3), 12.3)

    def test_a_clock_has_ticks(self):
        self.assertEqual(self.next(10.0, 0.0, period=5.0, phase=1.0), 11.0)
        self.assertEqual(self.next(10.996, 0.0, period=5.0, phase=1.0), 16.0)


class Envoy(unittest.TestCase):
    def bootstrap(self, **changed):
        rows = configurations.load(os.path.join(HERE, "configurations.toml"))
        parameters = next(row["parameters"] for row in rows if row["parameters"]["front"] == "envoy")
        return json.dumps(envoy.bootstrap(parameters | changed, "watched", "log"))

    def test_every_parameter_is_in_the_configuration(self):
        for name, value in (
            ("envoy_lb", "least_request" if "ROUND_ROBIN" in self.bootstrap() else "round_robin"),
            ("envoy_retry_on", "reset"),
            ("envoy_cb_max_retries", 77),
            ("envoy_outlier", True),
            ("envoy_panic_threshold_pct", 1.0),
            ("connect_timeout_s", 7.0),
            ("read_timeout_s", 8.0),
        ):
            self.assertNotEqual(self.bootstrap(), self.bootstrap(**{name: value}), name)
        retrying = {"envoy_retry_on": "reset"}
        for name, value in (("envoy_num_retries", 9), ("envoy_retry_other_host", True)):
            self.assertNotEqual(self.bootstrap(**retrying), self.bootstrap(**retrying | {name: value}), name)
        watching = {"envoy_outlier": True}
        for name, value in (("envoy_max_ejection_percent", 77), ("envoy_always_eject_one_host", True)):
            self.assertNotEqual(self.bootstrap(**watching), self.bootstrap(**watching | {name: value}), name)


class Traefik(unittest.TestCase):
    PARAMETERS = {
        "connect_timeout_s": 5.0,
        "read_timeout_s": 10.0,
        "traefik_throttle_s": 0.0,
        "traefik_retry_attempts": 3,
        "traefik_retry_interval_s": 0.0,
        "traefik_retry_status": "",
    }

    def configured(self, **changed):
        parameters = self.PARAMETERS | changed
        options = traefik.static_options(parameters, "watched", "access", "log")
        return options, traefik.configuration(parameters, [21000], {})

    def test_every_parameter_is_in_the_configuration(self):
        for name in self.PARAMETERS:
            changed = "502" if name == "traefik_retry_status" else 7
            self.assertNotEqual(self.configured(), self.configured(**{name: changed}), name)

    def causes(self, statuses, errors):
        lines = [{"RequestPath": "/", "DownstreamStatus": status} for status in statuses]
        lines.append({"RequestPath": front.FIXED_ANSWER, "DownstreamStatus": 404})
        said = [{"caller": "proxy.go:1", "message": f"{status} Bad", "error": error} for status, error in errors]
        with tempfile.TemporaryDirectory() as folder:
            paths = [os.path.join(folder, name) for name in ("access", "log")]
            for path, entries in zip(paths, (lines, said + [{"message": "Service selected"}])):
                prediction.write(path, "".join(json.dumps(entry) + "\n" for entry in entries).encode())
            return dict(traefik.traefik_causes(*paths))

    def test_causes_are_told_where_every_failed_request_had_one_error(self):
        refused, timeout = (502, "dial tcp: connect: connection refused"), (504, "dial tcp: i/o timeout")
        self.assertEqual(
            self.causes([200, 502, 504, 503, 502], [refused, timeout, (502, "EOF")]),
            {"502:connect_refused": 1, "502:premature_close": 1, "504:connect_timeout": 1, "503:no_endpoints": 1},
        )
        self.assertEqual(self.causes([200, 502], [refused, refused, refused]), {"502:unknown": 1})


class KubeProxy(unittest.TestCase):
    def test_every_pod_has_the_same_chance(self):
        text = kube_proxy.rules([21000, 21001, 21002])
        self.assertIn("--probability 0.3333333333 -j SEP-21000\n", text)
        self.assertIn("--probability 0.5000000000 -j SEP-21001\n", text)
        self.assertIn("-A SVC -j SEP-21002\n", text)
        self.assertNotIn("REJECT", text)

    def test_without_a_pod_connections_are_rejected(self):
        text = kube_proxy.rules([])
        self.assertIn("-j REJECT\n", text)
        self.assertNotIn("-j SVC\n", text)


class Ingress(unittest.TestCase):
    def test_every_parameter_is_in_the_configuration(self):
        given = {
            "connect_timeout_s": 5.0,
            "read_timeout_s": 10.0,
            "next_upstream": "off",
            "next_upstream_tries": 3,
            "nginx_keepalive": 320,
            "front_workers": 1,
        }
        for name in given:
            changed = "error" if name == "next_upstream" else 7
            text = ingress.ingress_configuration(given | {name: changed})
            self.assertNotEqual(ingress.ingress_configuration(given), text, name)


class Seal(unittest.TestCase):
    def test_a_changed_or_late_prediction_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            rows, told = os.path.join(folder, "rows"), os.path.join(folder, "told")
            prediction.write(rows, b"rows")
            with self.assertRaises(prediction.Broken):
                prediction.check(rows, told)
            program = os.path.join(folder, "program")
            prediction.write(program, b"#!/bin/sh\necho '{\"id\": \"a\", \"output\": null}'\n")
            os.chmod(program, 0o755)
            seal = prediction.predict(program, rows, told)
            self.assertEqual(prediction.load(told), {"a": None})
            prediction.check(rows, told, seal["written"] + 1)
            with self.assertRaises(prediction.Broken):
                prediction.check(rows, told, seal["written"] - 1)
            prediction.write(told, b"better afterwards")
            with self.assertRaises(prediction.Broken):
                prediction.check(rows, told)


class Configurations(unittest.TestCase):
    def test_every_row_is_something_the_rig_can_do(self):
        rows = configurations.load(os.path.join(HERE, "configurations.toml"))
        self.assertGreaterEqual(len(rows), 8)
        self.assertTrue(any(row["short"] for row in rows))

    def test_a_typo_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "rows.toml")
            prediction.write(path, b"[defaults]\nreplicas = 1\n[[row]]\nname = 'a'\nabout = 'b'\nreplica = 2\n")
            with self.assertRaisesRegex(ValueError, "unknown replica"):
                configurations.load(path)


if __name__ == "__main__":
    unittest.main()
