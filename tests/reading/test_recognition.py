"""Each file is recognised by one format only; tables of plain CSV, which come last, may also fit those before them."""

from pathlib import Path

import pytest

from himpc.reading.formats import FORMATS, HEAD_BYTES, find_format

PLAIN = {"csv-frames", "csv-joints"}
CASES = Path(__file__).parents[3] / "shared" / "cases"

HEADS = {
    "motive": "Format Version,1.23,Take Name,Walk,Take Notes,,Capture Frame Rate,120.000000\n\n,,Bone,Bone,Bone\n",
    "qualisys": "NO_OF_FRAMES\t5\nNO_OF_CAMERAS\t8\nFREQUENCY\t100\nMARKER_NAMES\tLFHD\n1\t2\t3\n",
    "vicon": "Trajectories\n100\n,,Ann:LFHD,,\nFrame,Sub Frame,X,Y,Z\n,,mm,mm,mm\n1,0,1,2,3\n",
    "bts": "BTS ASCII format\n\nType:\tPoint 3D tracks\nMeasure unit:\tm\n\n Frame\t  Time\tc7.X\tc7.Y\tc7.Z\n",
    "trc": "PathFileType\t4\t(X/Y/Z)\ta.trc\nDataRate\tCameraRate\n60\t60\nFrame#\tTime\tLFHD\n",
    "kgbd": "Head;0.1;0.2;0.3\nShoulder-Center;0.1;0.2;0.3\n",
    "csv-frames": "frame,left_hip_x,left_hip_y,left_hip_z\n0,1,2,3\n",
    "csv-joints": "frame,joint,x,y,z\n0,left_hip,1,2,3\n",
}

NAMES = {"motive": "walk.csv", "qualisys": "walk.tsv", "vicon": "walk.csv", "bts": "walk.emt"}


@pytest.mark.parametrize("name", HEADS)
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_one_format_recognises_each_table(tmp_path, name, start, ending):
    content = start + HEADS[name].encode().replace(b"\n", ending)
    path = tmp_path / NAMES.get(name, "walk.csv")
    path.write_bytes(content)
    assert find_format(path).name == name
    found = {known.name for known in FORMATS if known.recognise(path, content[:HEAD_BYTES])}
    assert found - (PLAIN - {name}) == {name}


@pytest.mark.parametrize(("file", "name"), [("motive.csv", "motive"), ("qtm.tsv", "qualisys"), ("t_csv.trc", "trc")])
def test_samples_are_recognised(file, name):
    if not (CASES / file).exists():
        pytest.skip(f"the samples are not at {CASES}")
    assert find_format(CASES / file).name == name
