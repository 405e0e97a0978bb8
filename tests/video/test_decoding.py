"""Videos of all codecs are decoded, and other files are refused."""

from __future__ import annotations

import gc
import os
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from himpc.errors import DataError, FormatError
from himpc.reading import is_video
from himpc.video.decoding import Video
from himpc.video.frame_conversion import rotate_to_display

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
        ("rawvideo", "nv12", "a.avi"),
        ("rawvideo", "uyvy422", "a.mov"),
        ("ffv1", "gray16le", "b.mkv"),
        ("ffv1", "rgb48le", "c.mkv"),
        ("ffv1", "yuva420p", "d.mkv"),
        ("ffv1", "yuv420p16le", "e.mkv"),
    ],
)
def test_codecs_are_decoded(codec: str, pixels: str, name: str, tmp_path: Path) -> None:
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


def test_odd_sizes_are_kept(tmp_path: Path) -> None:
    with Video(write(tmp_path / "a.mkv", size=(51, 37), codec="ffv1", pixels="bgr0")) as video:
        assert next(iter(video)).image.shape == (37, 51, 3)


def test_varying_frame_rate_keeps_its_times(tmp_path: Path) -> None:
    times = np.cumsum([0.0, *np.random.default_rng(0).uniform(0.02, 0.3, 19)]).round(3).tolist()
    with Video(write(tmp_path / "a.mp4", times=times)) as video:
        seconds = [frame.seconds for frame in video]
    assert np.allclose(seconds, times, atol=0.002)
    assert any("varies" in note for note in video.notes)


def test_large_frames_are_scaled_down(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4", size=(640, 360), pictures=2)
    with Video(path, max_side=160) as video:
        assert next(iter(video)).image.shape == (90, 160, 3)
    with Video(path, max_side=1000) as video:
        assert next(iter(video)).image.shape == (360, 640, 3)


@pytest.mark.parametrize("size", [(10_000, 10_000), (16_500, 16)])
def test_too_large_frames_are_refused_by_the_header_alone(size: tuple[int, int], tmp_path: Path) -> None:
    path = write(tmp_path / "a.avi", codec="rawvideo", pixels="gray", pictures=1)
    content = bytearray(path.read_bytes())
    header = content.index(b"strf") + 8  # of the bitmap: its own size, width, height
    content[header + 4 : header + 12] = b"".join(each.to_bytes(4, "little") for each in size)
    path.write_bytes(content)
    with pytest.raises(FormatError, match=rf"frames are {size[0]} x {size[1]} pixels, expected 1 to") as caught:
        Video(path)
    assert "scale the video down" in str(caught.value.hint)


def write_anamorphic(path: Path, aspect: Fraction) -> Path:
    import av

    with av.open(str(path), mode="w") as container:
        stream = container.add_stream("mpeg4", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.codec_context.sample_aspect_ratio = aspect
        for _ in range(2):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((48, 64, 3), np.uint8), format="rgb24")))
        container.mux(stream.encode())
    return path


@pytest.mark.parametrize(
    ("aspect", "shape", "note"),
    [
        (Fraction(2), (48, 128, 3), "2 times as wide"),
        (Fraction(1, 2), (96, 64, 3), "0.5 times as wide"),
        (Fraction(1), (48, 64, 3), None),
        (Fraction(10), (48, 64, 3), "is ignored"),
    ],
)
def test_pixels_that_are_not_square_are_stretched(
    aspect: Fraction, shape: tuple[int, ...], note: str | None, tmp_path: Path
) -> None:
    """A film stored at half its width would show every body half as wide."""
    with Video(write_anamorphic(tmp_path / "a.mkv", aspect)) as video:
        assert [frame.image.shape for frame in video] == [shape, shape]
    assert (note or "") in "".join(video.notes)
    assert bool(video.notes) == (note is not None)


