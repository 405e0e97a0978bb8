"""What every request passes, from the outside in: observability, authentication, limits."""

from himpc.server.middleware.auth import AuthMiddleware
from himpc.server.middleware.limits import LimitsMiddleware
from himpc.server.middleware.observability import Metrics, ObservabilityMiddleware

__all__ = ["AuthMiddleware", "LimitsMiddleware", "Metrics", "ObservabilityMiddleware"]
