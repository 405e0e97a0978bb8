"""What is found in files and folders: recordings, or videos where there are no others."""

from pathlib import Path

import pytest

from himpc.errors import EmptyError
from himpc.reading import ReadOptions, plan, read


def test_folder_is_read_in_natural_order_without_other_files(write, tmp_path: Path):
    for name in ("s/Seq1_10.csv", "s/Seq1_2.csv", "r.csv", ".hidden.csv", ".git/x.csv"):
        write(tmp_path / name)
    for name in ("LICENSE", "README.md", "s/readme", "picture.png", "s/film.mp4"):
        (tmp_path / name).write_text("not a recording")
    found = read(tmp_path)
    assert [recording.source for recording in found] == ["r.csv", "s/Seq1_2.csv", "s/Seq1_10.csv"]
    assert found.problems == ()


def test_several_paths_keep_their_names_and_are_read_once(write, tmp_path: Path):
    a, b = write(tmp_path / "a" / "1.csv"), write(tmp_path / "b" / "1.csv")
    assert [recording.source for recording in read([a.parent, b.parent, a])] == [str(a), str(b)]


def test_circular_links_end(write, tmp_path: Path):
    write(tmp_path / "a" / "1.csv")
    (tmp_path / "a" / "loop").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "a" / "broken.csv").symlink_to(tmp_path / "none")
    assert [recording.source for recording in read(tmp_path)] == ["a/1.csv"]


def names(*paths: Path, **options) -> list[str]:
    return [source.path.name for source in plan(paths, ReadOptions(**options)).sources]


def test_videos_of_a_folder_without_recordings_are_sources(tmp_path: Path):
    for name in ("b.mp4", "a.AVI", "a.overlay.mp4", "README.md"):
        (tmp_path / name).touch()
    assert names(tmp_path) == ["a.AVI", "b.mp4"]
    with pytest.raises(EmptyError, match="no recording in it"):
        names(tmp_path, video=None)


def test_videos_beside_recordings_are_noted_and_read_only_by_name(write, tmp_path: Path):
    write(tmp_path / "a.csv")
    video = tmp_path / "b.mp4"
    video.touch()
    found = plan(tmp_path)
    assert [source.path.name for source in found.sources] == ["a.csv"]
    assert found.notes == (f"{tmp_path}: holds recordings; 1 video not read, which must be given by name",)
    assert names(tmp_path, video) == ["a.csv", "b.mp4"]
    assert names(tmp_path, name="{person}.mp4") == ["b.mp4"]


def test_link_to_itself_is_ignored(write, tmp_path: Path):
    write(tmp_path / "walk.csv")
    (tmp_path / "self").symlink_to("self")
    found = read(tmp_path)
    assert [recording.source for recording in found] == ["walk.csv"]
    assert found.problems == ()
