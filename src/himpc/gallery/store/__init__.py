"""Vector stores: where a gallery keeps its embeddings.

`base` is the protocol of a store, `registry` the table of stores, `assembly` and `nearest` are helpers for writing one.
"""

from himpc.gallery.store.base import Entries, VectorStore
from himpc.gallery.store.memory import InMemoryIndex
from himpc.gallery.store.registry import STORES, StoreType, load_store

__all__ = ["STORES", "Entries", "InMemoryIndex", "StoreType", "VectorStore", "load_store"]
