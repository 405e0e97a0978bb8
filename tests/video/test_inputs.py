"""Videos come as folders of pictures, animated pictures, lists and streams; what is none is refused with what to do."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from himpc.errors import ConfigError, DataError, EmptyError, FormatError, HimpcError
from himpc.reading import discover, list_pictures
from himpc.video import Video, find_videos
from himpc.video.live_source import _suggest, open_source

pytest.importorskip("av")
pytest.importorskip("cv2")
from clips import write


def write_pictures(folder: Path, names: list[str], size: tuple[int, int] = (48, 64)) -> Path:
    import cv2

    folder.mkdir(parents=True, exist_ok=True)
    for number, name in enumerate(names):
        assert cv2.imwrite(str(folder / name), np.full((*size, 3), 10 * number, np.uint8))
    return folder


@pytest.mark.parametrize("suffix", ["png", "jpg", "bmp"])
def test_folder_of_numbered_pictures_is_a_video(tmp_path: Path, suffix: str) -> None:
    folder = write_pictures(tmp_path / "scene", [f"take2_{n}.{suffix}" for n in range(12)])
    (found,), _ = find_videos([tmp_path])
    assert found.path == folder
    assert find_videos([folder])[0][0].path == folder
    with Video(folder, fps=10) as video:
        frames = list(video)
    assert [frame.seconds for frame in frames] == pytest.approx([n / 10 for n in range(12)])
    assert [round(frame.image.mean() / 10) for frame in frames] == list(range(12))
    assert video.notes == []
    with Video(folder) as video:
        assert list(video)
    assert video.notes == ["numbered pictures state no frame rate: 25 a second are assumed"]


def test_folder_of_other_pictures_is_no_video(tmp_path: Path) -> None:
    names = [f"{n}.png" for n in range(8)]
    assert list_pictures(write_pictures(tmp_path / "few", names[:4])) == []
    assert list_pictures(write_pictures(tmp_path / "named", [*names, "plan.png"])) == []
    mixed = write_pictures(tmp_path / "mixed", names)
    (mixed / "walk.csv").write_text("a")
    assert list_pictures(mixed) == []
    with pytest.raises(DataError, match="is a folder without numbered pictures") as caught:
        Video(mixed)
    assert "0001.png" in str(caught.value.hint)
    with pytest.raises(EmptyError):
        find_videos([tmp_path])


def test_damaged_pictures_are_left_out_and_other_sizes_refused(tmp_path: Path) -> None:
    folder = write_pictures(tmp_path / "scene", [f"{n}.png" for n in range(8)])
    (folder / "3.png").write_bytes(b"\x89PNG but no more")
    with Video(folder) as video:
        assert len(list(video)) == 7
    assert "1 picture damaged or not decodable" in video.notes
    write_pictures(folder, ["7.png"], size=(50, 64))
    with Video(folder) as video, pytest.raises(FormatError, match=r"7\.png: has 64 x 50 pixels, expected"):
        list(video)


@pytest.mark.parametrize("name", ["a.gif", "a.png", "a.apng"])
def test_animated_picture_is_a_video(tmp_path: Path, name: str) -> None:
    from PIL import Image

    pictures = [Image.fromarray(np.full((48, 64, 3), 12 * n, np.uint8)) for n in range(8)]
    kind = {"format": "PNG"} if "png" in name else {}
    pictures[0].save(tmp_path / name, save_all=True, append_images=pictures[1:], duration=40, **kind)
    assert discover([tmp_path / name]).sources
    with Video(tmp_path / name) as video:
        assert len(list(video)) == 8


@pytest.mark.parametrize(
    ("name", "found"), [("a.jpg", "a single JPEG"), ("a.bmp", "a single BMP"), ("a.tiff", "a single TIFF")]
)
def test_single_picture_is_refused_with_what_to_do(tmp_path: Path, name: str, found: str) -> None:
    write_pictures(tmp_path, [name])
    with pytest.raises(FormatError, match=found) as caught:
        Video(tmp_path / name)
    assert "into a folder" in str(caught.value.hint)


def test_list_names_videos(tmp_path: Path) -> None:
    (tmp_path / "films").mkdir()
    write(tmp_path / "films" / "a.mp4", pictures=2)
    write(tmp_path / "b.mp4", pictures=2)
    listed = tmp_path / "list.txt"
    listed.write_text("# today\nfilms\n\nb.mp4\n")
    videos, problems = find_videos([listed])
    assert {video.path.name for video in videos} == {"a.mp4", "b.mp4"}
    assert problems == []
    for text, message in (("c.mp4\n", "line 1: there is no file"), ("# none\n", "lists nothing")):
        listed.write_text(text)
        with pytest.raises(FormatError, match=message):
            find_videos([listed])
    listed.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(FormatError, match="is not UTF-8"):
        find_videos([listed])


@pytest.mark.parametrize(("source", "advice"), [
    ("rstp://cam/1", "did you mean rtsp://cam/1"), ("http:/cam/1", "did you mean http://cam/1"),
    ("htps://me:secret@cam/1", "did you mean https://me:***@cam/1"), ("192.168.1.5/stream", "rtsp://192.168.1.5/stream"),
    ("camera.local:554/live", "rtsp://camera.local:554/live"), ("nothing", "expected webcam:0"),
    ("nothing.mp4", "expected webcam:0"),
])  # fmt: skip
def test_mistyped_source_is_refused_with_the_right_form(source: str, advice: str) -> None:
    assert advice in _suggest(source)
    with pytest.raises(ConfigError, match="unknown live source"):
        open_source(source, 640)


@pytest.mark.parametrize("source", ["0", "webcam", "webcam:7", "/dev/video7", "USB:7"])
def test_forms_of_cameras_are_understood(source: str) -> None:
    with pytest.raises(HimpcError, match=r"cannot be opened|sends no video"):
        open_source(source, 640)
