"""Serve a gallery over HTTP: people, searches and enrollment, for programs and for a page in the browser."""

from himpc._extras import require

for _package in ("fastapi", "prometheus_client", "python_multipart", "uvicorn"):
    require(_package, "serve")

from himpc.server.config import ServerConfig, is_loopback  # noqa: E402
from himpc.server.runner import serve  # noqa: E402

__all__ = ["ServerConfig", "is_loopback", "serve"]
