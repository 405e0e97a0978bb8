"""Validated dataclasses: what is wrong in plain data is named, with what was found and what was expected."""

import datetime
import json
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, field_validator

from himpc._schema import OneOf, field, parse, parse_json, parse_toml, settings_of, to_plain, validated
from himpc.errors import ConfigError, DataError, FormatError, HimpcError

LOSSES: dict[str, object] = {"mse": None, "mae": None}


@validated
class Step:
    """One item of a list."""

    at: int
    length: float = 1.0


@validated
class Settings:
    """A class of every kind of field."""

    epochs: Annotated[int, Field(ge=1)] = 3
    """Number of passes
    over the data."""
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 0.5
    align: bool = True
    mode: Literal["fast", "exact"] = "fast"
    loss: Annotated[str, OneOf(LOSSES)] = "mse"
    steps: tuple[Step, ...] = ()
    either: int | tuple[str, ...] | None = None
    names: dict[str, str] = field(default_factory=dict)

    @field_validator("names")
    @classmethod
    def _check_names(cls, names: dict[str, str]) -> dict[str, str]:
        if "self" in names:
            raise DataError("'self' is reserved", hint="rename it: {names}")
        return names


def outcome(data: object) -> tuple[Settings | None, str]:
    """Parse data: the settings, or the text of the error."""
    try:
        return parse(Settings, data, source="x"), ""
    except HimpcError as error:
        return None, str(error)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"epoch": 3}, r"unknown setting 'epoch' \(did you mean 'epochs'\?\); the settings are epochs, rate, align"),
        ({"epochs": 0}, "epochs should be greater than or equal to 1, found 0"),
        ({"epochs": "3"}, "epochs should be a valid integer, found '3'"),
        ({"epochs": 2.0}, "epochs should be a valid integer, found 2.0"),
        ({"epochs": True}, "epochs should be a valid integer, found True"),
        ({"rate": float("nan")}, "rate should be a finite number, found nan"),
        ({"rate": float("inf")}, "rate should be a finite number, found inf"),
        ({"rate": "0.5"}, "rate should be a valid number, found '0.5'"),
        ({"rate": None}, "rate should be a valid number, found None"),
        ({"align": 1}, "align should be a valid boolean, found 1"),
        ({"mode": "slow"}, "mode should be 'fast' or 'exact', found 'slow'"),
        ({"loss": "huber"}, "loss: must be one of mse, mae, found 'huber'"),
        ({"steps": 3}, "steps should be a list, found 3"),
        ({"steps": [{"at": 1}, {"length": 2}]}, "steps.1.at is missing"),
        ({"steps": [{"at": 1, "lenght": 2}]}, "unknown setting 'steps.0.lenght'"),
        ({"steps": [[1]]}, "steps.0 "),
        ({"names": {"a": 1}}, "names.a should be a valid string, found 1"),
        ({"names": []}, r"names should be a table, found \[\]"),
        ({"names": {"self": "a"}}, "'self' is reserved; rename it: names"),
        ({"either": "a"}, "found 'a'"),
        ({"epochs": 0, "rate": 0.0}, "epochs should be .*; rate should be greater than 0, found 0.0"),
        ({"x" * 100: 1}, "unknown setting 'x"),
        ([1], "found "),
        (
            {"names": {"a": datetime.date(2020, 1, 1)}},
            "found '2020-01-01', a date, expected a text, number",
        ),
        ({"names": {"a": {1, 2}}}, "a set, expected a text, number"),
    ],
)
def test_each_mistake_is_named_with_what_was_found_and_expected(data, message):
    with pytest.raises(ConfigError, match=message) as caught:
        parse(Settings, data, source="my.toml")
    text = str(caught.value)
    assert text.startswith("my.toml: ")
    assert "\n" not in text
    assert "pydantic" not in text


def test_an_error_has_the_class_that_was_asked_for_and_construction_raises_config_error():
    with pytest.raises(FormatError, match="epochs should be"):
        parse(Settings, {"epochs": 0}, error=FormatError)
    with pytest.raises(ConfigError, match=r"^epochs should be greater than or equal to 1, found 0$"):
        Settings(epochs=0)
    with pytest.raises(
        ConfigError, match=r"unknown setting 'epoch' \(did you mean 'epochs'\?\); the settings are epochs"
    ):
        Settings(epoch=1)  # type: ignore[call-arg]


