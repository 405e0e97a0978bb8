"""Files that himpc does not read, by name: what they are, and what to export instead, in one table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from himpc.errors import FormatError

__all__ = ["UNSUPPORTED", "unsupported_error"]


@dataclass(frozen=True)
class _Unsupported:
    """One row of the table: a file is of this kind if its content begins with, or its head contains, one of these.

    A kind without them is known by the suffix of its name; a kind with both needs both.
    """

    title: str
    hint: str
    starts: tuple[bytes, ...] = ()
    contains: tuple[bytes, ...] = ()
    suffixes: tuple[str, ...] = ()

    def matches(self, path: Path, head: bytes) -> bool:
        by_suffix = not self.suffixes or path.suffix.lower() in self.suffixes
        by_start = not self.starts or head.startswith(self.starts)
        return by_suffix and by_start and (not self.contains or any(mark in head for mark in self.contains))


_CSV = "export joints as CSV with columns such as left_hip_x, left_hip_y and left_hip_z"
_COCO = "export keypoints as COCO JSON, with track_id where there are several people"
_PICKLE = (
    "a pickle, which can run code when it is loaded",
    "load it in Python if you trust it, and write its joints with {save()}, or as CSV",
)
_POSES = "export CSV, or convert the poses to netCDF with the package movement"
_HDF5 = b"\x89HDF\r\n\x1a\n"

UNSUPPORTED = (
    _Unsupported(
        "a pointer to a file that Git LFS holds", "fetch the file itself with 'git lfs pull'",
        starts=(b"version https://git-lfs.github.com",),
    ),
    _Unsupported(
        "a web page, as of a download that failed", "download the file itself",
        starts=(b"<!DOCTYPE html", b"<!doctype html", b"<html", b"<HTML"),
    ),
    _Unsupported("HDF5 of DeepLabCut or SLEAP", _POSES, starts=(_HDF5,), suffixes=(".h5", ".hdf5", ".slp")),
    _Unsupported(
        "a MATLAB file of version 7.3", "save it with the option -v7 in MATLAB", starts=(b"MATLAB 7.3 MAT-file",)
    ),
    _Unsupported("an HDF5 file", _CSV, starts=(_HDF5,)),
    _Unsupported(
        "a CDF file, as of Human3.6M", "save its positions (frames, joints, 3) as .npy",
        starts=(b"\xcd\xf3\x00\x01", b"\xcd\xf2\x60\x02"),
    ),
    _Unsupported("PoseTrack 2017 JSON", _COCO, contains=(b'"annolist"',)),
    _Unsupported(
        *_PICKLE,
        starts=(b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"),
    ),
    _Unsupported(
        *_PICKLE,
        suffixes=(".pkl", ".pickle", ".pt", ".pth", ".joblib"),
    ),
    _Unsupported("a spreadsheet", "save it as CSV", suffixes=(".xlsx", ".xls", ".ods")),
    _Unsupported("USD", "export BVH, for example from Blender", suffixes=(".usdz", ".usd", ".usda", ".usdc")),
    _Unsupported("a Blender file", "export BVH from Blender", starts=(b"BLENDER",)),
    _Unsupported(
        "an archive or compressed",
        "unpack it",
        starts=(b"PK\x03\x04", b"\x1f\x8b", b"BZh", b"\xfd7zXZ\0", b"7z\xbc\xaf\x27\x1c", b"Rar!", b"\x28\xb5\x2f\xfd"),
    ),
    _Unsupported("a skeleton without motion", "read the motion (.amc) beside it", suffixes=(".asf",)),
    _Unsupported("FBX", "export BVH, with all bones and one key a frame", starts=(b"Kaydara FBX", b"; FBX")),
    _Unsupported("glTF", "export BVH, for example from Blender", starts=(b"glTF",)),
    _Unsupported("glTF", "export BVH, for example from Blender", suffixes=(".gltf", ".vrm")),
    _Unsupported("USD", "export BVH, for example from Blender", starts=(b"PXR-USDC", b"#usda")),
    _Unsupported(
        "a ZED recording", "export the bodies as JSON with the body tracking samples of the ZED SDK",
        suffixes=(".svo", ".svo2"),
    ),
    _Unsupported("a take of OptiTrack Motive", "export CSV, BVH or C3D from Motive", suffixes=(".tak",)),
    _Unsupported("a recording of Xsens", "export MVNX, BVH or C3D from MVN", suffixes=(".mvn", ".mvna")),
    _Unsupported("a Qualisys measurement", "export TSV or C3D from QTM", suffixes=(".qtm",)),
    _Unsupported(
        "a file of Vicon Nexus", "process the trial in Nexus, and export C3D or CSV",
        suffixes=(".x1d", ".x2d", ".vsk", ".vdf", ".trial", ".xcp", ".enf"),
    ),
    _Unsupported(
        "a Motion Analysis file", "export TRC or C3D from Cortex",
        suffixes=(".trb", ".cap", ".anb", ".anc", ".forces"),
    ),
    _Unsupported("a CODAmotion recording", "export C3D", suffixes=(".mdf", ".mdr")),
    _Unsupported("a Visual3D workspace", "export the joint centres as C3D or TRC", suffixes=(".cmz", ".cmo", ".v3s")),
    _Unsupported("an OpenSim model", "give the positions of markers (TRC)", contains=(b"<OpenSimDocument",)),
    _Unsupported("a Noitom recording", "export BVH from Axis", suffixes=(".calc", ".raw", ".mobn")),
    _Unsupported("a Maya scene", "export BVH", suffixes=(".ma", ".mb")),
    _Unsupported("a BTS recording", "export EMT or C3D", suffixes=(".tdf",)),
    _Unsupported("a ROS bag", "export the topic of the joints as CSV", starts=(b"#ROSBAG",), suffixes=(".bag",)),
    _Unsupported("a Parquet table", "save it as CSV", starts=(b"PAR1",)),
)  # fmt: skip


def unsupported_error(path: Path, head: bytes) -> FormatError | None:
    """Return the error for a file of a kind that himpc does not read but knows; None for an unknown one."""
    known = next((kind for kind in UNSUPPORTED if head and kind.matches(path, head)), None)
    return (
        None if known is None else FormatError(f"{path}: is {known.title}, which himpc does not read", hint=known.hint)
    )
