"""Optional packages: what is missing is named, with the extra that installs it."""

import sys
import tomllib
from pathlib import Path

import pytest

from himpc._extras import EXTRAS, require
from himpc.errors import DependencyError


def test_an_installed_package_is_imported():
    assert require("json", "onnx") is sys.modules["json"]


def test_a_missing_package_names_itself_and_its_extra():
    with pytest.raises(DependencyError) as caught:
        require("no_such_package", "onnx")
    assert str(caught.value) == (
        "export to ONNX needs the package 'no_such_package', which is not installed; run: pip install 'himpc[onnx]'"
    )
    assert isinstance(caught.value, ImportError)


def test_a_missing_dependency_of_an_installed_package_is_named(tmp_path: Path, monkeypatch):
    (tmp_path / "half_installed.py").write_text("import no_such_dependency")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(DependencyError, match="needs the package 'no_such_dependency'"):
        require("half_installed", "gallery")


def test_every_extra_is_one_of_the_package():
    project = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert set(EXTRAS) <= set(project["optional-dependencies"])
