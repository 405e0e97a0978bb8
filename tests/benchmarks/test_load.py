"""Each data set, raw and as the authors' arrays: the same joints, windows and people; broken folders in one line."""

import random
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from himpc.benchmarks import BenchmarkSet, LabelledWindows, get_benchmark, load_benchmark
from himpc.benchmarks.arrays import ArrayFolder
from himpc.benchmarks.raw import cut_all_offsets
from himpc.data import Recording, save
from himpc.errors import ConfigError, DataError, FormatError
from himpc.skeleton import centre, get_layout

from .conftest import KGBD_ORDER, Walk, plain_windows, write_arrays, write_kgbd, write_ks20, write_skel

VIEWS = ["frontal", "left_diagonal", "left_lateral", "right_diagonal", "right_lateral"]


def check(found: LabelledWindows, windows: list[Walk], layout: str, renamed: bool = False) -> None:
    """Compare labelled windows with plain ones, in order."""
    expected = np.stack([joints for _, joints in windows]).astype(np.float32)
    np.testing.assert_array_equal(found.windows[:], centre(expected, get_layout(layout)))
    assert renamed or found.persons.tolist() == [str(person) for person, _ in windows]


def check_equal(raw: BenchmarkSet, arrays: BenchmarkSet) -> None:
    """Compare the two forms of one data set."""
    assert (raw.form, arrays.form) == ("raw", "arrays")
    for part in ("train", *raw.tests):
        mine, theirs = (each.train if part == "train" else each.tests[part] for each in (raw, arrays))
        np.testing.assert_array_equal(mine.windows[:], theirs.windows[:])
        assert mine.persons.tolist() == theirs.persons.tolist()


def test_biwi_raw(biwi) -> None:
    root, parts = biwi
    found = load_benchmark("BIWI", root)
    check(found.train, plain_windows(parts["Training"], 6, "offsets"), "kinect-v1")
    for test in ("Still", "Walking"):
        check(found.tests[test], plain_windows(parts[f"Testing/{test}"], 6, "apart"), "kinect-v1")
    assert found.counts["train"].to_dict() == {
        "persons": 3,
        "recordings": 3,
        "frames": 17 + 20 + 20,
        "dropped": 3,
        "windows": len(found.train),
    }
    assert found.assignment[0] == {"source": "Training/000", "person": "0", "part": "train"}
    assert not found.problems
    assert "train: 3 persons, published are 50" in found.notes


def test_biwi_raw_and_arrays_are_equal(biwi, biwi_arrays) -> None:
    check_equal(load_benchmark("BIWI", biwi[0]), load_benchmark("biwi", biwi_arrays))


@pytest.mark.parametrize("inner", ["Datasets", "Datasets/BIWI", "Datasets/BIWI/6"])
def test_arrays_are_found_from_any_folder_above(biwi_arrays, inner: str) -> None:
    assert load_benchmark("BIWI", biwi_arrays / inner).form == "arrays"


def test_other_case_and_separators_are_tolerated(biwi, tmp_path: Path) -> None:
    shutil.copytree(biwi[0] / "Training", tmp_path / "biwi" / "TRAINING")
    shutil.copytree(biwi[0] / "Testing" / "Still", tmp_path / "biwi" / "testing" / "still")
    shutil.copytree(biwi[0] / "Testing" / "Walking", tmp_path / "biwi" / "testing" / "Walking_")
    mine, theirs = (load_benchmark("BIWI", root) for root in (tmp_path, biwi[0]))
    np.testing.assert_array_equal(mine.train.windows[:], theirs.train.windows[:])


