"""Embedding of archives of many files, on one machine or on a Ray cluster: each file is a task, which is cached."""

from himpc.archive.embedding_table import EmbeddingTable
from himpc.archive.ray_cluster import run_on_ray
from himpc.archive.tasks import embed_archive

__all__ = ["EmbeddingTable", "embed_archive", "run_on_ray"]
