"""Sample recordings of real people: the package is built from original files, and loaded only if it is as built."""

import importlib.util
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import himpc
from himpc.cli import main
from himpc.errors import DataError, DependencyError, FormatError
from himpc.research import SAMPLE, load_sample

ROOT = Path(__file__).parents[2]
SMALL = ["--hidden", "16", "--heads", "2", "--max-epochs", "2"]
NAMES = (
    "HipCenter; Spine; ShoulderCenter; Head; ShoulderLeft; ElbowLeft; WristLeft; HandLeft; ShoulderRight; ElbowRight; "
    "WristRight; HandRight; HipLeft; KneeLeft; AnkleLeft; FootLeft; HipRight; KneeRight; AnkleRight; FootRight"
)


@pytest.fixture(scope="session")
def build() -> Callable[[Path, Path], list[Path]]:
    """The function of the build script."""
    spec = importlib.util.spec_from_file_location("build_data", ROOT / "packaging" / "data" / "build.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module.build


@pytest.fixture(scope="module")
def originals(tmp_path_factory) -> Path:
    """Files of simulated walkers in the form of kinect-v1-actions."""
    folder = tmp_path_factory.mktemp("originals") / "kinect-v1-actions"
    folder.mkdir()
    (folder / "LICENSE").write_text("The terms\n")
    walks = himpc.simulate(people=3, recordings=2, seconds=2.0, difficulty="easy")
    for i, walk in enumerate(walks):
        frames = [";".join(" ".join(f"{v:.7g}" for v in joint) for joint in frame) for frame in walk.joints]
        (folder / f"Seq{i % 2 + 1}_{i // 2 + 1}.csv").write_text("\n".join([NAMES, *frames]))
    return folder.parent


@pytest.fixture(scope="module")
def package(build, originals, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("package") / "himpc_data"
    build(originals, folder)
    (folder / "__init__.py").touch()
    return folder


@pytest.fixture
def copy(package, tmp_path) -> Path:
    """A copy of the package, to damage."""
    folder = tmp_path / "himpc_data"
    folder.mkdir()
    for file in package.iterdir():
        (folder / file.name).write_bytes(file.read_bytes())
    return folder / "kinect-v1-actions.npz"


def test_the_same_originals_give_the_same_files(build, originals, package, tmp_path):
    for file in build(originals, tmp_path / "again"):
        assert file.read_bytes() == (package / file.name).read_bytes()


def test_built_recordings_are_the_originals_within_a_tenth_of_a_millimetre(originals, package):
    sample = load_sample(package / "kinect-v1-actions.npz")
    assert sample.about.endswith("copyright 2016 David Jardim, MIT")
    assert (package / "kinect-v1-actions.txt").read_text().endswith("The terms\n")
    for found, walk in zip(sample.recordings, himpc.read(originals, name="*/Seq{session}_{person}.csv"), strict=True):
        assert (found.person, found.session) == (walk.person, walk.session)
        np.testing.assert_allclose(found.joints, walk.joints, atol=0.51e-4)


def test_originals_without_their_licence_are_not_packed(build, originals, tmp_path):
    (tmp_path / "kinect-v1-actions").mkdir()
    with pytest.raises(SystemExit, match="may not be passed on without it"):
        build(tmp_path, tmp_path / "out")


@pytest.mark.parametrize("name", ["kinect-v1-actions.npz", "kinect-v1-actions.txt"])
def test_a_changed_file_is_refused(copy, name):
    content = bytearray(copy.with_name(name).read_bytes())
    content[len(content) // 2] ^= 1
    copy.with_name(name).write_bytes(content)
    with pytest.raises(FormatError, match=rf"{name}: has the SHA-256 checksum .* it was damaged or changed"):
        load_sample(copy)


@pytest.mark.parametrize("sums", ["", "nothing of the kind", "0" * 63 + "  kinect-v1-actions.npz"])
def test_a_file_without_checksums_is_refused(copy, sums):
    copy.with_name("SHA256SUMS").write_text(sums)
    with pytest.raises(FormatError, match="expected lines of sha256sum"):
        load_sample(copy)


def test_a_file_that_is_not_listed_is_refused(copy, tmp_path):
    other = copy.rename(copy.with_name("mine.npz"))
    copy.with_suffix(".txt").rename(other.with_suffix(".txt"))
    with pytest.raises(FormatError, match=r"is not listed in SHA256SUMS beside it.*group\(\)"):
        load_sample(other)
    copy.with_name("SHA256SUMS").unlink()
    with pytest.raises(DataError, match=r"SHA256SUMS: cannot be read: No such file.* keep the files"):
        load_sample(other)


def test_an_absent_package_says_where_to_get_it(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "himpc_data", None)
    with pytest.raises(DependencyError, match=r"packaging/data/build.py .* name a file of it: data"):
        load_sample()
    assert main(["demo", "--real"]) == 1
    assert "name a file of it: --data" in capsys.readouterr().err


def test_demo_groups_real_recordings_of_a_file(package, tmp_path, capsys):
    file = str(package / "kinect-v1-actions.npz")
    assert main(["demo", "--data", file, "--out", str(tmp_path), *SMALL]) == 0
    printed = capsys.readouterr().out
    assert "12 people who do six actions before a Kinect" in printed
    assert "prior=none" in printed
    assert "ARI" in printed
    assert (tmp_path / "groups.png").exists()


def test_demo_refuses_settings_of_walkers_with_real_recordings(capsys):
    assert main(["demo", "--real", "--people", "3"]) == 1
    assert "people: are settings of simulated walkers" in capsys.readouterr().err


def test_the_package_of_the_real_recordings_is_found_and_small(build, shared_data, tmp_path, monkeypatch):
    files = build(shared_data, tmp_path / "himpc_data")
    (tmp_path / "himpc_data" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.delitem(sys.modules, "himpc_data", raising=False)
    assert sum(file.stat().st_size for file in files) < 8e6
    sample = load_sample()
    assert SAMPLE in {file.stem for file in files}
    assert len(sample.recordings) == 33
    assert len({walk.person for walk in sample.recordings}) == 16