@pytest.mark.parametrize("length", [1, 5, 6, 7])
def test_training_windows_start_everywhere_about_twice(walkers, length: int) -> None:
    walks = [(0, walkers(2, 1, 23)[0][0]), (1, walkers(2, 1, 23)[1][0][:9])]
    layout = get_layout("kinect-v1")
    windows = cut_all_offsets([Recording(joints, layout) for _, joints in walks], length)
    if length == 1:
        assert windows.starts.tolist() == list(range(32))
        return
    expected = plain_windows(walks, length, "offsets")
    np.testing.assert_array_equal(
        windows[:], centre(np.stack([joints for _, joints in expected]).astype(np.float32), layout)
    )
    starts, times = np.unique(windows.starts, return_counts=True)
    assert starts.tolist() == [*range(23 - length + 1), *range(23, 23 + 9 - length + 1)]
    assert length % 2 or times.tolist() == [1 if s % 23 < length // 2 else 2 for s in starts]


def test_ias_clips_training_at_its_start_only_and_names_people_by_folder(tmp_path: Path, walkers) -> None:
    root, walks = tmp_path / "IAS", walkers(3, 3, 32)
    people = [10, 2, 0]
    for take, part in enumerate(["Training", "TestingA", "TestingB"]):
        for person, takes in zip(people, walks, strict=True):
            write_skel(root / part / str(person), takes[take])
    ordered = [(person, takes) for person, takes in sorted(zip(people, walks, strict=True), key=lambda pair: pair[0])]
    found = load_benchmark("IAS-Lab RGBD-ID", root)
    train = plain_windows([(person, takes[0][10:]) for person, takes in ordered], 6, "offsets")
    check(found.train, train, "kinect-v1")
    folder = tmp_path / "npy" / "IAS" / "6"
    write_arrays(folder / "train_npy_data", "IAS", 6, train)
    for take, test in enumerate("AB", start=1):
        windows = plain_windows([(person, takes[take][10:-10]) for person, takes in ordered], 6, "apart")
        write_arrays(folder / "test_npy_data" / test, "IAS", 6, windows, test=True)
    check_equal(found, load_benchmark("IAS", tmp_path / "npy"))


def test_kgbd(tmp_path: Path, walkers) -> None:
    root = tmp_path / "KGBD" / "kinect gait raw dataset"
    joints = {}
    for person, walks in enumerate(walkers(4, 5, 33), start=1):
        for number, walk in enumerate(walks[: 3 if person == 2 else 5]):
            name = f"Person{person:03d}/{number + 1}.txt"
            write_kgbd(root / name, walk)
            joints[name] = walk[10:-10]
    (root / "person-data.csv").write_text("extra")
    found = load_benchmark("KGBD", tmp_path, seed=5)
    parts = {part: [a for a in found.assignment if a["part"] == part] for part in ("train", "gallery", "probe")}
    assert [len(parts[part]) for part in parts] == [7, 7, 4]
    assert found.notes[0].startswith("1 of 4 people have too few recordings for 2 in the gallery")
    again, other = (load_benchmark("KGBD", tmp_path, seed=seed) for seed in (5, 6))
    assert again.assignment == found.assignment != other.assignment
    folder = tmp_path / "npy" / "Datasets" / "KGBD" / "6"
    for part, chosen in parts.items():
        windows = plain_windows([(int(a["person"]), joints[a["source"]]) for a in chosen], 6, "apart")
        check(found.train if part == "train" else found.tests[part], windows, "kinect-v1")
        kept_order = [(person, window[:, KGBD_ORDER]) for person, window in windows]
        place = folder / ("train_npy_data" if part == "train" else f"test_npy_data/{part}")
        write_arrays(place, "KGBD", 6, kept_order, test=part != "train")
        other = tmp_path / "ordered" / folder.relative_to(tmp_path) / place.relative_to(folder)
        write_arrays(other, "KGBD", 6, windows, test=part != "train")
    check_equal(found, load_benchmark("KGBD", tmp_path / "npy"))
    check_equal(found, load_benchmark("KGBD", tmp_path / "ordered" / "npy"))


def test_ks20_keeps_a_session_of_a_person_together(tmp_path: Path, walkers) -> None:
    joints = {}
    for person, walks in zip([1, 7, 11], walkers(3, 15, 14, "kinect-v2"), strict=True):
        for number, walk in enumerate(walks):
            view, session = VIEWS[number % 5], number // 5 + 1
            write_ks20(tmp_path / "KS20" / view, session, person, walk)
            joints[f"{view}/gc{session}_body{person}"] = walk
    found = load_benchmark("KS20", tmp_path)
    drawn: dict[tuple[str, str], set[str]] = {}
    for each in found.assignment:
        session = each["source"].split("/")[1]
        drawn.setdefault((each["person"], session), set()).add(each["part"])
    assert all(len(parts) == 1 for parts in drawn.values())
    assert {person for (person, _), parts in drawn.items() if parts == {"probe"}} == {"1", "7", "11"}
    assert len(drawn) == 9
    assert set(found.tests["probe"].cameras.tolist()) == set(VIEWS)
    folder = tmp_path / "npy" / "KS20" / "6"
    for part in ("train", "gallery", "probe"):
        walks = [(int(a["person"]), joints[a["source"]]) for a in found.assignment if a["part"] == part]
        windows = plain_windows(walks, 6, "offsets" if part == "train" else "apart")
        check(found.train if part == "train" else found.tests[part], windows, "kinect-v2")
        place = folder / ("train_npy_data" if part == "train" else f"test_npy_data/{part}")
        write_arrays(place, "KS20", 6, windows, test=part != "train")
    check_equal(found, load_benchmark("KS20", tmp_path / "npy"))


def test_casia_b(tmp_path: Path, walkers) -> None:
    layout, root = get_layout("openpose-14"), tmp_path / "CASIA-B"
    root.mkdir()
    parts: dict[str, list[Walk]] = {"train": [], "nm": [], "bg": [], "cl": []}
    for person, walks in zip([2, 61, 63, 124], walkers(4, 4, 25, "openpose-14"), strict=True):
        for condition, walk, number in zip(["bg", "cl", "nm", "nm"], walks, [1, 1, 1, 2], strict=True):
            name = f"{person:03d}-{condition}-{number:02d}-0{90 * (number - 1):02d}"
            save([Recording(walk, layout)], root / f"{name}.npz")
            parts["train" if person <= 62 else condition].append((person, walk))
    (root / "readme.txt").write_text("extra")
    found = load_benchmark("CASIA-B", tmp_path, window_length=10)
    for part, walks in parts.items():
        windows = plain_windows(walks, 10, "half" if part == "train" else "apart")
        check(found.train if part == "train" else found.tests[part], windows, "openpose-14")
        place = "train_npy_data" if part == "train" else f"test_npy_data/{part}"
        folder = tmp_path / "npy" / "CASIA_B_match" / "10" / f"CASIA_B_{place}"
        write_arrays(folder, "CASIA_B", 10, windows, test=part != "train")
    assert set(found.tests["nm"].cameras.tolist()) == {"000", "090"}
    assert set(found.tests["cl"].conditions.tolist()) == {"cl"}
    arrays = load_benchmark("CASIA_B", tmp_path / "npy", window_length=10)
    check_equal(found, arrays)
    assert arrays.tests["nm"].cameras is None


def test_bodies_head_down_are_turned_in_both_forms(biwi, tmp_path: Path) -> None:
    _, parts = biwi
    folder = tmp_path / "npy" / "BIWI" / "6"
    for part, walks in parts.items():
        down = [(person, joints * (1, -1, -1)) for person, joints in walks]
        for person, joints in down:
            ends = np.repeat(joints[:1], 10, axis=0)
            write_skel(tmp_path / "BIWI" / part / f"{person:03d}", np.concatenate([ends, joints, ends]))
        train = part == "Training"
        place = folder / ("train_npy_data" if train else f"test_npy_data/{part.split('/')[1]}")
        windows = plain_windows(down, 6, "offsets" if train else "apart")
        write_arrays(place, "BIWI", 6, windows, test=not train)
    found = load_benchmark("BIWI", tmp_path)
    check(found.train, plain_windows(parts["Training"], 6, "offsets"), "kinect-v1")
    check_equal(found, load_benchmark("BIWI", tmp_path / "npy"))


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32))
def test_damaged_arrays_are_read_or_refused_in_one_line(biwi_arrays, tmp_path: Path, seed: int) -> None:
    rng = random.Random(seed)
    folder = tmp_path / "copy"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(biwi_arrays / "Datasets" / "BIWI" / "6" / "train_npy_data", folder)
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


