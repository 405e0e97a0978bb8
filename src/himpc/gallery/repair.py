"""Compute what a gallery lacks from the skeletons that it stores."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from himpc.errors import GalleryError
from himpc.gallery.catalog import Catalog, changes, queries
from himpc.gallery.reader import GalleryReader
from himpc.gallery.recordings import EmbeddedRecording, embed_recordings, summarize_headings

__all__ = ["add_headings", "compute_again"]


def add_headings(catalog: Catalog, reader: GalleryReader) -> None:
    """Add the headings of recordings that an older version has enrolled, as far as their joints are stored."""
    with catalog.read() as connection:
        ids = queries.ids_without_heading(connection)
    for batch in queries.batches(ids):
        with catalog.read() as connection:
            listed = queries.list_recordings(connection, ids=batch)
        headings: dict[int, tuple[int, complex | None]] = dict.fromkeys(batch, (0, None))
        for each in listed:
            with suppress(GalleryError):  # joints that are damaged, as `verify` says, or not stored
                headings[each.id] = summarize_headings([reader.stored_recording(each)])
        with catalog.write() as connection:
            changes.set_headings(connection, headings)


def compute_again(catalog: Catalog, reader: GalleryReader, ids: Sequence[int]) -> dict[int, EmbeddedRecording]:
    """Return the vectors of recordings, by id, as computed from their stored skeletons.

    The stored skeleton of a recording that was enrolled in parts does not tell where they end, so that its windows
    may differ: it is left out.
    """
    with catalog.read() as connection:
        listed = {each.id: each for each in queries.list_recordings(connection, ids=ids) if each.skeleton}
        fingerprints = dict(zip(listed, queries.fingerprints_of(connection, list(listed)), strict=True))
    replaced: dict[int, EmbeddedRecording] = {}
    for id, each in listed.items():
        with suppress(GalleryError):  # of joints that are damaged as well
            (embedded,) = embed_recordings(reader.model, [reader.stored_recording(each)])
            if len(embedded.windows) == each.windows and embedded.fingerprint == fingerprints[id]:
                replaced[id] = embedded
    return replaced
