import subprocess
import sys

import pytest

from himpc.errors import RunFolderError
from himpc.reporting.figures import group_colour, new_figure, save_figure, short_names


def drawn():
    figure = new_figure(2, 1)
    figure.add_subplot().plot([0, 1], [1, 0])
    return figure


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".PDF", b"%PDF")])
def test_the_suffix_is_the_format_and_one_figure_gives_one_file(tmp_path, suffix, magic):
    for name in ("a", "b"):
        save_figure(drawn(), tmp_path / f"{name}{suffix}")
    first, second = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("a", "b"))
    assert first.startswith(magic)
    assert first == second


def test_what_cannot_be_written_is_named_and_nothing_is_left_behind(tmp_path):
    with pytest.raises(RunFolderError, match=r"pictures are written as .png, .svg, .pdf, found suffix '.bmp'"):
        save_figure(drawn(), tmp_path / "a.bmp")
    with pytest.raises(RunFolderError, match="nowhere"):
        save_figure(drawn(), tmp_path / "nowhere" / "a.png")
    assert not list(tmp_path.iterdir())


def test_pictures_need_no_display_and_leave_matplotlib_as_it_was():
    code = (
        "import sys, himpc.reporting.figures, himpc.reporting.maps\n"
        "import himpc.reporting.skeletons, himpc.reporting.training\n"
        "assert 'matplotlib' not in sys.modules\n"
        "himpc.reporting.figures.new_figure(1, 1)\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("names", "short"),
    [
        (["a/b/1.csv", "a/c/1.csv"], ["b/1.csv", "c/1.csv"]),
        (["a/1.csv"], ["1.csv"]),
        (["/x/a/1.csv", "b/1.csv"], ["/x/a/1.csv", "b/1.csv"]),
        (["recording 0", "recording 1"], ["recording 0", "recording 1"]),
        (["a/1.csv", "a/b/1.csv"], ["1.csv", "b/1.csv"]),
        ([], []),
        (["abcdefghijklmnopqrstuvwxyz0123456789"], ["abcdefghijkl…yz0123456789"[:12] + "…z0123456789"]),
    ],
)
def test_names_are_short_and_still_tell_recordings_apart(names, short):
    assert short_names(names) == short


def test_neighbouring_groups_differ_in_colour():
    assert all(group_colour(g) != group_colour(g + 1) for g in range(30))
