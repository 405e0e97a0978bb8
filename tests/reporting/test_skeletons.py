"""The figure of groups: its content, and that any input can be drawn."""

import numpy as np
import pytest

from himpc.errors import DataError
from himpc.recordings import Recording
from himpc.reporting.figures import save_figure
from himpc.reporting.flat_poses import project_poses
from himpc.reporting.skeletons import draw_group_pages, draw_groups
from himpc.skeleton import get_layout, layout_names

RNG = np.random.default_rng(0)


def person(layout_name: str = "kinect-v1", frames: int = 40, turned: float = 0.0, **fields) -> Recording:
    """Return a person with the left at x > 0 and feet towards z > 0, turned about the vertical."""
    layout = get_layout(layout_name)
    joints = RNG.normal(scale=0.02, size=(frames, len(layout), 3))
    for i, name in enumerate(layout.joints):
        joints[:, i, 0] += 0.2 * name.startswith("left") - 0.2 * name.startswith("right")
        joints[:, i, 1] += 1.6 if name in ("head", "nose") else 1.0 if "hip" in name or name == "pelvis" else 0.1
        joints[:, i, 2] += 0.3 * name.endswith(("foot", "toe"))
    turn = np.array([[np.cos(turned), 0, np.sin(turned)], [0, 1, 0], [-np.sin(turned), 0, np.cos(turned)]])
    return Recording(joints @ turn.T + [3.0, 0.5, 2.0], layout, **fields)


def words(figure) -> str:
    return " | ".join(text.get_text() for axes in figure.axes for text in axes.texts)


@pytest.mark.parametrize("turned", [0.0, 1.0, 3.0, -2.0])
def test_poses_face_the_viewer_and_stand_on_the_ground(turned):
    side, front = project_poses(person(turned=turned))
    assert front.bones["left"][:, 0, 0].mean() > 0.1 > -0.1 > front.bones["right"][:, 0, 0].mean()
    assert front.head[1] == pytest.approx(1.5, abs=0.15)
    assert abs(front.head[0]) < 0.1
    for moment in side:
        ends = np.concatenate([bones.reshape(-1, 2) for bones in moment.bones.values()])
        assert ends[:, 1].min() == 0
        assert ends[:, 0].max() == pytest.approx(0.3, abs=0.15)  # the toes, ahead


@pytest.mark.parametrize("layout", layout_names())
def test_every_layout_is_drawn(layout, tmp_path):
    save_figure(draw_groups([person(layout), person(layout, frames=1)], [1, 2]), tmp_path / "a.png")


def test_row_states_count_and_confidence():
    recordings = [person(source=f"walks/ann/{i}.csv") for i in range(3)]
    text = words(draw_groups(recordings, [1, 1, 0], confidence=[0.5, 0.7, np.nan]))
    assert "1 person in 3 recordings" in text
    assert "2 recordings\nconfidence 0.60" in text
    assert "0.csv\n0.50" in text
    assert "2.csv" not in text


def test_note_is_between_title_and_rows():
    figure = draw_groups([person(), person()], [1, 2], note="each is a group of its own: if that is wrong, " * 4)
    heights = {text.get_text(): text.get_position()[1] for text in figure.axes[0].texts}
    lines = [height for text, height in heights.items() if "of its own" in text]
    assert len(lines) > 1
    assert heights["2 people in 2 recordings"] > max(lines) > min(lines) > heights["Group 1"]
    assert min(lines) > 0


def test_left_out_recordings_and_groups_are_counted():
    recordings = [person(source=f"{i}.csv") for i in range(200)]
    groups = np.array([1] * 20 + list(range(2, 182)))
    figure = draw_groups(recordings, groups, confidence=np.linspace(0, 1, 200))
    assert "(14 more not drawn)" in words(figure)
    assert "… and 171 more groups" in words(figure)
    assert [f"{i}.csv" in words(figure) for i in (13, 14, 19)] == [False, True, True]  # the surest are drawn


def test_empty_figure_says_so():
    assert "No groups were found" in words(draw_groups([person()], [0]))
    assert "No groups were found" in words(draw_groups([], []))


def test_gaps_and_2d_are_drawn(tmp_path):
    gaps = person().joints.copy()
    gaps[1:, 5] = np.nan
    flat = person().joints * 200 * [1, 1, 0]
    layout = get_layout("kinect-v1")
    recordings = [Recording(gaps, layout), Recording(flat, layout, dimensions=2)]
    save_figure(draw_groups(recordings, [1, 2]), tmp_path / "a.png")
    _, front = project_poses(recordings[1])
    assert front.head[1] == pytest.approx(1.7, abs=0.3)


def test_recording_without_complete_frame_says_so():
    layout = get_layout("kinect-v1")
    nothing = Recording(np.full((3, 20, 3), np.nan), layout, source="ann.csv")
    with pytest.raises(DataError, match=r"ann.csv: no frame has every joint"):
        project_poses(nothing)
    assert "no frame has\nevery joint | ann.csv" in words(draw_groups([nothing], [1]))


def test_pages_draw_every_group_and_say_which_page():
    recordings = [person(source=f"{i}.csv", person=f"{chr(97 + i % 3)}nn") for i in range(23)]
    pages = draw_group_pages(recordings, range(1, 24), note="be careful")
    assert len(pages) == 3
    text = " | ".join(map(words, pages))
    assert all(f"Group {i}" in text for i in range(1, 24))
    assert "page 3 of 3" in words(pages[2])
    assert "Be careful" in words(pages[0])
    assert "Be careful" not in words(pages[1])
    assert "shows ann (1)" in words(pages[0])


def test_full_names_are_drawn_without_shortening():
    name = "a-very-long-name-of-a-folder/" * 3 + "walk-of-monday-morning-number-one.csv"
    text = words(
        draw_groups([person(source=name), person(source="b.csv")], [1, 2], names={1: "Maximiliane Unterberger-Smith"})
    )
    plain = "".join(text.split())
    assert name in plain
    assert "MaximilianeUnterberger-Smith" in plain


def test_different_sizes_are_refused():
    with pytest.raises(DataError, match="1 recordings, 2 groups, 1 confidences"):
        draw_groups([person()], [1, 2])
