"""What may stand in a grid: each setting varied alone, products, and one clear line for each mistake."""

from dataclasses import fields
from pathlib import Path

import pytest

from himpc.errors import ConfigError, DataError
from himpc.learning import Config
from himpc.sweep import Grid, load_data

OTHER = {
    "levels": ["limb"],
    "clustering": "hdbscan",
    "mining": "off",
    "shuffle": "once",
    "eps": 0.5,
    "joint_weight": 2.0,
    "learning_rate": 0.1,
}


def other(name):
    """Return a value of a setting that is not its default."""
    default = getattr(Config(), name)
    return OTHER[name] if name in OTHER else (not default if isinstance(default, bool) else default + 1)


@pytest.mark.parametrize("name", [field.name for field in fields(Config) if field.name != "seed"])
def test_every_setting_can_be_varied_alone(name):
    preset, varied = Grid.from_dict({"vary": {name: [other(name)]}}).variants
    assert preset.config == Config.preset("clean")
    assert varied.config == preset.config.with_(**{name: other(name)})
    assert varied.config != preset.config
    assert varied.name.startswith(f"{name} = ")


def test_a_grid_is_the_full_product():
    variants = Grid.from_dict({"grid": {"k1": [5, 6], "eps": [0.3, 0.4]}, "vary": {"k2": [1]}}).variants
    assert [(v.config.k1, v.config.eps, v.config.k2) for v in variants] == [
        *[(20, 0.6, 6), (20, 0.6, 1)],
        *[(5, 0.3, 6), (5, 0.4, 6), (6, 0.3, 6), (6, 0.4, 6)],
    ]
    assert variants[-1].name == "k1, eps = 6, 0.4"


def test_equal_settings_are_run_once():
    grid = Grid.from_dict({"seeds": [3, 4], "vary": {"heads": [8, 2]}, "grid": {"heads": [2]}})
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
        ({"seeds": [-1]}, "seed must be from 0"),
        ({"seeds": "012"}, "seeds must be"),
        ({"vary": {"haeds": [1]}}, "[vary] unknown setting 'haeds'"),
        ({"vary": {"heads": 1}}, "[vary] heads must be a list"),
        ({"vary": {"heads": []}}, "[vary] heads must be a list"),
        ({"vary": {"heads": [1, 1]}}, "names a value twice"),
        ({"vary": {"heads": [1, -1]}}, "[vary] heads must be 0 or more, found -1"),
        ({"vary": {"heads": ["many"]}}, "[vary] heads must be int"),
        ({"vary": {"levels": ["joint"]}}, "[vary] levels must be some of"),
        ({"vary": {"levels": [3]}}, "[vary] levels = 3: a value is of the wrong kind"),
        ({"vary": {"levels": [[["joint"]]]}}, "of the wrong kind"),
        ({"vary": {"seed": [1]}}, "[vary] seed: give seeds"),
        ({"vary": [1]}, "vary must be a table"),
        ({"settings": {"eps": 2}}, "[settings] eps must be above 0"),
        ({"settings": {"seed": 2}}, "[settings] seed: give seeds"),
        ({"grid": {"eps": [0.5, 7.0]}}, "[grid] eps must be above 0"),
        ({"grid": {"k1": list(range(1, 100)), "k2": list(range(1, 100))}}, "more than 1000"),
    ],
)
def test_a_mistake_is_one_line(table, changes, words):
    with pytest.raises(ConfigError) as error:
        Grid.from_dict(table | changes)
    assert words in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("changes", "error", "words"),
    [
        ({"path": "walks"}, ConfigError, "either path"),
        ({"simulate": 5}, ConfigError, "simulate must be a table"),
        ({"simulate": {"persons": 5}}, ConfigError, "simulate has no 'persons'"),
        ({"simulate": {"people": "many"}}, ConfigError, "people"),
        ({"simulate": {"cameras": 1.5}}, ConfigError, "cameras of simulate"),
        ({"simulate": {"layout": ["kinect-v1"]}}, ConfigError, "layout of simulate"),
        ({"name": "{person}"}, ConfigError, "unknown key 'name'"),
        ({"train": "session=1"}, ConfigError, "train must be a list"),
        ({"gallery": []}, ConfigError, "gallery must be a list"),
        ({"probe": ["colour=red"]}, ConfigError, "'colour=red' is not a condition"),
        ({"probe": ["session=nine"]}, DataError, "its session is one of"),
        ({"exclude": "person"}, ConfigError, "exclude must be one of"),
    ],
)
def test_wrong_data_is_one_line(table, changes, error, words):
    grid = Grid.from_dict(table | {"data": table["data"] | changes})
    with pytest.raises(error) as raised:
        load_data(grid)
    assert words in str(raised.value)
    assert "\n" not in str(raised.value)


def test_what_is_missing_is_asked_for(table):
    del table["data"]["train"]
    with pytest.raises(ConfigError, match="lacks train"):
        load_data(Grid.from_dict(table))


def test_a_file_is_read_and_its_data_stand_beside_it(tmp_path, monkeypatch):
    (tmp_path / "grid.toml").write_text('[data]\npath = "walks"\ntrain = ["source=*"]\ngallery = ["source=*"]\n')
    grid = Grid.read(tmp_path / "grid.toml")
    monkeypatch.chdir(Path(tmp_path.anchor))
    with pytest.raises(DataError, match=str(tmp_path / "walks")):
        load_data(grid)


@pytest.mark.parametrize("content", [b"seeds = [", b"\xff\xfe", b"a = 1\n" * 200_000])
def test_a_file_that_is_no_grid_is_named(tmp_path, content):
    (tmp_path / "grid.toml").write_bytes(content)
    with pytest.raises(ConfigError, match=r"grid\.toml: is "):
        Grid.read(tmp_path / "grid.toml")
    with pytest.raises(ConfigError, match="cannot be read"):
        Grid.read(tmp_path / "none.toml")


def test_the_fingerprint_sees_joints_labels_and_parts(table):
    def mark(**changes):
        return load_data(Grid.from_dict(table | {"data": table["data"] | changes})).fingerprint()

    simulated = table["data"]["simulate"]
    marks = [
        mark(),
        mark(exclude="camera"),
        mark(probe=["source=*-2,*-0"]),
        mark(gallery=["source=*-2"], probe=["source=*-1"]),
        mark(simulate=simulated | {"seed": 1}),
    ]
    assert len(set(marks)) == len(marks)
    assert mark() == marks[0]
