"""What may stand in a grid: each setting varied alone, products, and one clear line for each mistake."""

from dataclasses import fields
from pathlib import Path
from typing import get_args, get_type_hints

import pytest

from himpc.errors import ConfigError, DataError
from himpc.learning import Config
from himpc.research import get_recipe, load_benchmark
from himpc.research.sweep import Grid, load_data

OTHER = {"levels": ["limb"], "eps": 0.5, "joint_weight": 2.0, "learning_rate": 0.1, "mask": 0.5}
KINDS = get_type_hints(Config)


DATA = {"recipe": "cross-view-easy"}


def grid_of(**table):
    """Return a grid on data that it does not read."""
    return Grid.from_dict({"data": DATA, **table})


def other(name):
    """Return a value of a setting that is not its default."""
    if name in OTHER:
        return OTHER[name]
    default, choices = getattr(Config(), name), get_args(KINDS[name])
    if choices:
        return next(choice for choice in choices if choice != default)
    return not default if isinstance(default, bool) else default + 1


@pytest.mark.parametrize("name", [field.name for field in fields(Config) if field.name != "seed"])
def test_every_setting_can_be_varied_alone(name):
    preset, varied = grid_of(vary={name: [other(name)]}).variants
    assert preset.config == Config.preset("clean")
    assert varied.config == preset.config.with_(**{name: other(name)})
    assert varied.config != preset.config
    assert varied.name.startswith(f"{name} = ")


def test_a_grid_is_the_full_product():
    variants = grid_of(grid={"k1": [5, 6], "eps": [0.3, 0.4]}, vary={"k2": [1]}).variants
    assert [(v.config.k1, v.config.eps, v.config.k2) for v in variants] == [
        *[(20, 0.6, 6), (20, 0.6, 1)],
        *[(5, 0.3, 6), (5, 0.4, 6), (6, 0.3, 6), (6, 0.4, 6)],
    ]
    assert variants[-1].name == "k1, eps = 6, 0.4"


