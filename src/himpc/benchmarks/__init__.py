"""The five benchmark data sets of METHOD section 8: their files, splits and published results."""

from himpc.benchmarks.benchmark import Benchmark, Split
from himpc.benchmarks.data import BenchmarkData, BenchmarkSet, Counts, LabelledWindows
from himpc.benchmarks.load import BENCHMARKS, get_benchmark, load_benchmark
from himpc.benchmarks.published import PublishedResult, published_results
from himpc.benchmarks.results import BenchmarkResult, ViewResult, counts_table
from himpc.benchmarks.run import run_benchmark

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "BenchmarkData",
    "BenchmarkResult",
    "BenchmarkSet",
    "Counts",
    "LabelledWindows",
    "PublishedResult",
    "Split",
    "ViewResult",
    "counts_table",
    "get_benchmark",
    "load_benchmark",
    "published_results",
    "run_benchmark",
]