def test_a_bad_frame_is_a_problem_and_the_others_are_used(biwi, tmp_path: Path) -> None:
    shutil.copytree(biwi[0], tmp_path / "BIWI")
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
        (broken_pickle, "frame_id_BIWI_6.npy: holds pickled objects, expected whole numbers"),
        (broken_short, r"source_x_BIWI_6.npy: has \d+ bytes, its header .* says \d+"),
        (broken_huge, r"source_x_BIWI_6.npy: has 128 bytes, its header .* says 160000000000128"),
        (lambda folder: (folder / "train_npy_data" / "source_z_BIWI_6.npy").unlink(), "lacks source_z_BIWI_6.npy"),
        (lambda folder: shutil.rmtree(folder / "test_npy_data" / "Still"), "lacks the folder 'test_npy_data/Still'"),
    ],
)
def test_broken_arrays_are_one_clear_line(biwi_arrays, tmp_path: Path, damage, words: str) -> None:
    shutil.copytree(biwi_arrays, tmp_path / "copy")
    damage(tmp_path / "copy" / "Datasets" / "BIWI" / "6")
    with pytest.raises((DataError, FormatError), match=words) as caught:
        load_benchmark("BIWI", tmp_path / "copy")
    assert "\n" not in str(caught.value)


def test_missing_parts_are_one_clear_line(biwi, biwi_arrays, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"neither raw \(Training, Testing/Still.*BIWI/6/train_npy_data.*no folders"):
        load_benchmark("BIWI", tmp_path)
    with pytest.raises(DataError, match=r"no windows of 8 frames \(folder '8'\); it has those of 6"):
        load_benchmark("BIWI", biwi_arrays, window_length=8)
    with pytest.raises(DataError, match="is no folder"):
        load_benchmark("BIWI", tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"lacks the folder 'TestingA', .*found Testing, Training"):
        load_benchmark("IAS", biwi[0])
    for empty in ("Training/000", "Testing/Still", "Testing/Walking"):
        (tmp_path / "BIWI" / empty).mkdir(parents=True)
    with pytest.raises(DataError, match="no recording of BIWI RGBD-ID for 'train' could be used"):
        load_benchmark("BIWI", tmp_path)
    with pytest.raises(ConfigError, match="choose one of BIWI, IAS, KGBD, KS20, CASIA_B"):
        load_benchmark("MNIST", tmp_path)


def test_splits_are_found_by_their_name_or_their_probe() -> None:
    biwi, casia = get_benchmark("BIWI"), get_benchmark("casia-b")
    assert biwi.split("still") is biwi.split("BIWI-S") is biwi.splits[0]
    assert casia.split("bg-nm").gallery == "nm"
    with pytest.raises(ConfigError, match="choose of Nm-Nm, Bg-Bg"):
        casia.split("cl")