def test_equal_settings_are_run_once():
    grid = grid_of(seeds=[3, 4], vary={"heads": [8, 2]}, grid={"heads": [2]})
    assert len(grid.variants) == 4
    assert [(config.heads, config.seed) for _, config in grid.runs] == [(8, 3), (8, 4), (2, 3), (2, 4)]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"vari": {}}, "unknown key 'vari'"),
        ({"preset": "cleen"}, "unknown preset 'cleen'"),
        ({"preset": 3}, "preset must be a name"),
        ({"preset": "paper"}, "lets labels choose"),
        ({"seeds": []}, "seeds must be"),
        ({"seeds": [1, 1]}, "seeds must be"),
        ({"seeds": [-1]}, "seed should be greater than or equal to 0, found -1"),
        ({"seeds": "012"}, "seeds must be"),
        ({"vary": {"haeds": [1]}}, "[vary] unknown setting 'haeds'"),
        ({"vary": {"heads": 1}}, "[vary] heads must be a list"),
        ({"vary": {"heads": []}}, "[vary] heads must be a list"),
        ({"vary": {"heads": [1, 1]}}, "names a value twice"),
        ({"vary": {"heads": [1, -1]}}, "[vary] heads should be greater than or equal to 0, found -1"),
        ({"vary": {"heads": ["many"]}}, "[vary] heads should be a valid integer"),
        ({"vary": {"levels": ["joint"]}}, "[vary] levels should be a valid tuple, found 'joint'"),
        ({"vary": {"levels": [3]}}, "[vary] levels should be a valid tuple, found 3"),
        (
            {"vary": {"levels": [[["joint"]]]}},
            "[vary] levels.0 should be 'joint', 'component' or 'limb', found ['joint']",
        ),
        ({"vary": {"seed": [1]}}, "[vary] seed: give seeds"),
        ({"vary": [1]}, "vary must be a table"),
        ({"settings": {"eps": 2}}, "[settings] eps should be less than or equal to 1, found 2"),
        ({"settings": {"seed": 2}}, "[settings] seed: give seeds"),
        ({"grid": {"eps": [0.5, 7.0]}}, "[grid] eps should be less than or equal to 1, found 7.0"),
        ({"grid": {"k1": list(range(1, 100)), "k2": list(range(1, 100))}}, "more than 1000"),
    ],
)
def test_a_mistake_is_one_line(table, changes, words):
    with pytest.raises(ConfigError) as error:
        Grid.from_dict(table | changes)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        ({}, "[data] needs recipe: a name such as"),
        ({"recipe": 3}, "[data] needs recipe"),
        ({"recipe": "nothing"}, "[data] unknown recipe 'nothing': choose one of c3d-walking"),
        ({"recipe": "none.toml"}, "none.toml: cannot be read as a recipe"),
        ({"recipe": {"name": "mine"}}, "[data] recipe: lacks the key 'title'"),
        ({**DATA, "path": "walks"}, "[data] unknown key 'path'; it has recipe, root, seed"),
        ({**DATA, "root": 3}, "[data] root must be a path in quotes, found 3"),
        ({**DATA, "seed": -1}, "[data] seed must be a whole number, 0 or more, found -1"),
    ],
)
def test_wrong_data_is_one_line(data, words):
    with pytest.raises(ConfigError) as raised:
        grid_of(data=data)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_recipe_is_named_or_stands_beside_the_grid_or_in_it(table, tmp_path):
    recipe = 'name = "mine"\ntitle = "Mine"\ntrain = ["source=*-0"]\ngallery = ["source=*-1"]\nprobe = ["source=*-2"]\n'
    recipe += 'window_length = 5\n[simulation]\npeople = 3\nrecordings = 3\nseconds = 1\ndifficulty = "easy"\n'
    (tmp_path / "mine.toml").write_text(recipe)
    (tmp_path / "grid.toml").write_text('[data]\nrecipe = "mine.toml"\n[vary]\nwindow_length = [7]\n')
    beside = Grid.read(tmp_path / "grid.toml")
    assert [variant.config.window_length for variant in beside.variants] == [5, 7]
    assert load_data(beside).fingerprint() == load_data(Grid.from_dict(table)).fingerprint()
    assert grid_of(data={"recipe": "cross-view-hard"}).recipe == get_recipe("cross-view-hard")


def test_the_parts_are_those_of_the_benchmark(table):
    table["data"]["recipe"] |= {"exclude": "session", "unseen": 0.7}
    data = load_data(Grid.from_dict(table))
    found = load_benchmark(Grid.from_dict(table).recipe)
    sources = [walk.source for part in (data.train, data.gallery, data.probe) for walk in part]
    assert sources == [each["source"] for each in found.assignment]
    assert data.exclude == "session"


def test_the_folder_of_the_recordings_is_beside_the_grid_or_given(tmp_path, monkeypatch):
    (tmp_path / "grid.toml").write_text('[data]\nrecipe = "c3d-walking"\nroot = "walks"\n')
    grid = Grid.read(tmp_path / "grid.toml")
    monkeypatch.chdir(Path(tmp_path.anchor))
    with pytest.raises(DataError, match=str(tmp_path / "walks")):
        load_data(grid)
    with pytest.raises(DataError, match=r"^elsewhere: is no folder"):
        load_data(grid, "elsewhere")
    with pytest.raises(ConfigError, match="c3d-walking needs --root"):
        load_data(grid_of(data={"recipe": "c3d-walking"}))


@pytest.mark.parametrize("content", [b"seeds = [", b"\xff\xfe", b"a = 1\n" * 200_000])
def test_a_file_that_is_no_grid_is_named(tmp_path, content):
    (tmp_path / "grid.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"grid\.toml: is "):
        Grid.read(tmp_path / "grid.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        Grid.read(tmp_path / "none.toml")


def test_the_fingerprint_sees_joints_labels_and_parts(table):
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
