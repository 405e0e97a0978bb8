"""Pictures, tables and files of results."""

from himpc.report.ablation import AblationRow, draw_ablation
from himpc.report.figures import save_figure
from himpc.report.groups import GroupReport, write_groups
from himpc.report.identified import write_identified
from himpc.report.maps import draw_map
from himpc.report.skeletons import draw_groups
from himpc.report.tables import comparison_table, markdown_table
from himpc.report.training import draw_training

__all__ = [
    "AblationRow",
    "GroupReport",
    "comparison_table",
    "draw_ablation",
    "draw_groups",
    "draw_map",
    "draw_training",
    "markdown_table",
    "save_figure",
    "write_groups",
    "write_identified",
]
