import numpy as np
import pytest

from himpc._schema import to_plain
from himpc.errors import DataError
from himpc.learning import EpochRecord
from himpc.reporting.figures import save_figure
from himpc.reporting.training import draw_training


def make_record(epoch: int, loss: float | None = 1.0, stability: float | None = 0.5) -> dict:
    levels = ("joint", "limb") if loss is not None else ()
    record = EpochRecord(
        epoch=epoch,
        loss=loss,
        losses=dict.fromkeys(levels, loss),
        clusters={"joint": 7, "limb": 5},
        noise={"joint": 70, "limb": 50},
        trained=100,
        stability=stability,
        seconds=1.5,
    )
    return to_plain(record)


def test_each_panel_shows_its_numbers():
    history = [make_record(1, 3.0, None), make_record(2, None, 0.2), make_record(3, 2.0, 0.6)]
    for number, record in enumerate(history):
        record["clusters"] = {"joint": 7, "limb": 5 + number}
        record["noise"] = {"joint": 71 + number, "limb": 50}
    loss, clusters, noise, stability = draw_training(history).axes
    np.testing.assert_array_equal(loss.lines[0].get_ydata(), [3, np.nan, 2])
    assert clusters.lines[1].get_ydata().tolist() == [5, 6, 7]
    assert noise.lines[0].get_ydata().tolist() == [71, 72, 73]
    np.testing.assert_array_equal(stability.lines[0].get_ydata(), [np.nan, 0.2, 0.6])


def test_constant_values_are_stated_and_not_drawn():
    figure = draw_training([make_record(1, 3.0, None), make_record(2, 2.0, 0.2), make_record(3, 1.0, 0.6)])
    assert [axes.get_title(loc="left")[:4] for axes in figure.axes if axes.lines] == ["Loss", "Agre"]
    text = " ".join(each.get_text() for each in figure.texts)
    assert "The same in every epoch: pseudo-labels of each level: joint 7, limb 5; windows labelled as noise" in text


@pytest.mark.parametrize(
    "history", [[make_record(1, stability=None)], [make_record(1, None, None)], [make_record(i) for i in range(99)]]
)
def test_any_run_is_drawn(history, tmp_path):
    save_figure(draw_training(history), tmp_path / "a.png")


def test_summary_is_one_line():
    texts = [text.get_text() for text in draw_training([make_record(1), make_record(2, 0.25)]).texts]
    assert "2 epochs in 3 s. Last epoch: loss 0.250; pseudo-labels: joint 7, limb 5." in texts


def test_empty_history_is_an_error():
    with pytest.raises(DataError, match="no epoch to draw"):
        draw_training([])
