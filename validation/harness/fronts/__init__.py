"""The real front ends: their configuration, how a new list reaches them, their logs."""

from . import envoy, traefik
from .envoy import Envoy
from .front import FIXED_ANSWER, PORT
from .haproxy import HaProxy
from .ingress import Ingress
from .kube_proxy import KubeProxy
from .nginx import Nginx
from .traefik import Traefik

__all__ = ["FIXED_ANSWER", "FRONTS", "PACKAGED", "PORT"]

FRONTS = {
    "nginx": Nginx,
    "ingress-nginx": Ingress,
    "haproxy": HaProxy,
    "envoy": Envoy,
    "traefik": Traefik,
    "kube-proxy": KubeProxy,
}
PACKAGED = {"envoy": envoy.PROGRAM, "traefik": traefik.PROGRAM}
"""Front ends that a Python package carries."""
