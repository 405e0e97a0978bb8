"""Settings are validated, named in errors, and survive JSON."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc._schema import parse, settings_of, to_plain
from himpc.errors import ConfigError
from himpc.learning import Config, preset_names


def test_every_setting_has_help():
    assert all(setting.help.endswith(".") for setting in settings_of(Config))


def test_preset_clean_equals_the_defaults():
    assert preset_names() == ("clean", "paper", "simmc", "spc", "tracklet")
    assert Config.preset("clean") == Config()
    with pytest.raises(ConfigError, match="unknown preset 'other'; the presets are clean"):
        Config.preset("other")


def test_preset_paper_differs_from_clean_as_documented():
    paper, clean = to_plain(Config.preset("paper")), to_plain(Config())
    changed = {name: value for name, value in paper.items() if value != clean[name]}
    expected = {"joint_weight": 8.0, "shuffle": "once", "drop_last": True, "patience": 50, "max_epochs": 1000}
    assert changed == expected
    assert paper["joint_weight"] == paper["heads"]


@given(st.integers(1, 99), st.floats(0.01, 1), st.sampled_from(["hard", "off", "inverted"]), st.integers(0, 2**40))
def test_settings_survive_json(k1, eps, mining, seed):
    config = Config(k1=k1, eps=eps, mining=mining, seed=seed, levels=("limb", "joint"))
    assert parse(Config, json.loads(json.dumps(to_plain(config)))) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"eps": 0.0}, "eps should be greater than 0, found 0.0"),
        ({"eps": float("nan")}, "eps should be .*, found nan"),
        ({"k1": 0}, "k1 should be greater than or equal to 1, found 0"),
        ({"k1": 2.5}, "k1 should be a valid integer, found 2.5"),
        ({"heads": True}, "heads should be a valid integer, found True"),
        ({"levels": ("joint", "joint")}, "levels: must be one or more of joint, component, limb"),
        ({"levels": ()}, "levels: must be one or more of"),
        ({"levels": ("hand",)}, "levels.0 should be 'joint', 'component' or 'limb', found 'hand'"),
        ({"heads": -1}, "heads should be greater than or equal to 0, found -1"),
        ({"align": 1}, "align should be a valid boolean, found 1"),
        ({"clustering": "kmeans"}, "clustering should be 'dbscan' or 'hdbscan', found 'kmeans'"),
        ({"shuffle": True}, "shuffle should be 'epoch' or 'once', found True"),
        ({"shuffle": "never"}, "shuffle should be 'epoch' or 'once', found 'never'"),
        ({"drop_last": 1}, "drop_last should be a valid boolean, found 1"),
        ({"mining": "soft"}, "mining should be 'hard', 'off' or 'inverted'"),
        ({"learning_rate": 0.0}, "learning_rate should be greater than 0"),
        ({"learning_rate": float("nan")}, "learning_rate should be "),
        ({"learning_rate": float("inf")}, "learning_rate should be "),
        ({"joint_weight": float("nan")}, "joint_weight should be a finite number"),
        ({"stride": -1}, "stride should be greater than or equal to 0, found -1"),
        ({"seed": 2**70}, "seed should be less than 9223372036854775808"),
        ({"hidden": 10**9}, "hidden should be less than or equal to 4096"),
        ({"k1": 200_000}, "k1 should be less than or equal to 1000, found 200000"),
        ({"k2": 200_000}, "k2 should be less than or equal to 1000, found 200000"),
        ({"min_samples": 2**40}, "min_samples should be less than 2147483648"),
        ({"batch_size": 2**70}, "batch_size should be less than 2147483648"),
        ({"contrast": "window"}, "contrast should be 'frames' or 'windows', found 'window'"),
        ({"temperature": -0.1}, "temperature: must be 0, for none, or from 0.001 to 1000, found -0.1"),
        ({"temperature": 1e-9}, "temperature: must be 0"),
        ({"temperature": float("nan")}, "temperature: must be 0"),
        ({"mask": 1.0}, "mask should be less than 1"),
        ({"mask": float("nan")}, "mask should be "),
        ({"epochs": 3}, r"unknown setting 'epochs' \(did you mean 'max_epochs'\?\); the settings are window_length"),
    ],
)
def test_wrong_settings_raise(changes, message):
    with pytest.raises(ConfigError, match=message):
        Config().with_(**changes)


def test_none_leaves_a_setting_unchanged():
    assert Config(eps=0.5).with_(eps=None, seed=3) == Config(eps=0.5, seed=3)


@pytest.mark.parametrize(("length", "stride", "expected"), [(6, 0, 3), (1, 0, 1), (6, 6, 6)])
def test_training_windows_overlap_by_half_by_default(length, stride, expected):
    assert Config(window_length=length, stride=stride).training_stride == expected