def test_only_five_mistakes_are_listed_and_long_values_are_cut():
    data = {"steps": [{"at": "x" * 200}] * 9}
    with pytest.raises(ConfigError, match=r"steps.4.at .*; and 4 more$") as caught:
        parse(Settings, data)
    assert len(str(caught.value)) < 1000


HUGE: list[Any] = [10**400, -(10**5000), 1e308]


@pytest.mark.parametrize("number", HUGE, ids=["400 digits", "5000 digits", "1e308"])
def test_a_huge_number_is_a_value_or_an_error_in_one_line(number):
    made, message = outcome({"epochs": number})
    assert made.epochs == number if made else len(message.splitlines()) == 1


def test_deep_nesting_is_an_error():
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(ConfigError):
        parse(Settings, {"steps": deep})


JUNK = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)
KEYS = st.sampled_from(["epochs", "rate", "align", "mode", "loss", "steps", "either", "names", "other"])


@given(st.dictionaries(KEYS, JUNK, max_size=4) | JUNK)
def test_any_data_is_an_instance_or_an_error_in_one_line(data):
    made, message = outcome(data)
    if made:
        assert parse(Settings, to_plain(made)) == made
    else:
        assert message.startswith("x: ")
        assert len(message.splitlines()) == 1


@given(
    st.builds(
        Settings,
        epochs=st.integers(1, 10**30),
        rate=st.floats(1e-9, 1e9),
        align=st.booleans(),
        mode=st.sampled_from(["fast", "exact"]),
        steps=st.lists(st.builds(Step, st.integers(), st.floats(-1e9, 1e9)), max_size=3).map(tuple),
        names=st.dictionaries(st.text(max_size=3).filter(lambda name: name != "self"), st.text(max_size=3)),
    )
)
def test_plain_data_comes_back_and_is_json(settings):
    assert parse(Settings, json.loads(json.dumps(to_plain(settings)))) == settings


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.toml", b"epochs = ", "a.toml: is not valid TOML: "),
        ("a.toml", b"\xff", "a.toml: is not valid TOML: "),
        ("a.toml", b"x = " + b"[" * 5000, "a.toml: "),
        ("a.toml", b"names = { a = 2020-01-01 }", "a.toml: found '2020-01-01', a date, expected"),
        ("a.json", b"{", "a.json: is not valid JSON: "),
        ("a.json", b"[" * 100_000, "a.json: "),
        ("a.json", b'{"rate": NaN}', "a.json: rate should be a finite number, found nan"),
        (".", b"", "cannot be read: Is a directory"),
        ("missing.json", None, "missing.json: cannot be read: No such file"),
    ],
)
def test_a_file_that_cannot_be_parsed_is_named(tmp_path: Path, name, content, message):
    path = tmp_path / name
    if content:
        path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        (parse_toml if name.endswith("toml") else parse_json)(Settings, path, error=DataError)


def test_files_are_parsed(tmp_path: Path):
    (tmp_path / "a.toml").write_text("epochs = 7\nrate = 2\nsteps = [{at = 1}]\neither = ['a']")
    made = parse_toml(Settings, tmp_path / "a.toml")
    assert made == Settings(epochs=7, rate=2.0, steps=(Step(1),), either=("a",))
    (tmp_path / "a.json").write_text(json.dumps(to_plain(made)))
    assert parse_json(Settings, tmp_path / "a.json") == made


def test_settings_describe_the_fields():
    settings = {setting.name: setting for setting in settings_of(Settings)}
    assert list(settings)[:3] == ["epochs", "rate", "align"]
    epochs = settings["epochs"]
    assert (epochs.type, epochs.default, epochs.help) == (int, 3, "Number of passes over the data.")
    assert settings["mode"].choices == ("fast", "exact")
    assert settings["loss"].choices == ("mse", "mae")
    assert settings["names"].default == {}


def test_a_choice_that_is_added_to_its_table_is_accepted(monkeypatch):
    monkeypatch.setitem(LOSSES, "huber", None)
    assert Settings(loss="huber").loss == "huber"


@validated
class Choice:
    place: str | Path | int


def test_union_names_what_it_takes_and_no_branch():
    with pytest.raises(ConfigError) as raised:
        Choice(place=[1])
    assert str(raised.value) == "place should be a valid string or a path or a valid integer, found [1]"
