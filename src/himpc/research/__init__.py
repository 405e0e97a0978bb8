"""Published data sets, recipes, benchmarks and sweeps: measurements that users of the product never load.

`datasets` reads the published data sets, `recipes` makes benchmarks of other recordings, `benchmark` trains and
measures on either, and `sweep` repeats that with many settings. `samples` finds recordings of real people in an
optional package. Nothing in himpc but the command line imports this
package.
"""

from himpc.research.benchmark.conventions import Conventions
from himpc.research.benchmark.published import PublishedResult, published_results
from himpc.research.benchmark.results import BenchmarkResult, Comparison
from himpc.research.benchmark.run import compare_variants, run_benchmark
from himpc.research.benchmark.tables import ViewResult, counts_table
from himpc.research.benchmark.variants import Variant
from himpc.research.data import BenchmarkData, Counts, LabelledWindows, SplitData
from himpc.research.datasets import DATA_SETS, DataSet
from himpc.research.loading import find_benchmark, load_benchmark
from himpc.research.protocol import Protocol, Split
from himpc.research.recipes import Recipe, divide_recordings, get_recipe, parse_recipe, read_recipe, recipe_names
from himpc.research.samples import SAMPLE, SampleData, load_sample
from himpc.research.training_set import convert_layout, replace_training_set

__all__ = [
    "DATA_SETS",
    "SAMPLE",
    "BenchmarkData",
    "BenchmarkResult",
    "Comparison",
    "Conventions",
    "Counts",
    "DataSet",
    "LabelledWindows",
    "Protocol",
    "PublishedResult",
    "Recipe",
    "SampleData",
    "Split",
    "SplitData",
    "Variant",
    "ViewResult",
    "compare_variants",
    "convert_layout",
    "counts_table",
    "divide_recordings",
    "find_benchmark",
    "get_recipe",
    "load_benchmark",
    "load_sample",
    "parse_recipe",
    "published_results",
    "read_recipe",
    "recipe_names",
    "replace_training_set",
    "run_benchmark",
]
