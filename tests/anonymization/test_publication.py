"""`anonymize` and its verb: metadata is removed and listed, names are pseudonyms, inputs stay."""

import csv
import json

import numpy as np
import pytest

import himpc
from himpc.cli import main
from himpc.errors import ConfigError, DataError, RunFolderError
from himpc.recordings import Origin, Quality, load, save
from himpc.skeleton import get_layout

SECRET = "Dorothea"


@pytest.fixture(scope="module")
def walks(tmp_path_factory) -> list[himpc.Recording]:
    walks = himpc.simulate(people=3, recordings=2, seconds=1.0, difficulty="easy")
    folder = tmp_path_factory.mktemp(SECRET)
    layout = get_layout("kinect-v1")
    return [
        walk.with_(
            person=f"{SECRET}-{walk.person}",
            session=f"2024-03-{number + 1:02d}",
            camera=f"{SECRET}'s hall",
            source=f"{SECRET}/{number}.c3d",
            origin=Origin(
                folder / f"{number // 2}.c3d", body=SECRET, part=number % 2 + 1, whole_source=f"{SECRET}/{number // 2}"
            ),
            quality=Quality(frames_read=31, filled=2, notes=(f"subject {SECRET}",)),
            layout=layout,
            start=12.5,
            clock=Origin(folder / "film.mp4", whole_source=f"{SECRET}.mp4"),
        )
        for number, walk in enumerate(walks)
    ]


def test_nothing_of_the_original_is_written(walks, tmp_path):
    shared = himpc.anonymize(walks, "standard-body+noise:5")
    save(shared.recordings, tmp_path / "shared.npz")
    content = (tmp_path / "shared.npz").read_bytes()
    for text in (SECRET, "2024-03", "hall", "subject", ".c3d"):
        for encoding in ("utf-8", "utf-32-le"):
            assert text.encode(encoding) not in content, (text, encoding)
    again = load(tmp_path / "shared.npz")
    assert {r.person for r in again} == {"person-1", "person-2", "person-3"}
    assert [r.source for r in again] == [f"recording-{n}#part{p}" for n in (1, 2, 3) for p in (1, 2)]
    assert again[0].origin.whole == again[1].origin.whole != again[2].origin.whole


def test_what_was_removed_is_listed(walks):
    shared = himpc.anonymize(walks)
    assert dict(shared.removed) == dict.fromkeys(
        (
            *("person", "session", "camera", "source", "path", "time on a common clock"),
            *("notes of reading", "counts of reading"),
        ),
        6,
    )
    assert "which recordings show one person (pseudonyms)" in shared.kept
    anonymous = himpc.anonymize(walks, person_labels="remove")
    assert {(r.person, r.session, r.camera) for r in anonymous.recordings} == {(None, None, None)}


