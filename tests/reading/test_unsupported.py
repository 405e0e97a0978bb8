"""Files that are not read are named, and the error says what to export."""

import zipfile
from pathlib import Path

import pytest

from himpc.errors import FormatError
from himpc.reading import read

CONTENTS = {
    "a.h5": (b"\x89HDF\r\n\x1a\n" + bytes(64), "HDF5 of DeepLabCut or SLEAP", "CSV"),
    "a.nc4": (b"\x89HDF\r\n\x1a\n" + bytes(64), "is an HDF5 file", "CSV"),
    "a.cdf": (b"\xcd\xf3\x00\x01" + bytes(64), "a CDF file, as of Human3.6M", "npy"),
    "a.json": (b'{"annolist": [{"annorect": []}]}', "PoseTrack 2017 JSON", "COCO JSON"),
    "b.pkl": (b"\x80\x04\x95\x10\0\0\0\0\0\0\0", "a pickle, which can run code", "save"),
    "c.pkl": (b"(lp0\nI1\na.", "a pickle, which can run code", "CSV"),
    "d.bin": (b"\x80\x05\x95\x10\0\0\0\0\0\0\0", "a pickle, which can run code", "CSV"),
    "a.mat": (b"MATLAB 7.3 MAT-file, Platform" + bytes(200), "a MATLAB file of version 7.3", "-v7"),
    "a.json.gz": (b"\x1f\x8b\x08\0" + bytes(32), "an archive or compressed", "unpack it"),
    "a.zip": (b"PK\x03\x04" + bytes(64), "an archive or compressed", "unpack it"),
    "a.fbx": (b"Kaydara FBX Binary  \0\x1a\0" + bytes(32), "is FBX", "export BVH"),
    "a.svo2": (bytes(64), "a ZED recording", "JSON"),
    "a.tak": (bytes(64), "a take of OptiTrack Motive", "CSV, BVH or C3D"),
    "a.gltf": (b'{"asset": {"version": "2.0"}}', "is glTF", "export BVH"),
    "a.usdz": (b"PK\x03\x04" + bytes(64), "is USD", "export BVH"),
    "a.blend": (b"BLENDER-v400" + bytes(64), "is a Blender file", "export BVH"),
    "a.x2d": (bytes(64), "a file of Vicon Nexus", "C3D or CSV"),
    "a.trb": (bytes(64), "a Motion Analysis file", "TRC or C3D"),
    "a.mdf": (bytes(64), "a CODAmotion recording", "export C3D"),
    "a.cmz": (bytes(64), "a Visual3D workspace", "C3D or TRC"),
    "a.osim": (b'<?xml version="1.0"?>\n<OpenSimDocument Version="40000">', "an OpenSim model", "TRC"),
    "a.calc": (b"Hips 0 0 0\n", "a Noitom recording", "BVH"),
    "a.tdf": (bytes(64), "a BTS recording", "EMT or C3D"),
    "a.c3d": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n", "Git LFS", "git lfs pull"),
    "a.bvh": (b"<!DOCTYPE html>\n<html>", "a web page", "download the file itself"),
    "a.mvn": (bytes(64), "a recording of Xsens", "MVNX"),
}


@pytest.mark.parametrize("name", CONTENTS)
def test_the_error_names_the_kind_and_what_to_export(tmp_path: Path, name: str) -> None:
    content, title, export = CONTENTS[name]
    (tmp_path / name).write_bytes(content)
    with pytest.raises(FormatError, match=f"{title}.*which himpc does not read; .*({export})"):
        read(tmp_path / name)


ARCHIVES = [("a.zip", "unpack it"), ("a.xlsx", "save it as CSV"), ("a.usdz", "export BVH")]


@pytest.mark.parametrize(("name", "advice"), ARCHIVES)
def test_whole_archives_of_other_files_are_named(tmp_path: Path, name: str, advice: str):
    with zipfile.ZipFile(tmp_path / name, "w") as archive:
        archive.writestr("walks/one.csv", "x")
    with pytest.raises(FormatError, match=advice):
        read(tmp_path / name)
