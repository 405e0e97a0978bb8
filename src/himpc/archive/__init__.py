"""Embedding archives of many files: each file a task of its own, which is done once, on one machine or on many."""

from himpc.archive.cluster import on_ray
from himpc.archive.parts import embed_archive
from himpc.archive.table import EmbeddingTable

__all__ = ["EmbeddingTable", "embed_archive", "on_ray"]
