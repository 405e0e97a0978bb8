"""The dot plot: a row per variant, the baseline, and nothing outside 0 to 100 %."""

import numpy as np
import pytest

from himpc.errors import DataError
from himpc.reporting import AblationRow, draw_ablation, save_figure

BASELINE = AblationRow("", "preset", [{"mAP": 0.5}, {"mAP": 0.7}])
ROWS = [
    AblationRow("heads", "1", [{"mAP": 0.2}, {"mAP": 0.4}]),
    AblationRow("heads", "8", BASELINE.runs, is_baseline=True),
    AblationRow("eps", "0.1", []),
    AblationRow("eps", "0.9", [{"mAP": 0.9}, {"mAP": 1.0}]),
]


def drawn():
    return draw_ablation(BASELINE, ROWS, {"mAP": "window mAP"}, "Ablation", "2 seeds")


def test_variants_are_dots_and_the_baseline_is_a_line():
    (axes,) = drawn().axes
    dots = [line.get_xdata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert dots == pytest.approx([30, 60, 95])
    lines = [line.get_xdata() for line in axes.lines if line.get_marker() == "None"]
    assert lines[0] == pytest.approx([60, 60])
    assert [axes.yaxis.get_ticklabels()[i].get_text() for i in range(4)] == ["1", "8", "0.1", "0.9"]
    assert [text.get_text() for text in axes.texts] == ["failed", "heads", "eps"]


def test_bars_end_at_100_percent():
    (axes,) = drawn().axes
    assert max(np.max(line.get_xdata()) for line in axes.lines) <= 100


def test_equal_plots_give_equal_files(tmp_path):
    for name in ("a.png", "b.png"):
        save_figure(drawn(), tmp_path / name)
    assert (tmp_path / "a.png").read_bytes() == (tmp_path / "b.png").read_bytes()


@pytest.mark.parametrize(("baseline", "rows"), [(BASELINE, []), (AblationRow("", "preset", []), ROWS)])
def test_nothing_to_compare_is_an_error(baseline, rows):
    with pytest.raises(DataError, match="nothing to compare"):
        draw_ablation(baseline, rows, {"mAP": "mAP"}, "", "")
