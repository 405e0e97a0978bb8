"""Vector stores: where a gallery keeps its embeddings."""

from himpc.gallery.store.base import Entries, VectorStore

__all__ = ["Entries", "VectorStore"]
