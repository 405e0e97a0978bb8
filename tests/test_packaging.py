"""Files of the release agree: version, changelog, citation, container file and extras."""

import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from himpc import __version__

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_the_newest_section_of_the_changelog_is_of_this_version():
    (newest, *_) = re.findall(r"^## (\S+)", text("CHANGELOG.md"), re.MULTILINE)
    assert newest == __version__.split(".dev")[0]


def test_the_citation_states_version_and_licence():
    assert re.search(rf"^version: {re.escape(__version__)}$", text("CITATION.cff"), re.MULTILINE)
    assert re.search(rf"^license: {PROJECT['license']}$", text("CITATION.cff"), re.MULTILINE)


def test_supported_versions_include_this_one():
    assert f"version: {'.'.join(__version__.split('.')[:2])}." in text("SECURITY.md")


def test_the_container_installs_a_known_extra_and_runs_without_root():
    content = text("packaging/Containerfile")
    (extra,) = re.findall(r"/src\[(\w+)\]", content)
    assert extra in PROJECT["optional-dependencies"]
    assert content.index("USER 1000") < content.index("ENTRYPOINT")


def test_the_recipe_of_conda_needs_what_the_package_needs():
    rattler = pytest.importorskip("rattler_build", reason="the renderer of conda recipes is not installed")
    (variant,) = rattler.Stage0Recipe.from_yaml(text("packaging/conda/recipe.yaml")).render(rattler.VariantConfig())
    recipe = variant.recipe.to_dict()
    assert (recipe["package"], recipe["about"]["license"]) == (
        {"name": "himpc", "version": __version__},
        PROJECT["license"],
    )
    needs = dict(need.split() for need in recipe["requirements"]["run"])
    names = {"matplotlib": "matplotlib-base", "torch": "pytorch"}
    stated = dict(re.fullmatch(r"([\w-]+)(\S+)", need).groups() for need in PROJECT["dependencies"])
    assert needs == {names.get(name, name): bound for name, bound in stated.items()} | {
        "python": PROJECT["requires-python"]
    }


def test_the_release_script_parses_and_checks_the_version(tmp_path):
    script = ROOT / "packaging" / "release.sh"
    subprocess.run(["bash", "-n", script], check=True)
    (tmp_path / "packaging").mkdir()
    (tmp_path / "src" / "himpc").mkdir(parents=True)
    (tmp_path / "packaging" / "release.sh").write_text(script.read_text())
    (tmp_path / "src" / "himpc" / "_version.py").write_text('__version__ = "0.3.0.dev0"\n')
    done = subprocess.run(["bash", tmp_path / "packaging" / "release.sh"], capture_output=True, text=True)
    assert done.returncode == 1
    assert "is '0.3.0.dev0', expected a release such as 0.2.0" in done.stderr


def test_every_dependency_has_its_reason_in_the_documents():
    page = text("docs/architecture.md").split("## Dependencies")[1].split("## Design decisions")[0]
    named = {name for row in re.findall(r"^\| ([^|]+) \|", page, re.MULTILINE) for name in re.findall(r"[\w-]+", row)}
    needs = [*PROJECT["dependencies"], *(need for extra in PROJECT["optional-dependencies"].values() for need in extra)]
    assert {re.match(r"[\w-]+", need)[0] for need in needs} - named == {"himpc"}


def pins(name: str) -> dict[str, str]:
    """Return the version of each package in a file of pinned versions."""
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text(f"requirements/{name}"), re.MULTILINE))


def test_lowest_versions_are_the_stated_bounds():
    extras = PROJECT["optional-dependencies"]
    needs = [*PROJECT["dependencies"], *(need for extra in extras.keys() - {"dev", "docs"} for need in extras[extra])]
    lowest = pins("lowest.txt")
    for need in needs:
        if need.startswith("himpc["):
            continue
        name, bound = re.match(r"([\w-]+)(?:\[\w+\])?[>=]=([\d.]+)", need).groups()
        stated, tested = (tuple(map(int, version.split("."))) for version in (bound, lowest[name]))
        if name != "torch":  # the release that the results were measured with is the only one
            assert tested[: len(stated)] == stated, f"{need}: tested with {lowest[name]}, run: make lock"
            assert not any(tested[len(stated) :]), f"{need}: tested with {lowest[name]}, state that"


def test_every_test_of_the_matrix_exists():
    (listed,) = re.findall(r"^tests=\(\n(.*?)^\)", text(".ci/matrix"), re.MULTILINE | re.DOTALL)
    assert [name for name in listed.split() if not (ROOT / name).exists()] == []
