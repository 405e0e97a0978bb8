"""Locate, create and open the storage of a gallery: a folder or a database."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from himpc._files import make_folder
from himpc.errors import GalleryError
from himpc.gallery.catalog import CATALOG_FILE, Catalog
from himpc.gallery.store import STORES, VectorStore, load_store

__all__ = ["Location", "gallery_exists"]

DEFAULT_SCHEME = "file"

VECTOR_FOLDER = "vectors"

FILE_NAMES = {CATALOG_FILE, f"{CATALOG_FILE}-wal", f"{CATALOG_FILE}-shm", "searches.sqlite", VECTOR_FOLDER}

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
            If the scheme is not in `STORES`.
        """
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
        """Return True if the location holds a gallery, even an unfinished one.

        Raises
        ------
        GalleryError
            If a database cannot be reached.
        DependencyError
            If a package is missing.
        """
        if not self.is_database:
            return (self.folder / CATALOG_FILE).exists()
        catalog = self.open_catalog()
        try:
            return catalog.exists()
        finally:
            catalog.close()

    def create_catalog(self) -> Catalog:
        """Open the catalog of a new gallery; a new folder is readable by its owner only.

        Raises
        ------
        GalleryError
            If the folder holds other files.
        RunFolderError
            If the folder cannot be created.
        """
        store = load_store(self.scheme)  # first: no folder is created if a package is missing
        if self.is_database:
            return Catalog.at_url(self.address)
        is_new = not self.folder.exists()
        make_folder(self.folder)
        if is_new:
            self.folder.chmod(0o700)
        foreign = [path.name for path in self.folder.iterdir() if path.name not in FILE_NAMES]
        if (vectors := self.folder / VECTOR_FOLDER).is_dir():
            foreign += [
                f"{VECTOR_FOLDER}/{path.name}" for path in vectors.iterdir() if path.name not in store.file_names
            ]
        if foreign and not self.exists():
            raise GalleryError(
                f"{self.folder}: holds other files, such as {sorted(foreign)[0]}",
                hint="choose a new folder for the gallery",
            )
        return Catalog.in_folder(self.folder)

    def open_catalog(self) -> Catalog:
        """Open the catalog of a gallery.

        Raises
        ------
        GalleryError
            If a folder has none. `Catalog.check_version` checks a database.
        """
        load_store(self.scheme)
        if self.is_database:
            return Catalog.at_url(self.address)
        if not (self.folder / CATALOG_FILE).is_file():
            raise GalleryError(f"{self.folder}: there is no gallery here", hint="{Gallery.create()} creates one")
        return Catalog.in_folder(self.folder)

    def open_store(self, catalog: Catalog, size: int, *, make: bool = False) -> VectorStore:
        """Open or create the store of vectors of length `size`; the catalog of a folder names the type of its store."""
        if self.is_database:
            return load_store(self.scheme)(catalog.engine, size, make=make)
        scheme = self.scheme
        if not make:
            with catalog.read() as connection:
                scheme = (catalog.get_property(connection, "store") or DEFAULT_SCHEME.encode()).decode()
        return load_store(scheme)(self.folder / VECTOR_FOLDER, size, make=make)


def gallery_exists(location: str | Path) -> bool:
    """Return True if a location holds a gallery, even an unfinished one; see `Location.exists`."""
    return Location.parse(location).exists()