def test_pseudonyms_keep_people_together_and_the_key_tells_them(walks, tmp_path):
    shared = himpc.anonymize(walks, seed=3)
    (tmp_path / "key.csv").write_text("an older key, which all may read")
    shared.save(tmp_path / "shared.npz", tmp_path / "key.csv")
    assert (tmp_path / "key.csv").stat().st_mode & 0o777 == 0o600
    with (tmp_path / "key.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    original = {walk.source: walk for walk in walks}
    pairs = set()
    for recording, row in zip(shared.recordings, rows, strict=True):
        assert (row["recording"], row["person"]) == (recording.source, original[row["source"]].person)
        np.testing.assert_array_equal(recording.joints, original[row["source"]].joints)
        pairs.add((recording.person, row["person"]))
    assert len(pairs) == 3


@pytest.mark.parametrize("failing", ["shared.npz", "key.csv"])
def test_recordings_and_key_are_written_together_or_not_at_all(walks, tmp_path, failing):
    shared = himpc.anonymize(walks)
    (tmp_path / "shared.npz").write_text("old recordings")
    (tmp_path / "key.csv").write_text("old key")
    (tmp_path / failing).unlink()
    (tmp_path / failing).mkdir()
    with pytest.raises(RunFolderError, match=failing):
        shared.save(tmp_path / "shared.npz", tmp_path / "key.csv")
    (tmp_path / failing).rmdir()
    other = next(path for path in tmp_path.iterdir())
    assert other.read_text().startswith("old ")
    with pytest.raises(RunFolderError, match="apart"):
        shared.save(other, other)
    assert sorted(tmp_path.iterdir()) == [other]


def test_pseudonyms_are_not_in_the_order_of_the_names(walks):
    assert len({himpc.anonymize(walks, seed=seed).key[0].source for seed in range(12)}) > 2
    assert himpc.anonymize(walks, "noise:5", seed=4).key == himpc.anonymize(walks, "noise:5", seed=4).key
    first, second = (himpc.anonymize(walks, "noise:5").recordings[0].joints for _ in range(2))
    assert not np.array_equal(first, second)


def test_a_layout_of_the_users_loses_its_name(walks):
    own = walks[0].layout.subset(walks[0].layout.joints[:12], f"{SECRET}'s", f"made by {SECRET}")
    shared = himpc.anonymize([walk.to(own) for walk in walks])
    assert SECRET not in json.dumps(shared.recordings[0].layout.to_dict())
    assert shared.removed["name and title of the layout"] == 6


def test_one_recording_that_cannot_be_transformed_is_left_out(walks):
    shared = himpc.anonymize([walks[0].with_(fps=None), *walks[1:]], "smooth:0.1")
    assert len(shared.recordings) == 5
    assert "frame rate" in shared.problems[0].message
    with pytest.raises(DataError, match="frame rate"):
        himpc.anonymize([walk.with_(fps=None) for walk in walks], "smooth:0.1")


def test_wrong_arguments(walks):
    with pytest.raises(DataError, match="no recordings"):
        himpc.anonymize([])
    with pytest.raises(ConfigError, match="person_labels must be one of"):
        himpc.anonymize(walks, person_labels="keep")
    for seed in (-1, "1"):
        with pytest.raises(ConfigError, match="seed must be a whole number"):
            himpc.anonymize(walks, seed=seed)
    with pytest.raises(ConfigError, match="a method should be a text"):
        himpc.anonymize(walks, 5)


def test_verb_never_changes_inputs(tmp_path, walks, capsys):
    data, out, key = tmp_path / "data", tmp_path / "shared.npz", tmp_path / "key.csv"
    data.mkdir()
    save(walks, data / "walks.npz")
    before = (data / "walks.npz").read_bytes()
    arguments = ["anonymize", str(data), "--method", "standard-body+noise:5"]
    assert main([*arguments, "--out", str(data / "walks.npz")]) == 1
    assert "is an input, which is never changed" in capsys.readouterr().err
    assert main([*arguments, "--out", str(out), "--key", str(out)]) == 1
    assert main([*arguments, "--out", str(out), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["recordings"] == 6
    assert document["removed"]["person"] == 6
    assert not key.exists()
    assert main([*arguments, "--out", str(out), "--key", str(key), "--person-labels", "remove"]) == 0
    assert "keep it apart" in capsys.readouterr().out
    assert key.exists()
    assert (data / "walks.npz").read_bytes() == before


def test_names_in_headers_of_real_files_are_not_written(shared_data, tmp_path):
    folder = shared_data / "c3d-walking"
    recordings = himpc.read(folder, name="{person}/{session}/*.c3d")
    shared = himpc.anonymize(recordings, "standard-body")
    save(shared.recordings, tmp_path / "shared.npz")
    content = (tmp_path / "shared.npz").read_bytes()
    for text in {r.person for r in recordings} | {"c3d", "Straight", "plug-in-gait by", str(folder)}:
        assert text.encode() not in content
        assert text.encode("utf-32-le") not in content
    assert len(shared.recordings) == len(recordings)
