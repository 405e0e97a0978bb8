"""Recipes: their schema, the division of recordings, and runs from end to end."""

import json
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from himpc.api import evaluate
from himpc.cli import main
from himpc.errors import ConfigError, DataError
from himpc.learning import Config, train
from himpc.model import BASELINES, Model
from himpc.reading import read
from himpc.recordings import Windows, clean, save, select
from himpc.research import find_benchmark, get_recipe, load_benchmark, parse_recipe, recipe_names, run_benchmark
from himpc.research.benchmark.measure import measure_split
from himpc.research.benchmark.results import BenchmarkResult
from himpc.simulation import CAMERAS, DIFFICULTIES, simulate

SMALL = {"hidden": 16, "heads": 2, "max_epochs": 1}
SMALL_WORDS = ["--hidden", "16", "--heads", "2", "--max-epochs", "1"]
BASE = {
    "name": "mine",
    "title": "Mine",
    "train": ["session=session-1"],
    "gallery": ["session=session-2"],
    "probe": ["session=session-3"],
    "simulation": {"people": 4, "recordings": 6, "sessions": 3, "seconds": 1.0, "cameras": ["front", "left-side"]},
}
SUITES = [name for name in recipe_names() if "simulation" in get_recipe(name).describe()]


def load(seed: int = 0, **changes):
    return load_benchmark(parse_recipe({**BASE, **changes}), seed=seed)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """Four people's recordings without names, and a recipe beside them."""
    root = tmp_path_factory.mktemp("folder")
    walks = simulate(people=4, recordings=3, seconds=1.0, sessions=3, cameras=1, difficulty="easy", seed=5)
    for walk in walks:
        place = root / "walks" / str(walk.person)
        place.mkdir(parents=True, exist_ok=True)
        unnamed = walk.with_(person=None, session=None, camera=None)
        save([unnamed], place / f"{walk.session}.npz")
    (root / "mine.toml").write_text(
        'name = "walks"\ntitle = "My walks"\nwindow_length = 5\nleave_out = ["person=person-003"]\n'
        'train = ["session=session-1"]\ngallery = ["session=session-2"]\nprobe = ["session=session-3"]\n'
        '[files]\nname = "{person}/{session}.npz"\nlayout = "kinect-v1"\n'
    )
    return root


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"galery": []}, "unknown setting 'galery'"),
        ({"probe": []}, "probe should have at least 1 item, found"),
        ({"train": "session=1"}, "train should be a list, found 'session=1'"),
        ({"train": ["sesion=1"]}, "train.0: 'sesion=1' is not a condition"),
        ({"exclude": "person"}, "exclude should be 'camera' or 'session', found 'person'"),
        ({"unseen": 1.5}, "unseen should be less than 1, found 1.5"),
        ({"window_length": 0}, "window_length should be greater than or equal to 1, found 0"),
        ({"title": 3}, "title should be a valid string, found 3"),
        ({"name": ""}, "name: must not be empty, found ''"),
        ({"extends": "nothing"}, "extends is 'nothing', expected one of c3d-walking"),
        ({"files": {"name": "{person}/*"}}, r"needs one of the tables \[files\]"),
        ({"simulation": 3}, "simulation should be .*, found 3"),
        ({"simulation": {"persons": 3}}, "unknown setting 'simulation.persons'"),
        ({"simulation": {"cameras": ["top"]}}, "simulation.cameras: must be some of front, left-diagonal"),
        ({"simulation": {"difficulty": "mad"}}, "unknown difficulty 'mad'"),
        (
            {"simulation": {"knobs": {"hard": {"sped": 1.0}}}},
            r"unknown knob 'sped' \(did you mean 'speed'\?\); the knobs are bodies",
        ),
        ({"simulation": {"knobs": {"hard": {"speed": 9.0}}}}, "speed should be less than or equal to 0.2, found 9.0"),
    ],
)
def test_wrong_recipe_gives_one_line(changes, message) -> None:
    with pytest.raises(ConfigError, match=message) as error:
        parse_recipe({**BASE, **changes})
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("key", ["name", "title", "train", "gallery", "probe"])
def test_missing_key_is_named(key) -> None:
    with pytest.raises(ConfigError, match=f"{key} is missing"):
        parse_recipe({name: value for name, value in BASE.items() if name != key})


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"nam": "{person}/*"}, "unknown setting 'files.nam'"),
        ({"name": "{persn}/*"}, "unknown field 'persn'"),
        ({"name": "{person}/*", "fps": "30"}, "files.fps should be a valid number, found '30'"),
    ],
)
def test_files_table_is_validated(files, message) -> None:
    table = {name: value for name, value in BASE.items() if name != "simulation"}
    with pytest.raises(ConfigError, match=message):
        parse_recipe({**table, "files": files})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"probe": ["session=9"]}, "mine: probe: no recording meets 'session=9'; its session is one of: session-1"),
        ({"probe": ["session=session-2", "camera=front"]}, "mine: 4 recordings are in gallery and probe"),
        ({"gallery": ["person=person-000", "session=session-2"]}, "the gallery shows one person only"),
        (
            {"gallery": ["person=*0,*1", "session=session-2"], "probe": ["person=*2,*3", "session=session-3"]},
            r"no person of the probe \(person-002, person-003\) is in the gallery",
        ),
        ({"unseen": 0.1}, "unseen = 0.1 leaves the gallery part empty"),
        ({"window_length": 50}, "mine: train: a window is 50 frames, but the longest recording has 30"),
        ({"leave_out": ["camera=top"]}, "mine: leave_out: no recording meets 'camera=top'"),
    ],
)
def test_parts_that_cannot_be_evaluated_give_one_line(changes, message) -> None:
    with pytest.raises(DataError, match=message) as error:
        load(**changes)
    assert "\n" not in str(error.value)


