"""Raw files and arrays of each data set give the same joints, windows and people; broken folders give clear errors."""

import random
import shutil
from collections import Counter
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from himpc.errors import ConfigError, DataError, FormatError
from himpc.recordings import Recording
from himpc.research import find_benchmark, load_benchmark
from himpc.research.datasets.arrays import ArrayFolder
from himpc.research.datasets.base import cut_all_offsets
from himpc.skeleton import centre, get_layout

from .writers import VIEWS, Walk, plain_windows, raw_casia_b, raw_kgbd, raw_ks20, write_arrays, write_skel


def persons(windows: list[Walk]) -> list[str]:
    return [str(person) for person, _ in windows]


def joints(windows: list[Walk], layout: str) -> NDArray[np.float32]:
    """Return the joints of plain windows as they are expected: float32, each frame minus its root."""
    return centre(np.stack([frames for _, frames in windows]).astype(np.float32), get_layout(layout))


@pytest.mark.parametrize("form", ["raw", "arrays"])
def test_each_data_set_is_loaded_as_written(written, form: str) -> None:
    found = written.load(form)
    assert (found.name, found.form, found.problems) == (written.name, form, ())
    for part, windows in written.windows.items():
        labelled = found.train if part == "train" else found.tests[part]
        np.testing.assert_array_equal(labelled.windows[:], joints(windows, find_benchmark(written.name).layout))
        assert labelled.persons.tolist() == persons(windows)
        assert found.counts[part].windows == len(windows)
        assert found.counts[part].persons == len(set(persons(windows)))


def test_counts_and_assignment_of_biwi(biwi) -> None:
    found = biwi.load("raw")
    assert asdict(found.counts["train"]) == {
        "persons": 3,
        "recordings": 3,
        "frames": 17 + 20 + 20,
        "dropped": 3,
        "windows": len(found.train),
    }
    assert found.counts["all"].recordings == 7
    assert found.assignment[0] == {"source": "Training/000", "person": "0", "part": "train"}
    assert "train: 3 people, published are 50" in found.notes
    assert biwi.load("arrays").counts["train"].recordings is None


@pytest.mark.parametrize("inner", ["Datasets", "Datasets/BIWI", "Datasets/BIWI/6"])
def test_arrays_are_found_from_any_folder_above(biwi, inner: str) -> None:
    assert load_benchmark("BIWI", biwi.arrays / inner).form == "arrays"


def test_case_and_separators_of_folders_are_ignored(biwi, tmp_path: Path) -> None:
    shutil.copytree(biwi.raw / "BIWI" / "Training", tmp_path / "biwi" / "TRAINING")
    shutil.copytree(biwi.raw / "BIWI" / "Testing" / "Still", tmp_path / "biwi" / "testing" / "still")
    shutil.copytree(biwi.raw / "BIWI" / "Testing" / "Walking", tmp_path / "biwi" / "testing" / "Walking_")
    mine, theirs = (load_benchmark("BIWI", root) for root in (tmp_path, biwi.raw))
    np.testing.assert_array_equal(mine.train.windows[:], theirs.train.windows[:])


