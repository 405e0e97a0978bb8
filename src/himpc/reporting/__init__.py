"""Pictures, tables and files of results."""

from himpc.reporting.ablation import AblationRow, draw_ablation
from himpc.reporting.figures import save_figure
from himpc.reporting.groups import GroupReport, write_groups
from himpc.reporting.identified import write_identified
from himpc.reporting.maps import draw_map
from himpc.reporting.skeletons import draw_groups
from himpc.reporting.tables import comparison_table, markdown_table, mean_and_spread
from himpc.reporting.training import draw_training

__all__ = [
    "AblationRow",
    "GroupReport",
    "comparison_table",
    "draw_ablation",
    "draw_groups",
    "draw_map",
    "draw_training",
    "markdown_table",
    "mean_and_spread",
    "save_figure",
    "write_groups",
    "write_identified",
]
