"""Embedding archives of many files: each file a task of its own, which is done once, on one machine or on many."""

from himpc.archive.embedding_table import EmbeddingTable
from himpc.archive.ray_cluster import run_on_ray
from himpc.archive.tasks import embed_archive

__all__ = ["EmbeddingTable", "embed_archive", "run_on_ray"]
