"""The real front ends: their configuration, how a new list reaches them, their logs."""

from .envoy import Envoy
from .front import FIXED_ANSWER, PORT
from .haproxy import HaProxy
from .nginx import Nginx

__all__ = ["FIXED_ANSWER", "FRONTS", "PORT"]

FRONTS = {"nginx": Nginx, "haproxy": HaProxy, "envoy": Envoy}
