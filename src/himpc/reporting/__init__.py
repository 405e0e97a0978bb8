"""Figures and report files of results."""

from himpc.reporting.ablation import AblationRow, draw_ablation
from himpc.reporting.audits import write_audit
from himpc.reporting.charts import draw_cmc, draw_distances, draw_matrix
from himpc.reporting.figures import new_figure, save_figure, save_figures
from himpc.reporting.flat_poses import FlatPose, project_poses
from himpc.reporting.layouts import draw_layout
from himpc.reporting.maps import draw_map
from himpc.reporting.reports import GroupReport, write_groups, write_identified
from himpc.reporting.risk import draw_trade_off, write_risk
from himpc.reporting.run_report import write_report
from himpc.reporting.skeletons import draw_group_pages, draw_groups
from himpc.reporting.training import draw_training
from himpc.reporting.viewer import write_viewer

__all__ = [
    "AblationRow",
    "FlatPose",
    "GroupReport",
    "draw_ablation",
    "draw_cmc",
    "draw_distances",
    "draw_group_pages",
    "draw_groups",
    "draw_layout",
    "draw_map",
    "draw_matrix",
    "draw_trade_off",
    "draw_training",
    "new_figure",
    "project_poses",
    "save_figure",
    "save_figures",
    "write_audit",
    "write_groups",
    "write_identified",
    "write_report",
    "write_risk",
    "write_viewer",
]