def test_unseen_people_are_tested_and_never_trained_on() -> None:
    splits = []
    for seed in range(4):
        data = load(seed, unseen=0.5)
        trained, tested = set(data.train.persons), set(data.tests["gallery"].persons)
        assert not trained & tested
        assert trained | tested == {f"person-{i:03d}" for i in range(4)}
        assert tested == set(data.tests["probe"].persons)
        splits.append(frozenset(tested))
    assert len(set(splits)) > 1
    assert frozenset(load(0, unseen=0.5).tests["probe"].persons) == splits[0]


def test_exclude_ignores_the_probes_own_session() -> None:
    train, gallery = ["session=session-1"], ["camera=front"]
    probe = ["camera=left-side"]
    data = load(train=train, gallery=gallery, probe=probe, exclude="session")
    walks = [
        part
        for walk in simulate(
            4,
            6,
            seconds=1.0,
            sessions=3,
            cameras=[camera for camera in CAMERAS if camera.name in ("front", "left-side")],
        )
        for part in clean(walk)
    ]
    expected = evaluate(
        BASELINES["bones"], select(walks, gallery), select(walks, probe), exclude="session", without_match="skip"
    )
    without = evaluate(BASELINES["bones"], select(walks, gallery), select(walks, probe), without_match="skip")
    assert expected.window.ranking.metrics != without.window.ranking.metrics
    assert _measured(data, "window") == pytest.approx(expected.window.ranking.metrics)
    assert _measured(data, "recording") == pytest.approx(expected.recording.ranking.metrics)


def _measured(data, by: str):
    model = train(data.train.windows, Config().with_(**SMALL)).model
    result = BenchmarkResult(data, Path(), 0, {})
    measure_split(model, data.of_split(data.protocol.splits[0]), result)
    found = result.results if by == "window" else result.recordings
    return found["mine"]["Bone lengths"].ranking.metrics