def test_frames_that_change_their_size_are_fitted_into_the_first(tmp_path: Path) -> None:
    first = write(tmp_path / "a.h264", size=(64, 48), look=lambda _: np.full((48, 64, 3), 200, np.uint8))
    second = write(tmp_path / "b.h264", size=(128, 32), look=lambda _: np.full((32, 128, 3), 200, np.uint8))
    path = tmp_path / "c.h264"
    path.write_bytes(first.read_bytes() + second.read_bytes())
    with Video(path) as video:
        frames = list(video)
    assert {frame.image.shape for frame in frames} == {(48, 64, 3)}
    assert [frame.number for frame in frames if frame.starts_shot] == [0, 20]
    assert frames[-1].image[:10].max() == 0  # a border
    assert frames[-1].image[20:28].min() > 150
    assert any("change their size" in note for note in video.notes)


@pytest.mark.parametrize("offset", [0.0, 10_000.0])
def test_times_begin_at_the_first_frame(offset: float, tmp_path: Path) -> None:
    with Video(write(tmp_path / "a.mkv", times=[offset + n / 25 for n in range(20)])) as video:
        assert [frame.seconds for frame in video] == pytest.approx(np.arange(20) / 25, abs=0.002)
    assert video.notes == []


def test_video_of_one_frame_is_decoded(tmp_path: Path) -> None:
    with Video(write(tmp_path / "a.mp4", pictures=1)) as video:
        assert len(list(video)) == 1


def test_display_matrix_rotates_and_mirrors() -> None:
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


def test_video_of_an_upright_phone_is_rotated(tmp_path: Path) -> None:
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


def test_truncated_file_gives_its_first_frames(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mkv", pictures=200)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with Video(path) as video:
        frames = list(video)
    assert 20 < len(frames) < 200
    assert any("ends after" in note for note in video.notes)


def write_empty(path: Path) -> None:
    path.write_bytes(b"")


def write_text_file(path: Path) -> None:
    path.write_text("this is no video\n" * 100)


def write_truncated(path: Path) -> None:
    write(path, pictures=50)
    path.write_bytes(path.read_bytes()[:1500])  # the index of an mp4 stands at its end


def write_noise(path: Path) -> None:
    path.write_bytes(np.random.default_rng(0).bytes(50_000))


def write_playlist(path: Path) -> None:
    other = write(path.with_name("secret.mp4"))
    path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:10\n#EXTINF:10,\n{other}\n#EXT-X-ENDLIST\n")


def write_concat(path: Path) -> None:
    write(path.with_name("secret.mp4"))
    path.write_text("ffconcat version 1.0\nfile secret.mp4\n")


def write_session(path: Path) -> None:
    path.write_text("v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 5004 RTP/AVP 96\n")


@pytest.mark.parametrize(
    "write_file",
    [
        write_empty,
        write_text_file,
        write_truncated,
        write_noise,
        write_playlist,
        write_concat,
        write_session,
        write_sound,
    ],
)
def test_other_files_are_refused_in_one_line(write_file, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "a.mp4"
    write_file(path)
    with pytest.raises(FormatError, match=r"a\.mp4: ") as raised, Video(path) as video:
        list(video)
    assert "\n" not in str(raised.value)
    assert capfd.readouterr() == ("", "")


def test_folders_pipes_and_missing_files_are_refused(tmp_path: Path) -> None:
    (tmp_path / "b.mp4").mkdir()
    os.mkfifo(tmp_path / "c.mp4")
    for name, why in (("a.mp4", "No such file"), ("b.mp4", "is a folder"), ("c.mp4", "a pipe")):
        with pytest.raises(DataError, match=why):
            Video(tmp_path / name)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_unreadable_file_is_refused(tmp_path: Path) -> None:
    path = write(tmp_path / "a.mp4")
    path.chmod(0)
    with pytest.raises(DataError, match="Permission denied"):
        Video(path)


def test_suffixes_mark_videos() -> None:
    assert is_video("a/b.MP4")
    assert not is_video("a/b.npz")


def test_frames_are_freed_without_collection_of_cycles(tmp_path: Path) -> None:
    """A frame of PyAV whose side data is asked for refers to itself."""
    path = write(tmp_path / "clip.mp4", pictures=8)
    gc.collect()
    gc.disable()
    try:
        with Video(path) as video:
            assert len(list(video)) == 8
        left = [each for each in gc.get_objects() if type(each).__name__ == "VideoFrame" and each.width > 16]
    finally:
        gc.enable()
    assert left == []
