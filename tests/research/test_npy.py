"""Every array of numbers that numpy writes is read; anything else is refused."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from himpc.errors import FormatError
from himpc.research.datasets.npy import open_npy

TYPES = ["<f8", ">f4", "<f2", "<i8", ">i4", "|u1", "<u2"]


@given(data=st.data(), version=st.sampled_from([(1, 0), (2, 0)]), fortran=st.booleans())
def test_arrays_written_by_numpy_are_read(tmp_path: Path, data, version: tuple[int, int], fortran: bool) -> None:
    values = data.draw(arrays(st.sampled_from(TYPES), array_shapes(min_dims=1, max_dims=3)))
    path = tmp_path / "a.npy"
    with path.open("wb") as file:
        np.lib.format.write_array(file, np.asfortranarray(values) if fortran else values, version=version)
    found = open_npy(path, "fiu")
    np.testing.assert_array_equal(found, values)
    assert found.dtype == values.dtype


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "not an .npy array"),
        (b"\x93NUMPY\x03\x00" + b"\0" * 20, "not an .npy array of version 1 or 2"),
        (b"\x93NUMPY\x01\x00\xff\xff{'descr'", "does not have the header of an array"),
        (b"\x93NUMPY\x01\x00\x0f\x00{__import__(0)}", "does not have the header of an array"),
    ],
)
def test_other_content_is_refused(tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(FormatError, match=words):
        open_npy(tmp_path / "a.npy", "f")


def test_errors_name_other_kinds_and_missing_files(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.arange(3))
    with pytest.raises(FormatError, match="holds int64, expected floats"):
        open_npy(tmp_path / "a.npy", "f")
    with pytest.raises(FormatError, match="cannot be read"):
        open_npy(tmp_path / "b.npy", "f")
    np.save(tmp_path / "c.npy", np.zeros((0, 3)))
    with pytest.raises(FormatError, match="has 128 bytes, its header of shape"):
        open_npy(tmp_path / "c.npy", "f")
