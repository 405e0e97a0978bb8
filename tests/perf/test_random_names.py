"""perf/random_names.py: copies of marker files differ in their labels alone."""

import shutil
import string

import numpy as np

import himpc
import random_names


def test_labels_of_trc_files_are_replaced_alike():
    header = b"PathFileType\t4\nDataRate\n100\nFrame#\tTime\tLASI\t\t\tRASI\t\t\n\t\tX1\n1\t0.0\t1\t2\t3\t4\t5\t6"
    names = random_names.RandomNames(0)
    one, two = (random_names.rename_trc(header, names) for _ in range(2))
    assert one == two
    changed = one.split(b"\n")[3].split(b"\t")
    assert len(changed) == 8
    assert changed[:2] == [b"Frame#", b"Time"]
    assert len({changed[2], changed[5]} - {b"LASI", b"RASI"}) == 2
    assert one.split(b"\n")[:3] + one.split(b"\n")[4:] == header.split(b"\n")[:3] + header.split(b"\n")[4:]


def test_labels_of_c3d_files_are_replaced_and_values_kept(shared_data, tmp_path):
    source = min((shared_data / "c3d-walking").rglob("*.c3d"))
    folder = tmp_path / "source"
    folder.mkdir()
    shutil.copy(source, folder / "a.c3d")
    random_names.copy_with_random_names(folder, tmp_path / "copy")
    own, copy = (himpc.read(each / "a.c3d", layout="points", clean=False)[0] for each in (folder, tmp_path / "copy"))
    assert set(own.layout.joints).isdisjoint(copy.layout.joints)
    assert all(set(joint) <= set(string.ascii_lowercase) for joint in copy.layout.joints)
    assert set(map(bytes, np.float32(own.joints).swapaxes(0, 1))) <= set(
        map(bytes, np.float32(copy.joints).swapaxes(0, 1))
    )
