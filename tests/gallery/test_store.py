"""Each store beyond the protocol: indexes, kills, damage, and erasure."""

import importlib
import os
import random
import runpy
import sqlite3
import sys
import time
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sql

from himpc.errors import ConfigError, DependencyError, GalleryError
from himpc.gallery.store.base import Entries

CONFORMANCE = runpy.run_path(str(Path(__file__).with_name("conformance.py")))
batch, is_stored, files_with, reference_nearest = (
    CONFORMANCE[name] for name in ("batch", "is_stored", "files_with", "reference_nearest")
)
INDEXED_FROM = 40  # as in worker.py
KILLS = 6


def people(recordings, size, seed=0):
    """Return pooled vectors of people with five recordings each, whose spectrum decays."""
    rng = np.random.default_rng(seed)
    spectrum = (1 / np.arange(1, size + 1) ** 0.7).astype(np.float32)
    centre = rng.standard_normal((recordings // 5, size), dtype=np.float32)
    apart = rng.standard_normal((recordings, size), dtype=np.float32)
    return (centre[np.arange(recordings) % len(centre)] + 0.5 * apart) * spectrum


def pooled_only(vectors, seed=1):
    """Return entries with a window a recording, its pooled vector."""
    ids, place = np.random.default_rng(seed).integers(1, 2**62, len(vectors)), np.arange(len(vectors))
    return Entries(ids, vectors, vectors, place, np.zeros_like(place))


# Searching


def test_index_has_a_recall_of_99_percent_and_finds_newer_rows(indexed_place):
    store = indexed_place.open(64, make=True, indexed_from=10_000)
    vectors = people(10_000, 64)
    store.add(pooled_only(vectors[:9_999]))
    assert store.index() is False
    store.add(pooled_only(vectors[9_999:], seed=2))
    assert store.index() is True
    queries = people(10_000, 64, seed=3)[:200] * 0.5 + vectors[:200] * 0.5
    found, distances = store.nearest(queries, 10)
    expected, apart = store.nearest(queries, 10, exact=True)
    recall = np.mean([len(np.intersect1d(one, other)) / 10 for one, other in zip(found, expected, strict=True)])
    assert recall >= 0.99
    same = found == expected
    assert np.array_equal(distances[same], apart[same])
    newer = pooled_only(queries[:5], seed=4)
    store.add(newer)
    for _ in range(2):
        ids, distances = store.nearest(queries[:5], 3)
        assert np.array_equal(ids[:, 0], newer.ids)
        assert (distances[:, 0] == 0).all()
        assert store.index() is True


def test_index_finds_many_neighbours(indexed_place):
    store, entries = indexed_place.open(make=True, indexed_from=INDEXED_FROM), batch(1, recordings=300)
    store.add(entries)
    assert store.index()
    for k in (40, 300):
        assert np.array_equal(
            store.nearest(batch(2).pooled, k)[0], reference_nearest(batch(2).pooled, entries.ids, entries.pooled, k)[0]
        )


@pytest.mark.parametrize("size", [2_100, 4_100])
def test_long_vectors_are_found(indexed_place, size):
    store, entries = indexed_place.open(size, make=True, indexed_from=50), batch(1, recordings=60, size=size)
    store.add(entries)
    assert store.index() is (indexed_place.is_folder or size <= 4_000)
    ids, distances = store.nearest(entries.pooled[:4], 5)
    expected, apart = reference_nearest(entries.pooled[:4], entries.ids, entries.pooled, 5)
    assert np.array_equal(ids, expected)
    assert np.allclose(distances, apart, rtol=1e-6)


def test_nothing_is_printed(indexed_place, capfd):
    store = indexed_place.open(make=True, indexed_from=INDEXED_FROM)
    for number in range(6):
        store.add(batch(number))
    store.index()
    store.nearest(batch(1).pooled, 3)
    store.remove(batch(1).ids)
    assert capfd.readouterr() == ("", "")


# Erasing


@pytest.mark.parametrize("indexed", [False, True])
def test_removed_recordings_leave_no_bytes(indexed_place, indexed):
    store = indexed_place.open(make=True, indexed_from=INDEXED_FROM)
    for number in range(1, 9):
        store.add(batch(number))
    gone, also, kept = batch(3), batch(8), batch(5)  # the last ones, too: they lie where a page is cut off
    if indexed:
        assert store.index()
    if not indexed_place.is_folder:
        indexed_place.run("ANALYZE")
    before = indexed_place.files()
    assert len(files_with(indexed_place, gone)) >= 2
    ids = np.concatenate([gone.ids[:7], kept.ids[:1], also.ids, [17]])
    store.remove(ids)
    store.remove(gone.ids)
    assert not files_with(indexed_place, gone, also)
    assert not np.isin(ids, store.ids()).any()
    assert is_stored(store, batch(4))
    assert store.entries(kept.ids).ids.tolist() == kept.ids[1:].tolist()
    assert store.nearest(gone.pooled, 1)[1].min() > 0.1
    if indexed_place.is_folder:  # an index is no mere bytes of vectors: none of its old files may remain
        after = indexed_place.files()
        assert not [name for name in after if "_indices" in name and name in before]
        assert [name for name in after if "_indices" in name] if indexed else True


def test_temporary_files_of_a_killed_process_are_removed(folder_place):
    store = folder_place.open(make=True)
    store.add(batch(1))
    for table, folder in (("pooled", "data"), ("windows", "_versions")):
        (Path(folder_place.address) / f"{table}.lance" / folder / ".tmpkbgX40").write_bytes(batch(2).windows.tobytes())
    store.remove(batch(2).ids)
    assert not files_with(folder_place, batch(2))
    assert is_stored(store, batch(1))


def test_removal_waits_for_readers_of_deleted_rows(postgres_place, monkeypatch):
    store = postgres_place.open(make=True)
    store.add(batch(1))
    monkeypatch.setattr("himpc.gallery.store.postgres.ERASE_TIMEOUT", 0.3)
    with store.engine.connect().execution_options(isolation_level="REPEATABLE READ") as reading:
        assert reading.execute(sql.text("SELECT count(*) FROM himpc_pooled")).scalar() == len(batch(1).ids)
        with pytest.raises(GalleryError, match="other programs keep reading"):
            store.remove(batch(1).ids)
        assert store.ids().tolist() == sorted(batch(1).ids.tolist())
        assert not len(store.entries(batch(1).ids).ids)
    store.remove(store.ids())
    assert not len(store.ids())
    assert not files_with(postgres_place, batch(1))


def test_16_bit_copies_leave_no_bytes(postgres_place):
    store, entries = postgres_place.open(2_100, make=True, indexed_from=50), batch(1, recordings=60, size=2_100)
    store.add(entries)
    assert store.index()
    half = entries.pooled[0, :8].astype("<f2").tobytes()
    assert any(half in content for content in postgres_place.files().values())
    store.remove(entries.ids[:1])
    assert not any(half in content for content in postgres_place.files().values())


# Many processes


STEADY = 10**6
"""Number of the batch that stays: no writer counts so far."""


@pytest.mark.parametrize("task", ["add", "remove"])
def test_killed_writer_loses_nothing_and_its_leftovers_can_be_removed(place, worker, task):
    """Kill it several times at random moments: what was acknowledged is there, or gone to the last byte."""
    dice, store, steady = random.Random(1), place.open(make=True, indexed_from=INDEXED_FROM), batch(STEADY)
    store.add(steady)
    there, number, left_over = [STEADY], 1, 0
    for _ in range(KILLS):
        if task == "remove":
            there += list(range(number, number + 6))
            for each in there[1:]:
                store.add(batch(each))
            store.index()
        worker.start(task, number, place.address)
        time.sleep(dice.uniform(0, 0.12))
        done = [int(line.removeprefix("done ")) for line in worker.kill()]
        place.settle()
        number += len(done)
        if task == "add":
            there += done
        asked = range(number - len(done), number + 1)
        if task == "remove":
            there = [STEADY]
        for each in [STEADY, *done] if task == "add" else [STEADY]:
            assert is_stored(store, batch(each)), each
        known = np.concatenate([batch(each).ids for each in there])
        left = np.setdiff1d(store.ids(), known)
        left_over += len(left)
        store.remove(left)
        assert store.ids().tolist() == sorted(known.tolist())
        assert not files_with(place, *map(batch, asked if task == "remove" else [number]))
        number += 1
    assert not store.check()
    assert store.nearest(steady.pooled, 1)[0][:, 0].tolist() == steady.ids.tolist()
    for each in there:
        assert is_stored(store, batch(each))


def test_readers_see_consistent_data_during_writes(place, worker):
    store, steady = place.open(make=True, indexed_from=INDEXED_FROM), batch(1_000, recordings=50)
    store.add(steady)
    worker.start("churn", 1, place.address)
    began, reads, rounds = time.monotonic(), 0, []
    while time.monotonic() < began + 2 or (len(rounds) < 3 and time.monotonic() < began + 60):
        assert is_stored(store, steady)
        assert store.nearest(steady.pooled[:2], 1)[0][:, 0].tolist() == steady.ids[:2].tolist()
        assert np.isin(steady.ids, store.ids()).all()
        reads += 1
        rounds += worker.new_lines()
    assert len(rounds + worker.kill()) > 2
    assert reads > 5


def test_reader_retries_when_its_files_are_compacted(folder_place):
    import lancedb

    store, tries = folder_place.open(make=True), []
    store.add(batch(1))

    def work(table):
        pinned = lancedb.connect(folder_place.address).open_table("pooled")
        if not tries:
            folder_place.open().remove(batch(1).ids[:1])
        tries.append(1)
        return pinned.search().select(["id"]).to_arrow().num_rows

    assert store._pooled.read(work) == len(batch(1).ids) - 1
    assert len(tries) == 2


# What goes wrong


def test_damaged_folder_is_reported(folder_place):
    store = folder_place.open(make=True)
    store.add(batch(1))
    folder = Path(folder_place.address)
    (folder / "unsettled.json").write_text("{")
    with pytest.raises(GalleryError, match=r"unsettled\.json: is damaged"):
        store.ids()
    data = next((folder / "windows.lance" / "data").iterdir())
    whole = data.read_bytes()
    for part in (b"", whole[:40], whole[: len(whole) // 2], bytes(len(whole))):
        data.write_bytes(part)
        damaged = folder_place.open()
        with pytest.raises(GalleryError, match=r"windows\.lance: is damaged.*; restore"):
            damaged.entries(batch(1).ids)
        assert "windows.lance" in damaged.check()[0]
    data.unlink()
    with pytest.raises(GalleryError, match=r"windows\.lance: is damaged"):
        folder_place.open().entries(batch(1).ids)
    for manifest in (folder / "pooled.lance" / "_versions").glob("*.manifest"):
        manifest.write_bytes(b"junk")
    with pytest.raises(GalleryError, match=r"pooled\.lance: is damaged"):
        folder_place.open()
    (folder.parent / "file").write_text("")
    with pytest.raises(GalleryError, match="file"):
        replace(folder_place, address=str(folder.parent / "file")).open(make=True)


def test_damaged_file_of_sqlite_is_reported(sqlite_place):
    store = sqlite_place.open(make=True)
    store.add(batch(1))
    store.close()
    file = Path(sqlite_place.address) / "vectors.sqlite"
    whole = file.read_bytes()
    for part in (whole[:50], whole[: len(whole) // 2], bytes(len(whole)), b"x" * 8192):
        file.write_bytes(part)
        with pytest.raises(GalleryError, match=r"vectors\.sqlite: .*damaged.*; restore|not of a gallery"):
            sqlite_place.open().entries(batch(1).ids)
    file.write_bytes(whole)
    for statement in ("UPDATE pooled SET vector = x'00'", "UPDATE windows SET vectors = 'text'", "DROP TABLE windows"):
        with closing(sqlite3.connect(file)) as connection:
            connection.execute(statement)
            connection.commit()
        with pytest.raises(GalleryError, match=r"vectors\.sqlite: (is damaged.*; restore|is not of a gallery)"):
            sqlite_place.open().entries(batch(1).ids)
    file.unlink()
    with pytest.raises(GalleryError, match=r"vectors\.sqlite: is missing"):
        sqlite_place.open()


def test_sqlite_is_read_from_a_folder_that_cannot_be_written(sqlite_place, monkeypatch):
    store = sqlite_place.open(make=True)
    store.add(batch(1))
    store.close()
    monkeypatch.setattr("os.access", lambda path, mode: mode == os.R_OK)
    reader = sqlite_place.open()
    assert is_stored(reader, batch(1))
    with pytest.raises(GalleryError, match="check its permissions"):
        reader.add(batch(2))


def test_table_of_another_program_is_refused(folder_place):
    import lancedb

    lancedb.connect(folder_place.address).create_table("pooled", [{"text": "x"}])
    for make in (False, True):
        with pytest.raises(GalleryError, match="not of a gallery"):
            folder_place.open(make=make)


@pytest.mark.parametrize("kind", ["folder", "sqlite"])
def test_full_disk_and_missing_permission_are_reported(request, kind, worker):
    folder_place = request.getfixturevalue(f"{kind}_place")
    store = folder_place.open(make=True)
    store.add(batch(1))
    worker.start("limited", 2, folder_place.address)
    (message,) = worker.wait()
    assert message.startswith("error ")
    assert "make room on the disk" in message
    assert is_stored(store, batch(1))
    store.remove(np.setdiff1d(store.ids(), batch(1).ids))
    assert not files_with(folder_place, batch(2, recordings=2_000))
    worker.start("no-permission", 3, folder_place.address)
    (message,) = worker.wait()
    assert message.startswith("error ")
    assert "check its permissions" in message


@pytest.mark.parametrize(
    ("module", "package", "line"),
    [("lance_table", "lancedb", r"himpc\[gallery\]"), ("postgres", "psycopg", r"himpc\[postgres\]")],
)
def test_missing_package_is_named_with_its_pip_command(monkeypatch, module, package, line):
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(sys.modules, f"himpc.gallery.store.{module}", raising=False)
    with pytest.raises(DependencyError, match=f"needs the package '{package}'.*pip install '{line}'"):
        importlib.import_module(f"himpc.gallery.store.{module}")


def test_unreachable_server_is_reported(postgres_place):
    url = sql.make_url(postgres_place.address)
    for wrong, message in (
        (url.set(query={"host": "/nowhere"}), "check that the server runs"),
        (url.set(database="missing"), "does not exist.*check the address"),
        (url.set(username="no-permission"), "does not exist.*check the address"),
    ):
        with pytest.raises(GalleryError, match=message) as caught:
            replace(postgres_place, address=wrong.render_as_string(hide_password=False)).open(make=True)
        assert "\n" not in str(caught.value)


def test_server_without_pgvector_is_reported(postgres_place):
    postgres_place.run(
        "DROP EXTENSION IF EXISTS vector CASCADE",
        "DROP ROLE IF EXISTS guest",
        "CREATE ROLE guest LOGIN",
        "GRANT ALL ON SCHEMA public TO guest",
    )
    guest = sql.make_url(postgres_place.address).set(username="guest").render_as_string(hide_password=False)
    with pytest.raises(GalleryError, match="lacks the extension pgvector; install it"):
        replace(postgres_place, address=guest).open(make=True)
    with pytest.raises(ConfigError, match="16000"):
        postgres_place.open(16_001, make=True)


def test_lost_connection_is_reported(postgres_place):
    store = postgres_place.open(make=True)
    store.add(batch(1))

    @sql.event.listens_for(store.engine, "before_cursor_execute")
    def _cut(connection, *_):
        postgres_place.run(f"SELECT pg_terminate_backend({connection.connection.driver_connection.info.backend_pid})")

    for work in (lambda: store.nearest(batch(1).pooled, 2), lambda: store.remove(batch(1).ids[:1]), store.index):
        with pytest.raises(GalleryError, match="check that the server runs") as caught:
            work()
        assert "\n" not in str(caught.value)
    sql.event.remove(store.engine, "before_cursor_execute", _cut)
    assert is_stored(store, batch(1))
