"""Benchmarks: the five published data sets with their files, splits and results, and recipes for any other data."""

from himpc.research.benchmark.comparison import Comparison, compare_variants
from himpc.research.benchmark.conventions import Conventions
from himpc.research.benchmark.published import PublishedResult, published_results
from himpc.research.benchmark.results import BenchmarkResult
from himpc.research.benchmark.run import run_benchmark
from himpc.research.benchmark.tables import ViewResult, counts_table
from himpc.research.benchmark.training_set import in_layout, trained_on
from himpc.research.benchmark.variants import Variant
from himpc.research.data import BenchmarkData, BenchmarkSet, Counts, LabelledWindows
from himpc.research.datasets.base import Benchmark
from himpc.research.datasets.loading import BENCHMARKS, find_protocol, get_benchmark, load_benchmark
from himpc.research.protocol import Protocol, Split
from himpc.research.recipes.recipe import Recipe, get_recipe, recipe_names

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "BenchmarkData",
    "BenchmarkResult",
    "BenchmarkSet",
    "Comparison",
    "Conventions",
    "Counts",
    "LabelledWindows",
    "Protocol",
    "PublishedResult",
    "Recipe",
    "Split",
    "Variant",
    "ViewResult",
    "compare_variants",
    "counts_table",
    "find_protocol",
    "get_benchmark",
    "get_recipe",
    "in_layout",
    "load_benchmark",
    "published_results",
    "recipe_names",
    "run_benchmark",
    "trained_on",
]
