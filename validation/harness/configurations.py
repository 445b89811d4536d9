"""Reads configurations.toml into rows as `podloss conform` wants them."""

import tomllib

FORMAT = "podloss-live-rows/1"
REPEATS = 5
"""How often a row is measured that does not say more."""
SAID = ("name", "about", "short", "repeats")
"""What a row says of itself; everything else is a parameter."""


def load(path):
    """Rows with complete parameters. Unknown keys are errors: a typo must not measure something else."""
    with open(path, "rb") as source:
        document = tomllib.load(source)
    defaults = document["defaults"]
    rows = []
    for entry in document["row"]:
        known = set(defaults) | set(SAID) | {"prop_remove2_s"}
        unknown = sorted(set(entry) - known)
        if unknown:
            raise ValueError(f"{path}: row {entry.get('name')}: unknown {', '.join(unknown)}")
        changed = {key: value for key, value in entry.items() if key not in SAID}
        parameters = defaults | changed
        parameters.setdefault("prop_remove2_s", parameters["prop_remove_s"])
        refuse_what_the_rig_cannot_do(entry["name"], parameters)
        rows.append(
            {
                "name": entry["name"],
                "about": entry["about"],
                "short": entry.get("short", False),
                "repeats": entry.get("repeats", REPEATS),
                "parameters": parameters,
            }
        )
    return rows


def refuse_what_the_rig_cannot_do(name, parameters):
    able = {
        "accept_mode": ("eager",),
        "backend_keepalive_race_s": (0.0,),
        "ep_mode": ("reload", "ingress_lua", "haproxy_runtime_api", "envoy_eds_file", "traefik_file", "iptables"),
    }
    front = parameters["front"]
    if front not in ("envoy", "ingress-nginx"):
        able["front_workers"] = (1,)
    if front in ("ingress-nginx", "traefik", "kube-proxy"):
        able["front_replicas"] = (1,)
    if front == "ingress-nginx":
        able["ingress_lb"] = ("round_robin",)
    for key, values in able.items():
        if parameters[key] not in values:
            raise ValueError(f"{name}: {key} = {parameters[key]!r} is nothing this rig can do")


def as_rows(rows):
    """The document that goes to podloss: names and parameters, nothing measured."""
    listed = [{"name": row["name"], "parameters": row["parameters"]} for row in rows]
    return {"format": FORMAT, "about": "written by validation/run", "rows": listed}
