"""A benchmark from end to end: training, tables, files, and the command line."""

import json
from pathlib import Path

import numpy as np
import pytest

from himpc._schema import to_plain
from himpc.cli import main
from himpc.errors import ConfigError
from himpc.evaluation import evaluate_ranking
from himpc.learning import Config
from himpc.model import BASELINES, Model
from himpc.research import load_benchmark, published_results, run_benchmark

from .writers import raw_casia_b

SMALL = {"hidden": 16, "heads": 2, "max_epochs": 1, "eps": 0.6}
SMALL_WORDS = ["--hidden", "16", "--heads", "2", "--max-epochs", "1"]


@pytest.fixture(scope="module")
def run(biwi, tmp_path_factory):
    return run_benchmark(biwi.load("raw"), tmp_path_factory.mktemp("run"), settings=SMALL, seed=4)


def test_table_has_published_and_measured_rows(run) -> None:
    rows = [[cell.strip() for cell in line.split("|")[1:-1]] for line in run.table().splitlines()]
    assert rows[0] == ["method", "by", "BIWI-S", "BIWI-W"]
    assert ["Hi-MPC", "published", "47.5 / 17.4", "27.3 / 22.6"] in rows
    ours = run.results["BIWI-S"]["D13"]
    row = next(row for row in rows if row[:2] == ["D13", "himpc"])
    assert row[2] == f"{100 * ours.ranking.rank[1]:.1f} / {100 * ours.ranking.mAP:.1f}"
    names = [row[0] for row in rows if row[1] == "himpc"]
    assert names[:4] == ["Hi-MPC, MSMR", *(f"Hi-MPC, {level} level" for level in ("joint", "component", "limb"))]
    assert names[4:] == ["D13", "D16", "Bone lengths", "Raw pose", "Pose in the body frame, and bone lengths"]


def test_probe_is_ranked_against_the_gallery(run, biwi) -> None:
    data = biwi.load("raw")
    still, walking = data.tests["Still"], data.tests["Walking"]
    model = Model.load(run.out / "model")
    expected = evaluate_ranking(
        model.embed(still.windows), model.embed(walking.windows), still.persons, walking.persons
    )
    found = run.results["BIWI-S"]["Hi-MPC, MSMR"].ranking
    assert (found.rank, found.mAP) == (expected.rank, expected.mAP)
    assert run.results["BIWI-W"]["D16"].ranking.n_queries == len(walking)


def test_recordings_are_means_of_their_windows(run, biwi) -> None:
    tests = biwi.load("raw").tests
    pooled, persons = {}, {}
    for name, part in tests.items():
        vectors = BASELINES["bones"].embed(part.windows).astype(np.float64)
        takes = sorted(set(part.windows.recording.tolist()))
        pooled[name] = np.array([vectors[part.windows.recording == take].mean(axis=0) for take in takes])
        persons[name] = np.array([part.persons[part.windows.recording == take][0] for take in takes])
    distances = np.linalg.norm(pooled["Still"][:, None] - pooled["Walking"], axis=2)
    expected = (persons["Walking"][distances.argmin(axis=1)] == persons["Still"]).mean()
    found = run.recordings["BIWI-S"]["Bone lengths"]
    assert (found.ranking.rank[1], found.n_gallery) == (pytest.approx(expected), len(pooled["Walking"]))
    assert run.recording_table() in (run.out / "benchmark.md").read_text()


def test_run_folder_is_complete(run) -> None:
    document = json.loads((run.out / "benchmark.json").read_text())
    split = document["splits"]["BIWI-W"]
    assert split["settings"] == to_plain(Config().with_(**SMALL, seed=4))
    assert split["labels_used_in_training"] == "none"
    assert split["published"]["Hi-MPC"] == {"rank_1": 0.273, "mAP": 0.226}
    assert split["results"]["D16"]["rank_1"] == run.results["BIWI-W"]["D16"].ranking.rank[1]
    assert document["benchmark"]["counts"]["all"]["persons"] == 3
    assignment = json.loads((run.out / "split.json").read_text())["recordings"]
    assert [each["part"] for each in assignment].count("train") == 3
    text = (run.out / "benchmark.md").read_text()
    assert run.table() in text
    assert "- train: 3 people, published are 50" in text


def test_splits_with_different_settings_have_their_own_training(biwi, tmp_path: Path) -> None:
    data = biwi.load("raw")
    settings = {name: value for name, value in SMALL.items() if name != "eps"}
    result = run_benchmark(data, tmp_path, settings=settings)
    assert [result.settings[split].eps for split in ("BIWI-S", "BIWI-W")] == [0.6, 0.8]
    assert [Model.load(tmp_path / f"model-biwi-{split}").settings["eps"] for split in "sw"] == [0.6, 0.8]