def test_folder_is_measured_by_its_recipe(folder, capsys, tmp_path: Path) -> None:
    words = ["benchmark", str(folder / "mine.toml"), "--root", str(folder), "--out", str(tmp_path / "run")]
    assert main([*words, *SMALL_WORDS]) == 0
    printed = capsys.readouterr().out
    assert f"My walks, recordings in {folder / 'walks'}" in printed
    assert "published" not in printed
    document = json.loads((tmp_path / "run" / "benchmark.json").read_text())
    assert document["benchmark"]["recipe"]["leave_out"] == ["person=person-003"]
    assert document["benchmark"]["counts"]["all"]["persons"] == 3
    model = Model.load(tmp_path / "run" / "model")
    assert model.window_length == 5
    assert model.training["labels_used"] == "none"
    walks = read(folder / "walks", name="{person}/{session}.npz", layout="kinect-v1")
    kept = select(walks, ["person=*0,*1,*2"])
    expected = evaluate(model, select(kept, ["session=session-2"]), select(kept, ["session=session-3"]))
    split = document["splits"]["walks"]
    assert split["published"] == {}
    for by, level in (("results", expected.window), ("recordings", expected.recording)):
        found = split[by]["Hi-MPC, MSMR"]
        assert {name: found[name] for name in level.ranking.metrics} == pytest.approx(level.ranking.metrics)
    assert "Pose in the body frame, and bone lengths" in split["recordings"]
    report = (tmp_path / "run" / "benchmark.md").read_text()
    assert "## By recording" in report
    assert "Published" not in report


def test_root_is_required_for_files_only(folder, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="walks has no folder; pass root, the folder of its recordings"):
        load_benchmark(folder / "mine.toml")
    with pytest.raises(ConfigError, match="BIWI has no folder; pass root, your copy of BIWI"):
        load_benchmark("BIWI")
    with pytest.raises(ConfigError, match="cross-view-easy is simulated, found a folder of recordings; leave out root"):
        load_benchmark("cross-view-easy", tmp_path)
    with pytest.raises(DataError, match="is no folder; expected that of walks"):
        load_benchmark(folder / "mine.toml", tmp_path / "none")


def test_benchmark_is_found_by_name_or_refused(tmp_path: Path) -> None:
    assert find_benchmark("biwi").name == "BIWI"
    assert find_benchmark("Clothing-Unseen-Hard").name == "clothing-unseen-hard"
    for wrong in ("absent", "kinect-v1-actions-hard"):
        with pytest.raises(ConfigError, match=f"unknown benchmark '{wrong}'.*: expected one of BIWI, .*, or a .toml"):
            find_benchmark(wrong)
    with pytest.raises(ConfigError, match=r"none\.toml: cannot be read"):
        find_benchmark(tmp_path / "none.toml")
    (tmp_path / "bad.toml").write_text("name = \n")
    with pytest.raises(ConfigError, match=r"bad\.toml: is not valid TOML"):
        find_benchmark(tmp_path / "bad.toml")


@pytest.mark.parametrize("name", SUITES)
def test_knobs_of_each_suite_increase_with_difficulty(name) -> None:
    graded = [get_recipe(f"{name}-{difficulty}").simulation for difficulty in DIFFICULTIES]
    knobs = [source.graded(source.difficulty) for source in graded]
    for easier, harder in pairwise(knobs):
        for knob in ("speed", "mood", "footwear", "load", "headings", "curved"):
            assert getattr(easier, knob) <= getattr(harder, knob)
        assert easier.sensor.bias < harder.sensor.bias


