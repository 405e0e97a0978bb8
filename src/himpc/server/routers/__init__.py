"""The routes, by what they serve."""

from himpc.server.routers import gallery, pages, people, queue, recordings, system, uploads

ROUTERS = (system.router, gallery.router, people.router, queue.router, recordings.router, uploads.router)
"""The routers of the API."""

__all__ = ["ROUTERS", "pages"]
