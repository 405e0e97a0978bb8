"""Where a gallery lives: a folder, or a PostgreSQL database."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from himpc._files import make_folder
from himpc.errors import GalleryError
from himpc.gallery.catalog.catalog import Catalog
from himpc.gallery.store.base import VectorStore

__all__ = ["Place", "exists", "is_url", "place_of"]

Place = tuple[Catalog, Callable[[int], VectorStore]]
"""A catalog, and what opens the store of vectors of a size."""

_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")

_OURS = {"catalogue.sqlite", "catalogue.sqlite-wal", "catalogue.sqlite-shm", "searches.sqlite", "vectors"}

_STORE = {"pooled.lance", "windows.lance", "unsettled.json"}


def is_url(where: str | Path) -> bool:
    """Return whether a gallery is a database, not a folder.

    Raises
    ------
    GalleryError
        If it is the address of something else.
    """
    if not isinstance(where, str) or where.startswith(("postgresql://", "postgres://")):
        return isinstance(where, str)
    if _ADDRESS.match(where):  # not repeated: a password may be in it
        raise GalleryError("the gallery's address is neither a folder nor postgresql://USER:PASSWORD@HOST/DATABASE")
    return False


def exists(where: str | Path) -> bool:
    """Return whether there is a gallery, or something that was meant to be one.

    Raises
    ------
    GalleryError
        If a database cannot be reached, or a package is missing.
    """
    if not is_url(where):
        return (Path(where) / "catalogue.sqlite").exists()
    catalog, _ = place_of(where)
    try:
        return catalog.made()
    finally:
        catalog.close()


def place_of(where: str | Path, *, make: bool = False) -> Place:
    """Return what a gallery consists of.

    Parameters
    ----------
    where : path or str
        A folder, or ``postgresql://USER:PASSWORD@HOST/DATABASE``.
    make : bool
        Make the folder, if it is not there; only its owner may then look into it.

    Raises
    ------
    GalleryError
        If there is no gallery, and none is to be made; if the folder holds something else; or if a package is missing.
    RunFolderError
        If the folder cannot be made.
    """
    if is_url(where):
        with _needed("psycopg", "postgres"):
            from himpc.gallery.store.postgres import PostgresStore

        catalog = Catalog.at_url(str(where))
        return catalog, lambda size: PostgresStore(catalog.engine, size, make=make)
    with _needed("lancedb", "gallery"):
        from himpc.gallery.store.lance import LanceStore
    folder = Path(where)
    if make:
        _make_ours(folder)
    elif not (folder / "catalogue.sqlite").is_file():
        raise GalleryError(f"{folder}: there is no gallery here: himpc gallery enroll makes one")
    return Catalog.in_folder(folder), lambda size: LanceStore(folder / "vectors", size, make=make)


@contextmanager
def _needed(packages: str, extra: str) -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise GalleryError(f"this gallery needs {packages}: pip install 'himpc[{extra}]'") from error


def _make_ours(folder: Path) -> None:
    new = not folder.exists()
    make_folder(folder)
    if new:
        folder.chmod(0o700)
    others = [path.name for path in folder.iterdir() if path.name not in _OURS]
    if (folder / "vectors").is_dir():
        others += [f"vectors/{path.name}" for path in (folder / "vectors").iterdir() if path.name not in _STORE]
    if others and not (folder / "catalogue.sqlite").exists():
        raise GalleryError(
            f"{folder}: holds other files, such as {sorted(others)[0]}: give a new folder for the gallery"
        )
