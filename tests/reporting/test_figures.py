import subprocess
import sys

import pytest

from himpc.errors import RunFolderError
from himpc.reporting.figures import group_colour, new_figure, save_figure, save_figures, short_names


def drawn():
    figure = new_figure(2, 1)
    figure.add_subplot().plot([0, 1], [1, 0])
    return figure


@pytest.mark.parametrize(("suffix", "magic"), [(".png", b"\x89PNG"), (".svg", b"<?xml"), (".PDF", b"%PDF")])
def test_suffix_is_the_format_and_equal_figures_give_equal_files(tmp_path, suffix, magic):
    for name in ("a", "b"):
        save_figure(drawn(), tmp_path / f"{name}{suffix}")
    first, second = ((tmp_path / f"{name}{suffix}").read_bytes() for name in ("a", "b"))
    assert first.startswith(magic)
    assert first == second


def test_unwritable_file_is_named_and_nothing_remains(tmp_path):
    with pytest.raises(RunFolderError, match=r"figures are written as .png, .svg, .pdf, found the suffix '.bmp'"):
        save_figure(drawn(), tmp_path / "a.bmp")
    with pytest.raises(RunFolderError, match="nowhere"):
        save_figure(drawn(), tmp_path / "nowhere" / "a.png")
    assert not list(tmp_path.iterdir())


def test_figures_need_no_display_and_do_not_change_matplotlib():
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
def test_short_names_are_distinct(names, short):
    assert short_names(names) == short


def test_neighbouring_groups_have_different_colours():
    assert all(group_colour(g) != group_colour(g + 1) for g in range(30))


def test_pages_are_numbered_files_or_one_pdf_and_old_pages_go(tmp_path):
    (tmp_path / "a-4.png").write_bytes(b"a page of an earlier figure")
    (tmp_path / "a-5.png").write_bytes(b"another")
    written = save_figures([drawn(), drawn(), drawn()], tmp_path / "a", ["png", "svg", "pdf", "png"])
    names = ["a.png", "a-2.png", "a-3.png", "a.svg", "a-2.svg", "a-3.svg", "a.pdf"]
    assert [path.name for path in written] == names
    assert {path.name for path in tmp_path.iterdir()} == set(names)
    assert (tmp_path / "a.pdf").read_bytes().count(b"/Type /Page ") == 3


def test_names_are_drawn_as_they_are(tmp_path):
    figure = drawn()
    figure.text(0.1, 0.1, "$\\frac{ </svg> \x01 名")
    save_figures([figure], tmp_path / "a", ["svg", "png", "pdf"])
    text = (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert "$\\frac{ &lt;/svg&gt; \\x01 名" in text
