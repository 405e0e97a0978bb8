"""The SQL tables of a gallery: people, recordings and the audit log."""

from himpc.gallery.catalog.catalog import Catalog

__all__ = ["Catalog"]
