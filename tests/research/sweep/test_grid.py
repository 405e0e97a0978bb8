"""The schema of grids: single settings, products, and one line for each mistake."""

from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from himpc.errors import ConfigError, DataError
from himpc.learning import Config
from himpc.learning.losses import LOSSES
from himpc.research import get_recipe, load_benchmark
from himpc.research.sweep import Grid, load_data

OTHER = {"loss": "another", "levels": ["limb"], "eps": 0.5, "joint_weight": 2.0, "learning_rate": 0.1, "mask": 0.5}
KINDS = get_type_hints(Config)


DATA = {"recipe": "cross-view-easy"}


def grid_of(**table):
    """Return a grid on data that it does not read."""
    return Grid.from_table({"data": DATA, **table})


def other(name):
    """Return a value of a setting that is not its default."""
    if name in OTHER:
        return OTHER[name]
    default, choices = getattr(Config(), name), get_args(KINDS[name])
    if choices:
        return next(choice for choice in choices if choice != default)
    return not default if isinstance(default, bool) else default + 1


@pytest.mark.parametrize("name", [field.name for field in fields(Config) if field.name != "seed"])
def test_every_setting_can_be_varied_alone(name, monkeypatch):
    monkeypatch.setitem(LOSSES, "another", "module:function")
    preset, varied = grid_of(vary={name: [other(name)]}).choices
    assert preset.config == Config.preset("clean")
    assert varied.config == preset.config.with_(**{name: other(name)})
    assert varied.config != preset.config
    assert varied.name.startswith(f"{name} = ")


def test_grid_is_the_full_product():
    variants = grid_of(grid={"k1": [5, 6], "eps": [0.3, 0.4]}, vary={"k2": [1]}).choices
    assert [(v.config.k1, v.config.eps, v.config.k2) for v in variants] == [
        *[(20, 0.6, 6), (20, 0.6, 1)],
        *[(5, 0.3, 6), (5, 0.4, 6), (6, 0.3, 6), (6, 0.4, 6)],
    ]
    assert variants[-1].name == "k1, eps = 6, 0.4"


