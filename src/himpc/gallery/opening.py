"""Locate, create and open the storage of a gallery: a folder or a database."""

from __future__ import annotations

import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sql

from himpc._files import make_folder
from himpc.errors import DamagedGalleryError, GalleryError
from himpc.gallery.catalog import CATALOG_FILE, SEARCHES_FILE, Catalog
from himpc.gallery.reserve import RESERVE_FILE, Reserve
from himpc.gallery.store import STORES, VectorStore, load_store

__all__ = ["Location", "gallery_exists"]

DEFAULT_SCHEME = "sqlite"
"""The store of a new gallery at a path; LanceDB takes 1.5 s to import, and is faster from 100,000 recordings."""

EARLIEST_SCHEME = "file"
"""The store of a gallery whose catalog names none."""

VECTOR_FOLDER = "vectors"

FILE_NAMES = {VECTOR_FOLDER, RESERVE_FILE} | {
    f"{name}{suffix}" for name in (CATALOG_FILE, SEARCHES_FILE) for suffix in ("", "-wal", "-shm")
}
"""The names of all files of a gallery in a folder."""

_URL = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+):/")


@dataclass(frozen=True)
class Location:
    """The location of a gallery.

    Attributes
    ----------
    scheme : str
        A key of `STORES`.
    address : str
        The URL of a database, or the path of a folder.
    """

    scheme: str
    address: str

    @classmethod
    def parse(cls, location: str | Path) -> Location:
        """Read a path, or a URL whose scheme is in `STORES`.

        Raises
        ------
        GalleryError
            If the location is empty, or the scheme is not in `STORES`.
        """
        if location == "":
            raise GalleryError("the location of the gallery is empty", hint="name a folder or an address")
        match = _URL.match(location) if isinstance(location, str) else None
        if match is None:
            return cls(DEFAULT_SCHEME, str(location))
        scheme, path = match[1], str(location).partition("://")[2]
        if not str(location).startswith(f"{scheme}://") or scheme not in STORES:
            # the address is not shown, since it may hold a password
            raise GalleryError("the gallery's address is neither a folder nor postgresql://USER:PASSWORD@HOST/DATABASE")
        return cls(scheme, str(location) if STORES[scheme].is_database else path)

    @property
    def is_database(self) -> bool:
        """True if a database holds both the catalog and the vectors."""
        return STORES[self.scheme].is_database

    @property
    def folder(self) -> Path:
        """The folder of a gallery that is not in a database."""
        return Path(self.address)

    def exists(self) -> bool:
        """Return True if the location holds a gallery or any part of one, so that it is not an empty place.

        Raises
        ------
        GalleryError
            If a database cannot be reached.
        DependencyError
            If a package is missing.
        """
        if not self.is_database:
            return (self.folder / CATALOG_FILE).is_file() or bool(self._find_parts())
        catalog = Catalog.at_url(self.address)
        try:
            return bool(catalog.table_names())
        finally:
            catalog.close()

    def create_catalog(self) -> Catalog:
        """Open the catalog of a new gallery; a new folder is readable by its owner only.

        Raises
        ------
        GalleryError
            If the location holds a gallery or any part of one, or other files.
        RunFolderError
            If the folder cannot be created.
        """
        load_store(self.scheme)  # first: no folder is created if a package is missing
        if self.is_database:
            catalog = Catalog.at_url(self.address)
            if parts := sorted(catalog.table_names()):
                catalog.close()
                raise self._not_empty(catalog.location, parts, is_whole="himpc_facts" in parts)
            return catalog
        if parts := self._find_parts():
            raise self._not_empty(str(self.folder), parts, is_whole=CATALOG_FILE in parts)
        is_new = not self.folder.exists()
        make_folder(self.folder)
        if is_new:
            self.folder.chmod(0o700)
        if foreign := sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file()):
            raise GalleryError(
                f"{self.folder}: holds other files, such as {foreign[0]}",
                hint="choose a new folder for the gallery",
            )
        return Catalog.in_folder(self.folder)

    def open_catalog(self) -> Catalog:
        """Open the catalog of a gallery; one in a folder that cannot be written is opened for reading.

        Raises
        ------
        GalleryError
            If a folder has none. `Catalog.check_version` checks a database.
        """
        if self.is_database:
            return Catalog.at_url(self.address)
        file = self.folder / CATALOG_FILE
        if not file.is_file():
            if parts := self._find_parts():
                raise self._not_empty(str(self.folder), parts, is_whole=False)
            raise GalleryError(f"{self.folder}: there is no gallery here", hint="{Gallery.create()} creates one")
        is_writable = os.access(self.folder, os.W_OK | os.X_OK) and os.access(file, os.W_OK)
        return Catalog.in_folder(self.folder, is_read_only=not is_writable)

    def reserve(self) -> Reserve:
        """Return the reserve of disk space."""
        return Reserve(None if self.is_database else self.folder)

    def open_store(self, catalog: Catalog, size: int, *, make: bool = False) -> VectorStore:
        """Open or create the store of vectors of length `size`; the catalog of a folder names the type of its store."""
        if self.is_database:
            return load_store(self.scheme)(catalog.engine, size, make=make)
        scheme = self.scheme
        if not make:
            with catalog.read() as connection:
                scheme = (catalog.get_property(connection, "store") or EARLIEST_SCHEME.encode()).decode()
        return load_store(scheme)(self.folder / VECTOR_FOLDER, size, make=make)

    def clear_store(self, catalog: Catalog) -> None:
        """Delete the vectors of a gallery, to compute them again."""
        if self.is_database:
            with catalog.write() as connection:
                for name in sorted(load_store(self.scheme).file_names):
                    connection.execute(sql.text(f"DROP TABLE IF EXISTS {name}"))
        else:
            shutil.rmtree(self.folder / VECTOR_FOLDER, ignore_errors=True)

    def discard(self, catalog: Catalog) -> None:
        """Delete what a failed creation has left."""
        catalog.close()
        if not self.is_database:
            for name in self._find_parts():
                path = self.folder / name
                shutil.rmtree(path) if path.is_dir() else path.unlink()

    def _find_parts(self) -> list[str]:
        """Return the files of a gallery that the folder holds; `vectors` counts if it holds what a store makes."""
        if not self.folder.is_dir():
            return []
        parts = sorted(path.name for path in self.folder.iterdir() if path.name in FILE_NAMES)
        names = {path.name for path in self.folder.glob(f"{VECTOR_FOLDER}/*")}
        stores = (load_store(scheme) for scheme in STORES if not STORES[scheme].is_database)
        if VECTOR_FOLDER in parts and not any(names & store.file_names for store in stores):
            parts.remove(VECTOR_FOLDER)  # an empty folder, or one of another program
        return parts

    def _not_empty(self, location: str, parts: list[str], *, is_whole: bool) -> GalleryError:
        if is_whole:
            return GalleryError(f"{location}: holds a gallery already", hint="open it, or choose another location")
        missing = "the table himpc_facts" if self.is_database else CATALOG_FILE
        return DamagedGalleryError(
            f"{location}: holds parts of a gallery ({', '.join(parts)}), but {missing}, its catalog, is missing, "
            "with the names of people, the model and the skeletons",
            hint=f"restore {missing} from a backup; without it the vectors belong to no person: then choose another "
            "location, or delete these parts and enroll again",
        )


def gallery_exists(location: str | Path) -> bool:
    """Return True if a location holds a gallery or any part of one; see `Location.exists`."""
    return Location.parse(location).exists()
