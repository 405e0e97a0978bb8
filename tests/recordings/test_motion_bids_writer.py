"""Motion-BIDS that himpc writes: it follows the rules of the validator, and its joints are read back equal."""

import json
import shutil
import subprocess

import numpy as np
import pytest

import himpc
from himpc.errors import DataError, FormatError
from himpc.recordings import save_motion_bids
from himpc.skeleton import get_layout, layout_names


@pytest.fixture(scope="module")
def walks():
    return list(himpc.simulate(people=2, recordings=2, seconds=2.0))


@pytest.fixture(scope="module")
def data_set(walks, tmp_path_factory):
    folder = tmp_path_factory.mktemp("bids") / "set"
    again = [walk.with_(session=None) for walk in walks]
    files = save_motion_bids([*walks, *again], folder, task="slow walk")
    return folder, files


def test_joints_and_rates_come_back(walks, data_set):
    folder, files = data_set
    found = {recording.origin.path: recording for recording in himpc.read(folder, clean=False)}
    assert len(found) == len(files) == 8
    for walk, file in zip(walks, files, strict=False):
        read = found[file]
        assert (read.layout, read.fps) == (walk.layout, walk.fps)
        assert (read.person, read.session) == (walk.person.replace("-", ""), walk.session.replace("-", ""))
        np.testing.assert_array_equal(read.joints, walk.joints)


@pytest.mark.parametrize("name", layout_names())
def test_joints_of_every_layout_come_back(name, tmp_path):
    (walk,) = himpc.simulate(people=1, recordings=1, seconds=1.0, layout=name)
    save_motion_bids([walk], tmp_path / "set")
    (found,) = himpc.read(tmp_path / "set", clean=False)
    assert found.layout == walk.layout
    np.testing.assert_array_equal(found.joints, walk.joints)


@pytest.mark.parametrize(("true_size", "equal_size"), [(True, False), (False, False), (False, True)])
def test_what_lengths_mean_comes_back(true_size, equal_size, tmp_path):
    (walk,) = himpc.simulate(people=1, recordings=1, seconds=1.0)
    save_motion_bids([walk.with_(true_size=true_size, equal_size=equal_size)], tmp_path / "set")
    (found,) = himpc.read(tmp_path / "set", clean=False)
    assert (found.true_size, found.equal_size) == (true_size, equal_size)


def test_names_and_tables_follow_the_rules(data_set):
    folder, files = data_set
    assert files[0].relative_to(folder).as_posix() == (
        "sub-person000/ses-session1/motion/"
        "sub-person000_ses-session1_task-slowwalk_tracksys-kinectv1_acq-front_motion.tsv"
    )
    assert [file.name.split("_")[-2] for file in files[4:6]] == ["run-01", "run-02"]
    channels = files[0].with_name(files[0].name.replace("_motion", "_channels")).read_text().splitlines()
    assert channels[0].split("\t")[:5] == ["name", "component", "type", "tracked_point", "units"]
    names = [line.split("\t")[0] for line in channels[1:]]
    assert len(set(names)) == len(names) == len(files[0].read_text().splitlines()[0].split("\t"))
    motion = json.loads(files[0].with_suffix(".json").read_text())
    assert (motion["TaskName"], motion["SamplingFrequency"], motion["POSChannelCount"]) == ("slow walk", 30, 60)
    assert (folder / "participants.tsv").read_text() == "participant_id\nsub-person000\nsub-person001\n"
    assert json.loads((folder / "dataset_description.json").read_text())["DatasetType"] == "raw"


def test_the_validator_finds_no_errors(data_set):
    validator = shutil.which("bids-validator-deno")
    if validator is None:
        pytest.skip("the package bids-validator-deno is not installed")
    done = subprocess.run(
        [validator, str(data_set[0]), "--ignoreWarnings", "--json"], capture_output=True, text=True, timeout=120
    )
    assert [issue for issue in json.loads(done.stdout)["issues"]["issues"] if issue["severity"] == "error"] == []


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"person": None}, r"has no person, whom .*; state the people: labels or pattern"),
        ({"fps": None}, "has no frame rate"),
        ({"person": "\u6771"}, "has no letter or digit of ASCII"),
        ({"person": "person000"}, "both become 'person000'"),
    ],
)
def test_what_the_format_cannot_hold_is_refused(walks, tmp_path, changes, message):
    with pytest.raises(DataError, match=message):
        save_motion_bids([walks[0], walks[1].with_(**changes)], tmp_path / "set")
    assert not (tmp_path / "set").exists()


def test_other_misuse_is_refused(walks, tmp_path):
    flat = himpc.Recording(np.zeros((3, 20, 3)), get_layout("kinect-v1"), 30, person="ann", dimensions=2)
    with pytest.raises(DataError, match="is in 2D"):
        save_motion_bids([flat], tmp_path / "set")
    with pytest.raises(DataError, match="no recordings"):
        save_motion_bids([], tmp_path / "set")
    (tmp_path / "mine.txt").touch()
    with pytest.raises(DataError, match="holds files already"):
        save_motion_bids(walks, tmp_path)


def test_the_layout_that_is_stated_wins_and_a_damaged_one_is_named(walks, tmp_path):
    (file,) = save_motion_bids(walks[:1], tmp_path / "set")
    part = get_layout("kinect-v1-lower-body")
    assert himpc.read(file, clean=False, layout=part)[0].layout == part
    about = file.with_suffix(".json")
    about.write_text(about.read_text().replace('"head",', '"head", "head",'))
    with pytest.raises(FormatError, match=r"_motion.json: .*; remove its key 'HimpcLayout'"):
        himpc.read(file)
