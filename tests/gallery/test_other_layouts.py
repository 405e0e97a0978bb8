"""Recordings of other systems than the gallery's: converted with a note, or refused by what they lack."""

import json

import numpy as np
import pytest

from himpc.cli import main
from himpc.errors import LayoutError, ModelError
from himpc.gallery import FolderWatcher
from himpc.reading import plan
from himpc.recordings import Recording, save
from himpc.skeleton import get_layout

from .stores import one_store

LEGS = get_layout("kinect-v1").subset(
    [f"{side}_{joint}" for side in ("left", "right") for joint in ("hip", "knee", "ankle")], "legs"
)


def as_kinect_v2(walk: Recording) -> Recording:
    """The same walk as a Kinect v2 gives it, whose other joints the gallery does not use."""
    layout = get_layout("kinect-v2")
    joints = np.zeros((len(walk), len(layout), 3), dtype=np.float32)
    for place, joint in enumerate(layout.joints):
        joints[:, place] = walk.joints[:, walk.layout.index(joint) if walk.layout.has(joint) else 0]
    return Recording(joints, layout, fps=walk.fps, person=walk.person, source=f"v2/{walk.source}")


@one_store
def test_another_layout_is_searched_as_its_joints_with_a_note(gallery, walks):
    gallery.enroll(walks("a", "b", "c"))
    plain = gallery.search(walks("a", days=("3",)))
    other = gallery.search([as_kinect_v2(walk) for walk in walks("a", days=("3",))])
    assert [answer.matches[0].distance for answer in other] == [answer.matches[0].distance for answer in plain]
    for answer in other:
        assert answer.note.startswith("recordings of kinect-v2 were converted to kinect-v1, the layout of the gallery")
    assert not any("kinect-v2" in answer.note for answer in plain)


@one_store
def test_another_layout_is_enrolled_with_a_note(gallery, walks):
    enrolled = gallery.enroll([*walks("a"), *map(as_kinect_v2, walks("b"))])
    assert enrolled.people == ("a", "b")
    assert len(enrolled.notes) == 1
    assert "recordings of kinect-v2 were converted to kinect-v1" in enrolled.notes[0]
    assert gallery.enroll(walks("c")).notes == ()


@one_store
def test_a_layout_that_lacks_joints_never_answers_unknown(gallery, walks):
    gallery.enroll(walks("a", "b"))
    legs = [walk.to(LEGS).with_(source="legs.c3d") for walk in walks("a", days=("3",))]
    for operation in (gallery.search, gallery.enroll):
        with pytest.raises(
            LayoutError, match=r"legs.c3d.*kinect-v1, the layout of the gallery.*legs gives spine, neck"
        ):
            operation(legs)
    flat = walks("a", days=("3",))[0].with_(dimensions=2)
    with pytest.raises(ModelError, match="takes 3D skeletons, the windows are 2D"):
        gallery.search([flat])


@one_store
def test_verb_reports_what_lacks_joints_and_searches_for_the_rest(gallery, home, walks, tmp_path, capsys):
    gallery.enroll(walks("a", "b", "c"))
    probes = walks("a", days=("3",))
    save([probes[0].to(LEGS).with_(source="legs.c3d"), probes[1]], tmp_path / "probes.npz")
    assert main(["gallery", "search", str(tmp_path / "probes.npz"), "--gallery", home, "--json"]) == 3
    out, err = capsys.readouterr()
    assert "no joint of legs gives spine, neck" in err
    assert [answer["source"] for answer in json.loads(out)["answers"]] == [probes[1].source]
    save([probes[0].to(LEGS)], tmp_path / "legs.npz")
    assert main(["gallery", "search", str(tmp_path / "legs.npz"), "--gallery", home]) == 1
    assert "no joint of legs gives spine, neck" in capsys.readouterr().err


@one_store
def test_watched_folder_tells_what_was_converted_or_refused(gallery, walks, tmp_path):
    gallery.enroll(walks("a", "b", "c"))
    folder = tmp_path / "inbox"
    folder.mkdir()
    probe = walks("a", days=("3",))[0].with_(person=None)
    save([probe.to(LEGS)], folder / "legs.npz")
    save([as_kinect_v2(probe)], folder / "v2.npz")
    legs, other = FolderWatcher(gallery, folder, lambda: plan([folder]), fmr=0.25).poll(immediate=True)
    assert "no joint of legs gives spine" in legs.problem
    assert (other.problem, other.people) == ("", ("a",))
    assert "recordings of kinect-v2 were converted" in other.note
