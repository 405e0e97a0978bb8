"""A gallery as a server: people, searches and enrolment by HTTP, for programs and for the page in it."""

from himpc.serve.config import ServeConfig
from himpc.serve.running import serve

__all__ = ["ServeConfig", "serve"]
