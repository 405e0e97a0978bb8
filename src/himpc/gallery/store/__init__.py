"""Vector stores, which hold the embeddings of a gallery.

`base` defines the protocol of a store, and `registry` the table of stores. `assembly` and `nearest` help to write one.
"""

from himpc.gallery.store.base import Entries, VectorStore
from himpc.gallery.store.memory import InMemoryIndex
from himpc.gallery.store.registry import STORES, StoreType, load_store

__all__ = ["STORES", "Entries", "InMemoryIndex", "StoreType", "VectorStore", "load_store"]
