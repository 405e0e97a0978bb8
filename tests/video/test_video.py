"""Videos of all kinds are read, and what is none is one clear line."""

from __future__ import annotations

import os
import resource
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from himpc.errors import DataError, FormatError, RunFolderError
from himpc.reading import is_video
from himpc.simulation import Lens, simulate_crowd
from himpc.video.decoding import Video, rotate_to_display

pytest.importorskip("av")
from clips import write, write_sound


@pytest.mark.parametrize(
    ("codec", "pixels", "name"),
    [
        ("libx264", "yuv420p", "a.mp4"),
        ("libx264", "yuv420p", "a.mkv"),
        ("libx264", "yuv444p10le", "a.mp4"),
        ("libx265", "yuv420p", "a.mp4"),
        ("libvpx-vp9", "yuv420p", "a.webm"),
        ("libsvtav1", "yuv420p", "a.mp4"),
        ("mpeg4", "yuv420p", "a.avi"),
        ("mjpeg", "yuvj420p", "a.avi"),
        ("ffv1", "gray", "a.mkv"),
        ("mpeg2video", "yuv420p", "a.ts"),
        ("prores_ks", "yuva444p10le", "a.mov"),
        ("wmv2", "yuv420p", "a.wmv"),
    ],
)
def test_codecs(codec: str, pixels: str, name: str, tmp_path: Path) -> None:
    import av

    if codec not in av.codecs_available:
        pytest.skip(f"no encoder for {codec} here")
    with Video(write(tmp_path / name, codec=codec, pixels=pixels, size=(128, 96)), cuts=False) as video:
        frames = list(video)
    assert len(frames) == 20
    assert video.fps == pytest.approx(25)
    assert all(frame.image.shape == (96, 128, 3) and frame.image.dtype == np.uint8 for frame in frames)
    for frame in frames[:10]:
        assert frame.image.mean() == pytest.approx(11 * frame.number, abs=14)
    assert [frame.number for frame in frames] == list(range(20))
    assert np.allclose([frame.seconds for frame in frames], np.arange(20) / 25, atol=0.002)


def test_odd_sizes(tmp_path: Path) -> None:
    with Video(write(tmp_path / "a.mkv", size=(51, 37), codec="ffv1", pixels="bgr0")) as video:
        assert next(iter(video)).image.shape == (37, 51, 3)


def test_a_rate_that_varies_keeps_its_times(tmp_path: Path) -> None:
    times = np.cumsum([0.0, *np.random.default_rng(0).uniform(0.02, 0.3, 19)]).round(3).tolist()
    with Video(write(tmp_path / "a.mp4", times=times)) as video:
        seconds = [frame.seconds for frame in video]
    assert np.allclose(seconds, times, atol=0.002)
    assert any("varies" in note for note in video.notes)


def test_large_pictures_are_made_smaller(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", size=(640, 360), pictures=2)
    with Video(path, max_side=160) as video:
        assert next(iter(video)).image.shape == (90, 160, 3)
    with Video(path, max_side=1000) as video:
        assert next(iter(video)).image.shape == (360, 640, 3)


def test_pictures_are_turned_upright() -> None:
    image = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)
    one = 1 << 16
    shown = {
        (one, 0, 0, one): image,
        (0, one, -one, 0): np.rot90(image, 3),  # clockwise by a quarter
        (0, -one, one, 0): np.rot90(image),
        (-one, 0, 0, -one): image[::-1, ::-1],
        (-one, 0, 0, one): image[:, ::-1],  # a mirror
        (one, 0, 0, -one): image[::-1],
        (0, one, one, 0): image.transpose(1, 0, 2),
        (0, -one, -one, 0): image.transpose(1, 0, 2)[::-1, ::-1],
    }
    for (a, b, c, d), expected in shown.items():
        turned = rotate_to_display(image, np.array([[a, b, 0], [c, d, 0], [0, 0, 1 << 30]]))
        assert turned is not None
        np.testing.assert_array_equal(turned, expected)
    for odd in ((0, 0, 0, 0), (one, one, 0, one), (46341, 46341, -46341, 46341), (2 * one, 0, 0, one)):
        assert rotate_to_display(image, np.array([[*odd[:2], 0], [*odd[2:], 0], [0, 0, 1 << 30]])) is None


