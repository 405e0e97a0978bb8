"""Benchmarks: the five published data sets with their files, splits and results, and recipes for any other data."""

from himpc.benchmarks.benchmark import Benchmark
from himpc.benchmarks.comparison import Comparison, compare_variants
from himpc.benchmarks.conventions import Conventions
from himpc.benchmarks.cross_set import in_layout, trained_on
from himpc.benchmarks.data import BenchmarkData, BenchmarkSet, Counts, LabelledWindows
from himpc.benchmarks.load import BENCHMARKS, find_protocol, get_benchmark, load_benchmark
from himpc.benchmarks.protocol import Protocol, Split
from himpc.benchmarks.published import PublishedResult, published_results
from himpc.benchmarks.recipe import Recipe, get_recipe, recipe_names
from himpc.benchmarks.results import BenchmarkResult
from himpc.benchmarks.run import run_benchmark
from himpc.benchmarks.tables import ViewResult, counts_table
from himpc.benchmarks.variant import Variant

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
