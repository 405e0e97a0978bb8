"""The published data sets, one module each: their files, labels and splits.

`DATA_SETS` lists them; `load_data_set` reads one from a folder. A new data set is a module that defines a `DataSet`,
and an entry here.
"""

from collections.abc import Mapping
from types import MappingProxyType

from himpc.research.datasets.base import DataSet, ReadContext
from himpc.research.datasets.biwi import BIWI
from himpc.research.datasets.casia_b import CASIA_B
from himpc.research.datasets.ias import IAS
from himpc.research.datasets.kgbd import KGBD
from himpc.research.datasets.ks20 import KS20
from himpc.research.datasets.loading import load_data_set

__all__ = ["DATA_SETS", "DataSet", "ReadContext", "load_data_set"]

DATA_SETS: Mapping[str, DataSet] = MappingProxyType({each.name: each for each in (BIWI, IAS, KGBD, KS20, CASIA_B)})
"""The five data sets by name."""
