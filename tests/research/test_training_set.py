"""Train on one data set and test on another."""

import json

import numpy as np
import pytest

from himpc.cli import main
from himpc.errors import ConfigError, DataError, LayoutError
from himpc.model import Model
from himpc.research import convert_layout, load_benchmark, parse_recipe, replace_training_set, run_benchmark
from himpc.skeleton import centre, convert, get_layout

from .writers import raw_ks20

SMALL = {"hidden": 8, "heads": 2, "max_epochs": 1}
SMALL_WORDS = ["--hidden", "8", "--heads", "2", "--max-epochs", "1", "--eps", "0.6"]


def simulated(name="mine", layout="kinect-v1", seed=0, **changes):
    table = {
        "name": name,
        "title": name.title(),
        "train": ["session=session-1"],
        "gallery": ["session=session-2"],
        "probe": ["session=session-3"],
        "simulation": {"people": 3, "recordings": 3, "sessions": 3, "seconds": 1.0, "layout": layout},
    }
    return load_benchmark(parse_recipe(table | changes), seed=seed)


def test_training_set_is_converted_to_the_layout_of_the_tests():
    tested, other = simulated(), simulated("other", "kinect-v2", seed=1)
    crossed = replace_training_set(tested, other)
    v1, v2 = get_layout("kinect-v1"), get_layout("kinect-v2")
    expected = centre(convert(other.train.windows[:].astype(np.float64), v2, v1), v1)
    np.testing.assert_allclose(crossed.train.windows[:], expected, atol=1e-6)
    assert crossed.train.windows.layout == v1
    assert crossed.tests == tested.tests
    assert list(crossed.counts) == ["train", "gallery", "probe"]
    assert crossed.protocol.title == "Mine, medium, trained on Other, medium"
    assert [each for each in crossed.assignment if each["part"] == "train"] == [
        each for each in other.assignment if each["part"] == "train"
    ]


def test_incompatible_sets_give_one_line():
    tested = simulated("tested", "kinect-v2")
    with pytest.raises(LayoutError, match=r"other: layout 'kinect-v1' cannot become 'kinect-v2'.*convert both sets"):
        replace_training_set(tested, simulated("other"))
    common = replace_training_set(convert_layout(tested, "openpose-14"), simulated("other"))
    assert {part.windows.layout.name for part in (common.train, *common.tests.values())} == {"openpose-14"}
    with pytest.raises(ConfigError, match="windows of other are 4 frames, those of tested are 6"):
        replace_training_set(tested, simulated("other", window_length=4))
    flat = simulated("flat")
    object.__setattr__(flat.train.windows, "dimensions", 2)
    with pytest.raises(DataError, match="flat is 2D, tested is 3D"):
        replace_training_set(tested, flat)


def test_persons_of_the_training_set_do_not_affect_training(tmp_path):
    tested, other = simulated(), simulated("other", seed=1)
    crossed = replace_training_set(tested, other)
    first = run_benchmark(crossed, tmp_path / "a", settings=SMALL)
    other.train.persons[:] = other.train.persons[::-1].copy()
    second = run_benchmark(replace_training_set(tested, other), tmp_path / "b", settings=SMALL)
    assert Model.load(first.out / "model").fingerprint == Model.load(second.out / "model").fingerprint


def test_command_line(biwi, tmp_path, walkers, capsys):
    raw_ks20(tmp_path, walkers)
    words = ["benchmark", "BIWI", "--root", str(biwi.raw), "--out", str(tmp_path / "run"), *SMALL_WORDS]
    assert main([*words, "--train-on", "KS20", "--train-root", str(tmp_path), "--layout", "openpose-14"]) == 0
    printed = capsys.readouterr()
    assert "BIWI RGBD-ID, trained on KS20" in printed.out
    assert "trained on KS20, raw files; published results trained on BIWI RGBD-ID" in printed.err
    assert Model.load(tmp_path / "run" / "model").layout.name == "openpose-14"
    parts = json.loads((tmp_path / "run" / "split.json").read_text())["recordings"]
    assert {each["source"].split("/")[0] for each in parts} == {
        *("frontal", "left_diagonal", "left_lateral", "right_diagonal", "right_lateral", "Testing"),
    }
    assert main([*words, "--train-root", str(tmp_path)]) == 1
    assert "--train-root is the folder of --train-on" in capsys.readouterr().err