def test_equal_settings_are_run_once():
    grid = grid_of(seeds=[3, 4], vary={"heads": [8, 2]}, grid={"heads": [2]})
    assert len(grid.choices) == 4
    assert [(config.heads, config.seed) for _, config in grid.runs] == [(8, 3), (8, 4), (2, 3), (2, 4)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vari": {}}, "unknown setting 'vari'"),
        ({"preset": "cleen"}, "unknown preset 'cleen'"),
        ({"preset": 3}, "preset should be a valid string, found 3"),
        ({"preset": "paper"}, "uses labels in training"),
        ({"seeds": []}, "seeds should have at least 1 item, found []"),
        ({"seeds": [1, 1]}, "seeds: names a value twice: [1, 1]"),
        ({"seeds": [-1]}, "seed should be greater than or equal to 0, found -1"),
        ({"seeds": "012"}, "seeds should be a list, found '012'"),
        ({"vary": {"haeds": [1]}}, "[vary] unknown setting 'haeds'"),
        ({"vary": {"heads": 1}}, "vary.heads should be a list, found 1"),
        ({"vary": {"heads": []}}, "vary.heads should have at least 1 item, found []"),
        ({"vary": {"heads": [1, 1]}}, "names a value twice"),
        ({"vary": {"heads": [1, -1]}}, "[vary] heads should be greater than or equal to 0, found -1"),
        ({"vary": {"heads": ["many"]}}, "[vary] heads should be a valid integer"),
        ({"vary": {"levels": ["joint"]}}, "[vary] levels should be a list, found 'joint'"),
        ({"vary": {"levels": [3]}}, "[vary] levels should be a list, found 3"),
        (
            {"vary": {"levels": [[["joint"]]]}},
            "[vary] levels.0 should be 'joint', 'component' or 'limb', found ['joint']",
        ),
        ({"vary": {"seed": [1]}}, "[vary] seed: set seeds"),
        ({"vary": [1]}, "vary should be a table, found [1]"),
        ({"settings": {"eps": 2}}, "[settings] eps should be less than or equal to 1, found 2"),
        ({"settings": {"seed": 2}}, "[settings] seed: set seeds"),
        ({"grid": {"eps": [0.5, 7.0]}}, "[grid] eps should be less than or equal to 1, found 7.0"),
        ({"grid": {"k1": list(range(1, 100)), "k2": list(range(1, 100))}}, "more than 1000"),
    ],
)
def test_mistake_gives_one_line(table, changes, words):
    with pytest.raises(ConfigError) as error:
        Grid.from_table(table | changes)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "data.recipe is missing"),
        ({"recipe": 3}, "data.recipe: should be a name such as"),
        ({"recipe": "absent"}, "data.recipe: unknown recipe 'absent': expected one of c3d-walking"),
        ({"recipe": "none.toml"}, "none.toml: cannot be read"),
        ({"recipe": {"name": "mine"}}, "data.recipe: title is missing"),
        ({**DATA, "path": "walks"}, "unknown setting 'data.path'"),
        ({**DATA, "root": 3}, "data.root should be a valid string, found 3"),
        ({**DATA, "seed": -1}, "data.seed should be greater than or equal to 0, found -1"),
    ],
)
def test_wrong_data_gives_one_line(data, words):
    with pytest.raises(ConfigError) as raised:
        grid_of(data=data)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_recipe_is_a_name_a_file_or_a_table(table, tmp_path):
    recipe = 'name = "mine"\ntitle = "Mine"\ntrain = ["source=*-0"]\ngallery = ["source=*-1"]\nprobe = ["source=*-2"]\n'
    recipe += 'window_length = 5\n[simulation]\npeople = 3\nrecordings = 3\nseconds = 1\ndifficulty = "easy"\n'
    (tmp_path / "mine.toml").write_text(recipe)
    (tmp_path / "grid.toml").write_text('[data]\nrecipe = "mine.toml"\n[vary]\nwindow_length = [7]\n')
    beside = Grid.read(tmp_path / "grid.toml")
    assert [variant.config.window_length for variant in beside.choices] == [5, 7]
    assert load_data(beside).fingerprint() == load_data(Grid.from_table(table)).fingerprint()
    assert grid_of(data={"recipe": "cross-view-hard"}).recipe == get_recipe("cross-view-hard")


def test_parts_equal_those_of_the_benchmark(table):
    table["data"]["recipe"] |= {"exclude": "session", "unseen": 0.7}
    data = load_data(Grid.from_table(table))
    found = load_benchmark(Grid.from_table(table).recipe)
    sources = [walk.source for part in (data.train, data.gallery, data.probe) for walk in part]
    assert sources == [each["source"] for each in found.assignment]
    assert data.exclude == "session"


def test_folder_of_recordings_is_relative_to_the_grid_or_given(tmp_path, monkeypatch):
    (tmp_path / "grid.toml").write_text('[data]\nrecipe = "c3d-walking"\nroot = "walks"\n')
    grid = Grid.read(tmp_path / "grid.toml")
    monkeypatch.chdir(Path(tmp_path.anchor))
    with pytest.raises(DataError, match=str(tmp_path / "walks")):
        load_data(grid)
    with pytest.raises(DataError, match=r"^elsewhere: is no folder"):
        load_data(grid, "elsewhere")
    with pytest.raises(ConfigError, match="c3d-walking has no folder; pass root"):
        load_data(grid_of(data={"recipe": "c3d-walking"}))


@pytest.mark.parametrize("content", [b"seeds = [", b"\xff\xfe", b"a = 1\n" * 200_000])
def test_error_names_the_file(tmp_path, content):
    (tmp_path / "grid.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"grid\.toml: is "):
        Grid.read(tmp_path / "grid.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        Grid.read(tmp_path / "none.toml")


def test_fingerprint_depends_on_joints_labels_and_parts(table):
    def mark(seed=0, **changes):
        recipe = table["data"]["recipe"] | changes
        return load_data(grid_of(data={"recipe": recipe, "seed": seed})).fingerprint()

    marks = [
        mark(),
        mark(exclude="camera"),
        mark(probe=["source=*-2,*-0"]),
        mark(gallery=["source=*-2"], probe=["source=*-1"]),
        mark(seed=1),
    ]
    assert len(set(marks)) == len(marks)
    assert mark() == marks[0]