def test_raw_files_and_arrays_give_equal_results(written, tmp_path: Path) -> None:
    raw, arrays = (
        run_benchmark(written.load(form), tmp_path / form, settings=SMALL, seed=4) for form in ("raw", "arrays")
    )
    assert raw.results.keys() == arrays.results.keys() == {split.name for split in raw.data.protocol.splits}
    for split, methods in raw.results.items():
        assert split not in arrays.recordings
        assert raw.recordings[split].keys() == methods.keys()
        for method, result in methods.items():
            other = arrays.results[split][method]
            assert other.ranking.metrics == pytest.approx(result.ranking.metrics, abs=1e-3), (split, method)
    assert json.loads((tmp_path / "arrays" / "split.json").read_text())["recordings"] == []


def test_labels_do_not_affect_training(biwi, tmp_path: Path) -> None:
    data = biwi.load("raw")
    rng = np.random.default_rng(0)
    shuffled = rng.permutation(data.train.persons)
    assert (shuffled != data.train.persons).any()
    data.train.persons[:] = shuffled
    result = run_benchmark(data, tmp_path, splits=["Still"], settings=SMALL, seed=4)
    assert list(result.results) == ["BIWI-S"]
    document = Model.load(tmp_path / "model").fingerprint
    fresh = run_benchmark(biwi.load("raw"), tmp_path / "b", splits=["Still"], settings=SMALL, seed=4)
    assert Model.load(fresh.out / "model").fingerprint == document


def test_length_and_stride_are_fixed_by_the_protocol(biwi, tmp_path: Path) -> None:
    data = biwi.load("raw")
    with pytest.raises(ConfigError, match="stride is fixed by the protocol of BIWI"):
        run_benchmark(data, tmp_path, settings={"stride": 2})
    with pytest.raises(ConfigError, match="window_length is 8, but the data set was cut into 6"):
        run_benchmark(data, tmp_path, settings={"window_length": 8})


def test_casia_b_results_by_condition_and_view(capsys, tmp_path: Path, walkers) -> None:
    raw_casia_b(tmp_path, walkers)
    out = tmp_path / "run"
    words = ["benchmark", "CASIA-B", "--root", str(tmp_path), "--out", str(out), "--window-length", "8", *SMALL_WORDS]
    assert main([*words, "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document["splits"]) == ["Nm-Nm", "Bg-Bg", "Cl-Cl", "Cl-Nm", "Bg-Nm"]
    same, cross = document["splits"]["Nm-Nm"], document["splits"]["Cl-Nm"]
    assert set(same["views"]) == {"000", "090"}
    assert same["results"]["Raw pose"]["queries"] == same["results"]["Raw pose"]["gallery"] == 12
    assert sum(view["queries"] for view in cross["views"].values()) == 12
    assert any("D13 measures joints that layout 'openpose-14' lacks" in note for note in document["notes"])
    data = load_benchmark("CASIA_B", tmp_path, window_length=8)
    bones = BASELINES["bones"].embed(data.tests["nm"].windows)
    distances = np.linalg.norm(bones[:, None].astype(float) - bones, axis=2)
    np.fill_diagonal(distances, np.inf)
    persons = data.tests["nm"].persons
    expected = (persons[distances.argmin(axis=1)] == persons).mean()
    assert same["results"]["Bone lengths"]["rank_1"] == pytest.approx(expected)
    assert "By view" in (out / "benchmark.md").read_text()


def test_command_line(biwi, capsys, tmp_path: Path) -> None:
    words = ["benchmark", "biwi", "--root", str(biwi.arrays), "--out", str(tmp_path / "run"), *SMALL_WORDS]
    assert main([*words, "--split", "Still", "--eps", "0.5"]) == 0
    printed = capsys.readouterr()
    assert "BIWI RGBD-ID, the authors' preprocessed arrays" in printed.out
    assert "47.5 / 17.4" in printed.out
    assert "train: 3 people, published are 50" in printed.err
    assert main([*words, "--split", "Still", "--eps", "0.5"]) == 1
    assert "already holds a run" in capsys.readouterr().err
    assert main([*words, "--split", "Still", "--eps", "0.5", "--resume"]) == 0
    assert main([*words, "--split", "Still", "--eps", "0.5", "--resume", "--seed", "1"]) == 1
    assert "split.json: is the split of another data set or seed" in capsys.readouterr().err
    assert main([*words, "--split", "Still", "--overwrite", "--seed", "1"]) == 0
    capsys.readouterr()
    assert main([*words, "--split", "C"]) == 1
    assert "has no split 'C'; expected one of BIWI-S, BIWI-W" in capsys.readouterr().err


def test_published_results_equal_the_paper() -> None:
    published = published_results()
    assert list(published) == [
        *("KS20", "KGBD", "IAS-A", "IAS-B", "BIWI-S", "BIWI-W"),
        *("Nm-Nm", "Bg-Bg", "Cl-Cl", "Cl-Nm", "Bg-Nm"),
    ]
    rank_1 = [round(100 * rows["Hi-MPC"].rank_1, 1) for rows in published.values()]
    assert rank_1 == [69.6, 56.9, 45.6, 48.2, 47.5, 27.3, 85.5, 71.2, 70.2, 27.2, 50.1]
    mAP = [round(100 * rows["Hi-MPC"].mAP, 1) for rows in published.values()]
    assert mAP == [22.0, 10.2, 23.2, 25.3, 17.4, 22.6, 11.2, 17.0, 14.1, 4.9, 7.5]
