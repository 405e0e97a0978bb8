"""Benchmarks: the five published data sets with their files, splits and results, and recipes for any other data."""

from himpc.benchmarks.benchmark import Benchmark
from himpc.benchmarks.conventions import Conventions
from himpc.benchmarks.data import BenchmarkData, BenchmarkSet, Counts, LabelledWindows
from himpc.benchmarks.load import BENCHMARKS, find_protocol, get_benchmark, load_benchmark
from himpc.benchmarks.protocol import Protocol, Split
from himpc.benchmarks.published import PublishedResult, published_results
from himpc.benchmarks.recipe import Recipe, get_recipe, recipe_names
from himpc.benchmarks.results import BenchmarkResult, ViewResult, counts_table
from himpc.benchmarks.run import run_benchmark

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "BenchmarkData",
    "BenchmarkResult",
    "BenchmarkSet",
    "Conventions",
    "Counts",
    "LabelledWindows",
    "Protocol",
    "PublishedResult",
    "Recipe",
    "Split",
    "ViewResult",
    "counts_table",
    "find_protocol",
    "get_benchmark",
    "get_recipe",
    "load_benchmark",
    "published_results",
    "recipe_names",
    "run_benchmark",
]