@pytest.mark.parametrize("name", SUITES)
def test_each_suite_divides_its_walkers(name) -> None:
    recipe = get_recipe(f"{name}-easy")
    small = replace(recipe, simulation=replace(recipe.simulation, people=6, seconds=1.0))
    data = load_benchmark(small, seed=2)
    assert data.form == "simulated"
    parts = [set(np.char.add(part.persons, "")) for part in (data.train, *data.tests.values())]
    assert parts[1] == parts[2]
    assert bool(parts[0] & parts[1]) is not name.endswith("unseen")
    views = [set(part.cameras.tolist()) for part in data.tests.values()]
    if "view" in name:
        assert not views[0] & views[1]
    if name == "one-view":
        assert set(data.train.cameras) == {"front"}
        assert "front" not in views[0] | views[1]
    recordings = {part: {r["source"] for r in data.assignment if r["part"] == part} for part in ("train", "probe")}
    assert not recordings["train"] & recordings["probe"]


def _knowing_file(tmp_path: Path, **changes) -> Path:
    """Return a recipe that names no labels, beside one file that knows them."""
    walks = simulate(people=3, recordings=4, seconds=1.0, sessions=2, cameras=2, difficulty="easy", seed=7)
    (tmp_path / "walks").mkdir()
    save([walk.with_(**changes) for walk in walks], tmp_path / "walks" / "all.npz")
    recipe = tmp_path / "walks.toml"
    recipe.write_text(
        'name = "walks"\ntitle = "Walks"\ntrain = ["session=*[1]"]\ngallery = ["session=*-2", "camera=front"]\n'
        'probe = ["session=session-[2-9]", "camera=[!f]*"]\n[files]\n'
    )
    return recipe


def test_files_that_know_their_labels_need_no_name_pattern(tmp_path: Path) -> None:
    data = load_benchmark(_knowing_file(tmp_path), tmp_path)
    assert set(data.train.sessions) == {"session-1"}
    assert set(data.tests["gallery"].cameras) == {"front"}
    assert set(data.tests["probe"].sessions) == {"session-2"}
    assert "front" not in set(data.tests["probe"].cameras)
    assert data.counts["all"].persons == 3
    assert data.to_dict()["recipe"]["files"] == {}


def test_files_without_persons_are_refused_by_what_is_missing(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"has no person; state it in \[files\] by 'name', .* that has {person}"):
        load_benchmark(_knowing_file(tmp_path, person=None), tmp_path)


PERSONS = {"kinect-v1-actions": 12, "kinect-v1-daily": 8, "kinect-v1-views": 10, "c3d-walking": 16, "trc-walking": 18}


def check_actions(*parts: Windows) -> None:
    for part, first in zip(parts, (1, 10, 19), strict=True):
        assert set(part.sessions) == {f"a{action:02d}" for action in range(first, first + 9)}


def check_views(train: Windows, gallery: Windows, probe: Windows) -> None:
    assert {int(session[-2:]) % 2 for session in train.sessions} == {0}
    assert {int(session[-2:]) % 2 for session in probe.sessions} == {1}
    assert set(gallery.cameras) == {"v01"}
    assert set(probe.cameras) == {"v02", "v03"}


DIVISIONS = {"kinect-v1-daily": check_actions, "kinect-v1-views": check_views}


@pytest.mark.parametrize("name", [name for name in recipe_names() if name not in SUITES])
def test_recipes_of_real_data(name, shared_data) -> None:
    data = load_benchmark(name, shared_data)
    trained, tested = set(data.train.persons), set(data.tests["probe"].persons)
    assert data.counts["all"].persons == PERSONS[name.removesuffix("-unseen")]
    assert bool(trained & tested) is not name.endswith("unseen")
    if name in DIVISIONS:
        DIVISIONS[name](data.train, data.tests["gallery"], data.tests["probe"])


def test_suite_runs_without_data(tmp_path: Path) -> None:
    data = load(simulation=BASE["simulation"] | {"difficulty": "easy"})
    first, second = (run_benchmark(data, tmp_path / out, settings=SMALL) for out in ("a", "b"))
    assert first.table() == second.table()
    assert set(first.views["mine"]) == {"front", "left-side"}
    assert first.data.to_dict()["recipe"]["simulation"]["people"] == 4
