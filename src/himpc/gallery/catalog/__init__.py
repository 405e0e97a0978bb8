"""The SQL catalog of a gallery: people, recordings, files and the audit log."""

from himpc._extras import require

require("sqlalchemy", "gallery")  # before the imports below, for an error that says how to install it

from himpc.gallery.catalog.catalog import CATALOG_FILE, SEARCHES_FILE, Catalog  # noqa: E402

__all__ = ["CATALOG_FILE", "SEARCHES_FILE", "Catalog"]
