"""Settings are checked, named in errors, and survive being written down."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from himpc.errors import ConfigError
from himpc.learning import Config, preset_names


def test_the_default_preset_is_the_default():
    assert preset_names() == ("clean", "paper", "simmc", "spc", "tracklet")
    assert Config.preset("clean") == Config()
    with pytest.raises(ConfigError, match="unknown preset 'other': choose one of"):
        Config.preset("other")


def test_the_preset_of_the_released_code_differs_where_it_says():
    paper, clean = Config.preset("paper").to_dict(), Config().to_dict()
    changed = {name: value for name, value in paper.items() if value != clean[name]}
    expected = {"joint_weight": 8.0, "shuffle": "once", "drop_last": True, "patience": 50, "max_epochs": 1000}
    assert changed == expected
    assert paper["joint_weight"] == paper["heads"]


@given(st.integers(1, 99), st.floats(0.01, 1), st.sampled_from(["hard", "off", "inverted"]), st.integers(0, 2**40))
def test_settings_survive_json(k1, eps, mining, seed):
    config = Config(k1=k1, eps=eps, mining=mining, seed=seed, levels=("limb", "joint"))
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"eps": 0.0}, "eps must be above 0"),
        ({"eps": float("nan")}, "eps must be above 0"),
        ({"k1": 0}, "k1 must be 1 or more, found 0"),
        ({"k1": 2.5}, "k1 must be int, found 2.5"),
        ({"heads": True}, "heads must be int, found True"),
        ({"levels": ("joint", "joint")}, "levels must be some of joint, component, limb"),
        ({"levels": ()}, "levels must be some of"),
        ({"heads": -1}, "heads must be 0 or more, found -1"),
        ({"align": 1}, "align must be bool, found 1"),
        ({"clustering": "kmeans"}, "clustering must be one of dbscan, hdbscan"),
        ({"shuffle": True}, "shuffle must be str, found True"),
        ({"shuffle": "never"}, "shuffle must be one of epoch, once"),
        ({"drop_last": 1}, "drop_last must be bool, found 1"),
        ({"mining": "soft"}, "mining must be one of hard, off, inverted"),
        ({"learning_rate": 0.0}, "learning_rate must be above 0"),
        ({"learning_rate": float("nan")}, "learning_rate must be above 0"),
        ({"learning_rate": float("inf")}, "learning_rate must be above 0"),
        ({"joint_weight": float("nan")}, "joint_weight must be 0 or more"),
        ({"stride": -1}, "stride must be 0 or more, found -1"),
        ({"seed": 2**70}, "seed must be from 0"),
        ({"hidden": 10**9}, "hidden must be at most 4096"),
        ({"k1": 200_000}, "k1 must be at most 1000, found 200000"),
        ({"k2": 200_000}, "k2 must be at most 1000, found 200000"),
        ({"min_samples": 2**40}, "min_samples must be at most 2147483647"),
        ({"batch_size": 2**70}, "batch_size must be at most 2147483647"),
        ({"contrast": "window"}, "contrast must be one of frames, windows, found 'window'"),
        ({"temperature": -0.1}, "temperature must be 0, for none, or from 0.001 to 1000, found -0.1"),
        ({"temperature": 1e-9}, "temperature must be 0"),
        ({"temperature": float("nan")}, "temperature must be 0"),
        ({"mask": 1.0}, "mask must be 0 or more and below 1"),
        ({"mask": float("nan")}, "mask must be 0 or more"),
        ({"epochs": 3}, "unknown setting 'epochs'; the settings are window_length"),
    ],
)
def test_wrong_settings_are_named(changes, message):
    with pytest.raises(ConfigError, match=message):
        Config().with_(**changes)


def test_a_setting_of_none_is_left_as_it_is():
    assert Config(eps=0.5).with_(eps=None, seed=3) == Config(eps=0.5, seed=3)


@pytest.mark.parametrize(("length", "stride", "expected"), [(6, 0, 3), (1, 0, 1), (6, 6, 6)])
def test_windows_overlap_by_half_unless_said(length, stride, expected):
    assert Config(window_length=length, stride=stride).training_stride == expected