@pytest.mark.parametrize("length", [1, 5, 6, 7])
def test_training_windows_start_at_every_frame_about_twice(walkers, length: int) -> None:
    walks = [(0, walkers(2, 1, 23)[0][0]), (1, walkers(2, 1, 23)[1][0][:9])]
    layout = get_layout("kinect-v1")
    windows = cut_all_offsets([Recording(frames, layout) for _, frames in walks], length)
    if length == 1:
        assert windows.starts.tolist() == list(range(32))
        return
    expected = plain_windows(walks, length, "offsets")
    np.testing.assert_array_equal(windows[:], joints(expected, "kinect-v1"))
    starts, times = np.unique(windows.starts, return_counts=True)
    assert starts.tolist() == [*range(23 - length + 1), *range(23, 23 + 9 - length + 1)]
    assert length % 2 or times.tolist() == [1 if s % 23 < length // 2 else 2 for s in starts]


def test_kgbd_split_depends_on_the_seed(tmp_path: Path, walkers) -> None:
    raw_kgbd(tmp_path, walkers)
    first, again, other = (load_benchmark("KGBD", tmp_path, seed=seed) for seed in (5, 5, 6))
    assert again.assignment == first.assignment != other.assignment
    assert Counter(each["part"] for each in first.assignment) == {"train": 7, "gallery": 7, "probe": 4}
    assert first.notes[0].startswith("1 of 4 people have too few recordings for 2 in the gallery")


def test_arrays_of_kgbd_in_layout_order_are_read(tmp_path: Path, walkers) -> None:
    walks = [(person, takes[0]) for person, takes in enumerate(walkers(3, 1, 20))]
    windows = plain_windows(walks, 6, "apart")
    for part in ("train_npy_data", "test_npy_data/gallery", "test_npy_data/probe"):
        write_arrays(tmp_path / "KGBD" / "6" / part, "KGBD", 6, windows, test="test" in part)
    found = load_benchmark("KGBD", tmp_path)
    np.testing.assert_array_equal(found.train.windows[:], joints(windows, "kinect-v1"))


def test_ks20_does_not_divide_sessions(tmp_path: Path, walkers) -> None:
    raw_ks20(tmp_path, walkers)
    found = load_benchmark("KS20", tmp_path)
    drawn: dict[tuple[str, str], set[str]] = {}
    for each in found.assignment:
        drawn.setdefault((each["person"], each["source"].split("/")[1]), set()).add(each["part"])
    assert len(drawn) == 9
    assert all(len(parts) == 1 for parts in drawn.values())
    assert {person for (person, _), parts in drawn.items() if parts == {"probe"}} == {"1", "7", "11"}
    assert set(found.tests["probe"].cameras.tolist()) == set(VIEWS)


def test_casia_b_has_views_and_conditions(tmp_path: Path, walkers) -> None:
    raw_casia_b(tmp_path, walkers)
    found = load_benchmark("CASIA-B", tmp_path, window_length=10)
    assert set(found.tests["nm"].cameras.tolist()) == {"000", "090"}
    assert set(found.tests["cl"].conditions.tolist()) == {"cl"}
    assert set(found.train.persons.tolist()) == {"2", "61"}
    with pytest.raises(DataError, match="a window is 40 frames, but the longest recording has 25"):
        load_benchmark("CASIA-B", tmp_path)


def test_upside_down_bodies_are_turned_in_both_forms(tmp_path: Path, walkers) -> None:
    upright = [(person, takes[0]) for person, takes in enumerate(walkers(2, 1, 30))]
    down = [(person, frames * (1, -1, -1)) for person, frames in upright]
    folder = tmp_path / "npy" / "BIWI" / "6"
    for part in ("Training", "Testing/Still", "Testing/Walking"):
        for person, frames in down:
            write_skel(tmp_path / "BIWI" / part / f"{person:03d}", frames)
        train, clipped = part == "Training", [(person, frames[10:-10]) for person, frames in down]
        place = folder / ("train_npy_data" if train else f"test_npy_data/{part.split('/')[1]}")
        write_arrays(place, "BIWI", 6, plain_windows(clipped, 6, "offsets" if train else "apart"), test=not train)
    expected = plain_windows([(person, frames[10:-10]) for person, frames in upright], 6, "offsets")
    for root in (tmp_path, tmp_path / "npy"):
        found = load_benchmark("BIWI", root)
        np.testing.assert_array_equal(found.train.windows[:], joints(expected, "kinect-v1"))


@given(seed=st.integers(0, 2**32))
def test_damaged_arrays_are_read_or_refused_with_one_line(biwi, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    folder = tmp_path / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(biwi.arrays / "Datasets" / "BIWI" / "6" / "train_npy_data", folder)
    path = folder / rng.choice(["source_x_BIWI_6.npy", "frame_id_BIWI_6.npy"])
    content = bytearray(path.read_bytes())
    for _ in range(rng.randint(1, 4)):
        content[rng.randrange(128)] = rng.randrange(256)
    path.write_bytes(bytes(content[: rng.choice([len(content), rng.randrange(len(content))])]))
    message, frames = "", np.zeros(1)
    try:
        frames = ArrayFolder(folder, "BIWI", 6, test=False).read(get_layout("kinect-v1")).windows.frames
    except FormatError as error:
        message = str(error)
    assert "\n" not in message
    assert np.isfinite(frames).all()


def test_a_bad_frame_is_a_problem_and_other_recordings_are_used(biwi, tmp_path: Path) -> None:
    shutil.copytree(biwi.raw / "BIWI", tmp_path / "BIWI")
    bad = sorted((tmp_path / "BIWI" / "Training" / "001").glob("*skel.txt"))[4]
    bad.write_text("1,2,3\n")
    found = load_benchmark("BIWI", tmp_path)
    assert [str(problem) for problem in found.problems] == [
        f"{bad.parent}: {bad.name}, line 1: has 1 joint lines, expected 20 or 25"
    ]
    assert set(found.train.persons.tolist()) == {"0", "2"}


def broken_float_shape(folder: Path) -> None:
    np.save(folder / "train_npy_data" / "source_y_BIWI_6.npy", np.zeros((7, 20)))


def broken_nan(folder: Path) -> None:
    path = folder / "train_npy_data" / "source_z_BIWI_6.npy"
    values = np.load(path)
    values[11, 3] = np.nan
    np.save(path, values)


def broken_pickle(folder: Path) -> None:
    np.save(folder / "train_npy_data" / "frame_id_BIWI_6.npy", np.array([{}], dtype=object), allow_pickle=True)


def broken_short(folder: Path) -> None:
    path = folder / "train_npy_data" / "source_x_BIWI_6.npy"
    path.write_bytes(path.read_bytes()[:-1])


def broken_huge(folder: Path) -> None:
    path = folder / "train_npy_data" / "source_x_BIWI_6.npy"
    with path.open("wb") as file:
        np.lib.format.write_array_header_1_0(file, {"descr": "<f8", "fortran_order": False, "shape": (10**12, 20)})


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (broken_float_shape, r"y has shape \(7, 20\), expected \(\d+, 20\)"),
        (broken_nan, "row 11 holds a value that is not finite"),
        (broken_pickle, "frame_id_BIWI_6.npy: holds pickled objects, expected integers"),
        (broken_short, r"source_x_BIWI_6.npy: has \d+ bytes, its header .* states \d+"),
        (broken_huge, r"source_x_BIWI_6.npy: has 128 bytes, its header .* states 160000000000128"),
        (lambda folder: (folder / "train_npy_data" / "source_z_BIWI_6.npy").unlink(), "lacks source_z_BIWI_6.npy"),
        (lambda folder: shutil.rmtree(folder / "test_npy_data" / "Still"), "lacks the folder 'test_npy_data/Still'"),
    ],
)
def test_broken_arrays_give_one_line(biwi, tmp_path: Path, damage, words: str) -> None:
    shutil.copytree(biwi.arrays, tmp_path / "copy")
    damage(tmp_path / "copy" / "Datasets" / "BIWI" / "6")
    with pytest.raises((DataError, FormatError), match=words) as caught:
        load_benchmark("BIWI", tmp_path / "copy")
    assert "\n" not in str(caught.value)


