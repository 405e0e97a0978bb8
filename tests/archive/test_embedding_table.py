"""Tables of embeddings: selection, saving and loading."""

from dataclasses import fields, replace

import numpy as np
import pytest

from himpc.api import embed
from himpc.archive import EmbeddingTable
from himpc.errors import ConfigError, DataError, FormatError
from himpc.model import BASELINES
from himpc.reading import read
from himpc.recordings import mapped_arrays
from himpc.skeleton import get_layout


def assert_same(a: EmbeddingTable, b: EmbeddingTable) -> None:
    for field in fields(EmbeddingTable):
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), err_msg=field.name)
        assert getattr(a, field.name).dtype == getattr(b, field.name).dtype


@pytest.fixture(scope="module")
def table(model, walks) -> EmbeddingTable:
    recordings = read(walks, labels=walks / "people.csv")
    return EmbeddingTable.from_recordings(embed(model, recordings), recordings)


def test_select_keeps_the_chosen_recordings(table):
    assert_same(table.select(range(len(table.recordings))), table)
    some = table.select([5, 2])
    assert list(some.source) == [table.source[5], table.source[2]]
    np.testing.assert_array_equal(some.windows[some.window_recording == 0], table.windows[table.window_recording == 5])
    np.testing.assert_array_equal(some.windows[some.window_recording == 1], table.windows[table.window_recording == 2])


def test_saved_table_loads_unchanged(table, tmp_path):
    table.save(tmp_path / "table.npz")
    assert_same(EmbeddingTable.load(tmp_path / "table.npz"), table)


def test_large_vectors_are_mapped_and_equal(table, tmp_path, monkeypatch):
    table.save(tmp_path / "table.npz")
    monkeypatch.setattr(mapped_arrays, "MAPPED_BYTES", 1)
    assert_same(EmbeddingTable.load(tmp_path / "table.npz"), table)
    assert not EmbeddingTable.load(tmp_path / "table.npz").windows.flags.owndata


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("recordings", lambda a: a[:, 0]),
        ("windows", lambda a: a[:, 1:]),
        ("windows", lambda a: a.astype(np.str_)),
        ("window_recording", lambda a: a - 1),
        ("window_recording", lambda a: a + 1),
        ("window_recording", lambda a: a.astype(np.float64)),
        ("window_start", lambda a: a[1:]),
        ("source", lambda a: a[:2]),
        ("person", lambda a: a[0]),
    ],
)
def test_damaged_arrays_are_refused(table, tmp_path, name, change):
    replace(table, **{name: change(getattr(table, name))}).save(tmp_path / "table.npz")
    with pytest.raises(FormatError, match=r"table.npz: .*(expected|not in the table)"):
        EmbeddingTable.load(tmp_path / "table.npz")


@pytest.mark.parametrize("damage", [lambda b: b[: len(b) // 2], lambda b: b[:4000] + bytes([b[4000] ^ 1]) + b[4001:]])
def test_damaged_bytes_are_refused(table, tmp_path, damage):
    file = tmp_path / "table.npz"
    table.save(file)
    file.write_bytes(damage(file.read_bytes()))
    with pytest.raises(FormatError, match=r"CRC|zip"):
        EmbeddingTable.load(file)


def test_tables_of_several_layouts_are_not_joined(walks):
    recordings = read(walks)
    bones = BASELINES["bones"]
    few = [each.to(get_layout("openpose-14")) for each in recordings]
    tables = [EmbeddingTable.from_recordings(embed(bones, each), each) for each in (recordings, few)]
    with pytest.raises(DataError, match=r"whose vectors have 13, 19 dimensions; .* layout='common-15'"):
        EmbeddingTable.join(tables)


def test_a_labelled_table_has_a_row_for_each_recording_or_window(table):
    pytest.importorskip("pandas", reason="the extra interchange is not installed")
    labelled = table.to_pandas()
    vectors = labelled.filter(regex="^himpc").to_numpy()
    np.testing.assert_array_equal(vectors, table.recordings)
    assert list(labelled.columns[:6]) == ["source", "person", "session", "camera", "himpc0", "himpc1"]
    assert labelled["person"].fillna("").tolist() == table.person.tolist()
    windows = table.to_pandas(of="windows")
    np.testing.assert_array_equal(windows.filter(regex="^himpc").to_numpy(), table.windows)
    assert windows["source"].tolist() == table.source[table.window_recording].tolist()
    assert windows["start"].tolist() == table.window_start.tolist()
    with pytest.raises(ConfigError, match="of is 'window', expected"):
        table.to_pandas(of="window")


def test_a_parquet_file_holds_the_labelled_table(table, tmp_path):
    pandas = pytest.importorskip("pandas", reason="the extra interchange is not installed")
    pytest.importorskip("pyarrow", reason="the extra interchange is not installed")
    table.save(tmp_path / "table.parquet")
    pandas.testing.assert_frame_equal(pandas.read_parquet(tmp_path / "table.parquet"), table.to_pandas())