def test_a_phone_held_upright(tmp_path: Path) -> None:
    """The matrix in the header of the track turns the picture by a quarter: patched into a plain mp4."""
    look = np.zeros((48, 64, 3), np.uint8)
    look[:, :32] = 255  # the left half is bright
    path = write(tmp_path / "a.mp4", look=lambda i: look)
    content = bytearray(path.read_bytes())
    place = content.index(b"tkhd") + 4 + 40
    one = 1 << 16
    matrix = [0, one, 0, -one, 0, 0, 0, 0, 1 << 30]  # clockwise by a quarter
    content[place : place + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    path.write_bytes(content)
    with Video(path) as video:
        image = next(iter(video)).image
    assert image.shape == (64, 48, 3)
    assert image[:30].mean() > 200  # what was left is above
    assert image[34:].mean() < 50


def test_a_truncated_file_gives_what_is_there(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", pictures=200)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with Video(path) as video:
        frames = list(video)
    assert 20 < len(frames) < 200
    assert any("ends after" in note for note in video.notes)


def _nothing(path: Path) -> None:
    path.write_bytes(b"")


def _text(path: Path) -> None:
    path.write_text("this is no video\n" * 100)


def _half(path: Path) -> None:
    write(path, pictures=50)
    path.write_bytes(path.read_bytes()[:1500])  # the index of an mp4 stands at its end


def _noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(50_000))


def _playlist(path: Path) -> None:
    other = write(path.with_name("secret.mp4"))
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{other}\n#EXT-X-ENDLIST\n")


def _concat(path: Path) -> None:
    write(path.with_name("secret.mp4"))
    path.write_text("ffconcat version 1.0\nfile secret.mp4\n")


def _session(path: Path) -> None:
    path.write_text("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n")


@pytest.mark.parametrize("spoil", [_nothing, _text, _half, _noise, _playlist, _concat, _session, write_sound])
def test_what_is_no_video_is_one_clear_line(spoil, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.mp4"
    spoil(path)
    with pytest.raises(FormatError, match=r"a\.mp4: ") as raised, Video(path) as video:
        list(video)
    assert "\n" not in str(raised.value)
    assert capfd.readouterr() == ("", "")


def test_folders_pipes_and_what_is_not_there(tmp_path: Path) -> None:
    (tmp_path / "b.mp4").mkdir()
    os.mkfifo(tmp_path / "c.mp4")
    for name, why in (("a.mp4", "No such file"), ("b.mp4", "is a folder"), ("c.mp4", "a pipe")):
        with pytest.raises(DataError, match=why):
            Video(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_no_permission(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4")
    path.chmod(0)
    with pytest.raises(DataError, match="Permission denied"):
        Video(path)


def test_names_tell_videos() -> None:
    assert is_video("a/b.MP4")
    assert not is_video("a/b.npz")


def _scene(seed: int) -> np.ndarray:
    return np.kron(np.random.default_rng(seed).integers(0, 256, (6, 8, 3)), np.ones((8, 8, 1))).astype(np.uint8)


def test_cuts_are_found_and_pans_are_none(tmp_path: Path) -> None:
    wide = np.kron(np.random.default_rng(5).integers(0, 256, (6, 40, 3)), np.ones((8, 8, 1))).astype(np.uint8)

    def look(i: int) -> np.ndarray:
        return _scene(1) if i < 10 else _scene(2) if i < 20 else wide[:, 4 * (i - 20) : 4 * (i - 20) + 64]

    with Video(write(tmp_path / "a.mp4", pictures=60, look=look)) as video:
        assert [frame.number for frame in video if frame.starts_shot] == [0, 10, 20]


def test_the_shared_video_is_one_shot(shared_data: Path) -> None:
    with Video(shared_data / "video" / "one-by-one-person-detection.mp4", max_side=192) as video:
        frames = [(frame.number, frame.seconds) for frame in video if frame.starts_shot]
    assert frames == [(0, 0.0)]


@pytest.mark.slow
@pytest.mark.long
def test_memory_stays_flat_over_an_hour(tmp_path: Path) -> None:
    """Of pictures nothing is kept, of people their joints: 0.8 kB a picture, and as much again when they are clean."""
    pytest.importorskip("norfair")
    from himpc.video import Detection, PoseEstimator, estimate

    greys = [np.full((64, 96, 3), grey, np.uint8) for grey in (100, 101, 102)]
    path = write(tmp_path / "a.avi", pictures=10_800, size=(96, 64), codec="mpeg4", fps=3, look=lambda i: greys[i % 3])
    walk = simulate_crowd(1, 20, 3, scene="crowd", lens=Lens(96, 64, 65), seed=1)
    used: dict[int, float] = {}

    class Walker(PoseEstimator):
        """Somebody who is there for 50 s of each minute."""

        name, dimensions, layout = "walker", 3, walk.layout

        def detect(self, _: NDArray[np.uint8], seconds: float) -> list[Detection]:
            number = round(seconds * 3)
            used[number] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
            if seconds % 60 > 50:
                return []
            turn = number % 120  # there and back again
            frame = min(turn, 119 - turn)
            joints = walk.joints[0, frame] * np.array([-1, 1, -1], dtype=np.float32)
            joints = joints - joints[[23, 24]].mean(axis=0)
            return [Detection(walk.points[0, frame], np.ones(33, np.float32), joints)]

    people = estimate(path, Walker())
    assert people.seconds == pytest.approx(3600, abs=1)
    assert len(people.cleaned) == 60
    assert used[10_799] - used[1_080] < 40
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - used[1_080] < 120


def test_a_film_is_written_whole_or_not_at_all(tmp_path: Path) -> None:
    from himpc.video.encoding import VideoWriter

    path = tmp_path / "a.mp4"
    with VideoWriter(path, 65, 49, 12.5) as film:
        for i in range(10):
            film.add(np.full((49, 65, 3), 20 * i, np.uint8))
    with Video(path, cuts=False) as video:
        frames = list(video)
    assert [frame.image.shape for frame in frames] == [(48, 64, 3)] * 10
    assert all(b.seconds - a.seconds == pytest.approx(0.08, abs=1e-3) for a, b in pairwise(frames))
    before = path.read_bytes()
    with pytest.raises(ZeroDivisionError), VideoWriter(path, 64, 48, 25) as film:
        film.add(np.zeros((48 // int(film.width == 0), 64, 3), np.uint8))
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]


def test_a_film_of_a_picture_an_hour(tmp_path: Path) -> None:
    from himpc.video.encoding import VideoWriter

    with VideoWriter(tmp_path / "a.mp4", 64, 48, 1 / 3600) as film:
        film.add(np.zeros((48, 64, 3), np.uint8))
    with Video(tmp_path / "a.mp4") as video:
        assert len(list(video)) == 1


def test_a_film_that_cannot_be_written_is_one_clear_line(tmp_path: Path) -> None:
    from himpc.video.encoding import VideoWriter

    with pytest.raises(RunFolderError, match="cannot be written"), VideoWriter(tmp_path / "none" / "a.mp4", 64, 48, 25):
        pass
