"""Packages that load on first use offer all their names; a missing optional package is named, with its extra."""

import pkgutil
import sys
import tomllib
from importlib import import_module
from pathlib import Path
from types import ModuleType

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


@pytest.mark.parametrize("name", ["skeleton", "recordings", "reading", "model", "learning", "evaluation", "gallery"])
def test_a_package_that_loads_on_first_use_offers_all_its_names(name: str):
    package = import_module(f"himpc.{name}")
    assert set(package.__all__) <= set(dir(package))
    values = {each: getattr(package, each) for each in package.__all__}
    assert not [each for each, value in values.items() if isinstance(value, ModuleType)]
    # A module of the same name would take the place of a name once it is imported.
    assert not {module.name for module in pkgutil.iter_modules(package.__path__)} & set(values)
    with pytest.raises(AttributeError, match="has no attribute 'no_such_name'; it offers"):
        _ = package.no_such_name