def test_missing_parts_give_one_line(biwi, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither raw \(Training, Testing/Still.*BIWI/6/train_npy_data.*no folders"):
        load_benchmark("BIWI", tmp_path)
    with pytest.raises(DataError, match=r"no windows of 8 frames \(folder '8'\); it has those of 6"):
        load_benchmark("BIWI", biwi.arrays, window_length=8)
    with pytest.raises(DataError, match="is no folder"):
        load_benchmark("BIWI", tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"lacks the folder 'TestingA', .*found Testing, Training"):
        load_benchmark("IAS", biwi.raw / "BIWI")
    for empty in ("Training/000", "Testing/Still", "Testing/Walking"):
        (tmp_path / "BIWI" / empty).mkdir(parents=True)
    with pytest.raises(DataError, match="no recording of BIWI RGBD-ID for 'train' could be used"):
        load_benchmark("BIWI", tmp_path)
    with pytest.raises(ConfigError, match="expected one of BIWI, IAS, KGBD, KS20, CASIA_B"):
        load_benchmark("MNIST", tmp_path)


def test_split_is_found_by_name_or_probe() -> None:
    biwi, casia = find_benchmark("BIWI"), find_benchmark("casia-b")
    assert biwi.split("still") is biwi.split("BIWI-S") is biwi.splits[0]
    assert casia.split("bg-nm").gallery == "nm"
    with pytest.raises(ConfigError, match="expected one of Nm-Nm, Bg-Bg"):
        casia.split("cl")
