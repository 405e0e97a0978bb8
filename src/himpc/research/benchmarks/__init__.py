"""Benchmarks: the five published data sets with their files, splits and results, and recipes for any other data."""

from himpc.research.benchmarks.benchmark import Benchmark
from himpc.research.benchmarks.comparison import Comparison, compare_variants
from himpc.research.benchmarks.conventions import Conventions
from himpc.research.benchmarks.cross_set import in_layout, trained_on
from himpc.research.benchmarks.data import BenchmarkData, BenchmarkSet, Counts, LabelledWindows
from himpc.research.benchmarks.load import BENCHMARKS, find_protocol, get_benchmark, load_benchmark
from himpc.research.benchmarks.protocol import Protocol, Split
from himpc.research.benchmarks.published import PublishedResult, published_results
from himpc.research.benchmarks.recipe import Recipe, get_recipe, recipe_names
from himpc.research.benchmarks.results import BenchmarkResult
from himpc.research.benchmarks.run import run_benchmark
from himpc.research.benchmarks.tables import ViewResult, counts_table
from himpc.research.benchmarks.variant import Variant

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
