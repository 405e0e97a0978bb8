"""Archives of many files: embedding, each file a cached task here or on a Ray cluster, and grouping."""

from himpc.archive.embedding_table import EmbeddingTable
from himpc.archive.grouping import group_table, is_embedding_table
from himpc.archive.ray_cluster import run_on_ray
from himpc.archive.tasks import embed_archive

__all__ = ["EmbeddingTable", "embed_archive", "group_table", "is_embedding_table", "run_on_ray"]
