"""The table of vector stores by URL scheme."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import cast

from himpc.errors import GalleryError
from himpc.gallery.store.base import StoreFactory

__all__ = ["STORES", "StoreType", "load_store"]


@dataclass(frozen=True)
class StoreType:
    """A kind of vector store.

    Attributes
    ----------
    target : str
        Module and class, ``"module:Class"``; it is imported when a gallery is opened.
    is_database : bool
        True if the URL is that of a SQL database that holds the catalog, too: the class is then called with its
        SQLAlchemy engine. Otherwise the URL is ``scheme://FOLDER``, the catalog is SQLite, and the class is called
        with the path of a folder of its own.
    """

    target: str
    is_database: bool = False


STORES = {
    "sqlite": StoreType("himpc.gallery.store.sqlite:SqliteStore"),
    "lance": StoreType("himpc.gallery.store.lance:LanceStore"),
    "file": StoreType("himpc.gallery.store.lance:LanceStore"),
    "postgresql": StoreType("himpc.gallery.store.postgres:PostgresStore", is_database=True),
    "postgres": StoreType("himpc.gallery.store.postgres:PostgresStore", is_database=True),
}
"""Every store by the scheme of its URL. A new gallery at a path without a scheme is ``sqlite``; ``file`` is the name of
``lance`` in galleries of earlier versions."""


def load_store(scheme: str) -> StoreFactory:
    """Import the class of a store.

    Raises
    ------
    GalleryError
        If the scheme is not in the table.
    DependencyError
        If a package that the store needs is missing.
    """
    if scheme not in STORES:
        raise GalleryError(f"the gallery uses the vector store {scheme!r}, which this version of himpc does not have")
    module, _, name = STORES[scheme].target.partition(":")
    return cast(StoreFactory, getattr(import_module(module), name))
