"""A gallery as a server: people, searches and enrolment by HTTP, for programs and for the page in it."""

from himpc.server.config import ServeConfig
from himpc.server.running import serve

__all__ = ["ServeConfig", "serve"]
