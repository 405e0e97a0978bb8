"""Missing and damaged parts of a gallery are reported wherever it is used, never taken for an empty place."""

import json
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
import sqlalchemy as sql

from himpc.cli import main
from himpc.errors import DamagedGalleryError, GalleryError
from himpc.gallery import FolderWatcher, Gallery, get_service
from himpc.reading import plan
from himpc.recordings import save

pytest.importorskip("lancedb")

CATALOG = "catalogue.sqlite"


@pytest.fixture
def enrolled(tmp_path, walkers_model, walks):
    """A gallery of three people in a folder, and files of new recordings."""
    walkers_model.save(tmp_path / "model")
    save(walks("d"), tmp_path / "more.npz")
    save([walk.with_(person=None) for walk in walks("a", days=("3",))], tmp_path / "probe.npz")
    with Gallery.create(tmp_path / "g", walkers_model) as gallery:
        gallery.enroll(walks("a", "b", "c"))
    return tmp_path / "g"


def run(capsys, *command):
    code = main(["gallery", *map(str, command)])
    return code, capsys.readouterr().err


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def change_vectors(folder, table="pooled"):
    """Change some bytes of a vector of each recording."""
    column = {"pooled": "vector", "windows": "vectors"}[table]
    with closing(sqlite3.connect(folder / "vectors" / "vectors.sqlite")) as connection:
        for number, content in connection.execute(f"SELECT id, {column} FROM {table}").fetchall():
            changed = bytes(byte ^ 0x5A for byte in content[:8]) + content[8:]
            connection.execute(f"UPDATE {table} SET {column} = ? WHERE id = ?", (changed, number))
        connection.commit()


def delete(path):
    """Delete a file or a folder."""
    shutil.rmtree(path) if path.is_dir() else path.unlink()


@pytest.mark.parametrize(
    "lost",
    [(CATALOG,), (CATALOG, "searches.sqlite"), (CATALOG, "reserve"), (CATALOG, "vectors/vectors.sqlite"), ("vectors",)],
)
def test_enrolling_where_parts_of_a_gallery_are_lost_changes_nothing(enrolled, capsys, lost):
    for name in lost:
        delete(enrolled / name)
    before = files_of(enrolled)
    command = ("enroll", enrolled.parent / "more.npz", "--gallery", enrolled, "--model", enrolled.parent / "model")
    code, error = run(capsys, *command)
    assert code == 1
    assert lost[0] in error
    assert "backup" in error
    assert "Traceback" not in error
    kept = files_of(enrolled)
    assert {name: kept.get(name) for name in before if name.startswith("vectors")} == {
        name: content for name, content in before.items() if name.startswith("vectors")
    }
    assert ((enrolled / CATALOG).exists()) == (CATALOG not in lost)


def test_lost_catalog_is_named_by_every_verb(enrolled, capsys):
    (enrolled / CATALOG).unlink()
    for verb in (["list"], ["verify"], ["verify", "--repair"], ["search", enrolled.parent / "probe.npz"]):
        code, error = run(capsys, *verb, "--gallery", enrolled)
        assert code == 1
        assert f"{CATALOG}, its catalog, is missing" in error


def test_lost_table_of_a_database_is_reported(gallery, home, place, walkers_model, walks):
    gallery.enroll(walks("a"))
    gallery.close()
    if place.is_folder:
        engine = sql.create_engine(f"sqlite:///{home}/{CATALOG}")
        with engine.begin() as connection:
            connection.execute(sql.text("DROP TABLE himpc_facts"))
        engine.dispose()
    else:
        place.run("DROP TABLE himpc_facts")
    with pytest.raises(GalleryError, match=r"himpc_facts"):
        Gallery.open(home)
    with pytest.raises(GalleryError, match=r"himpc_facts|already"):
        Gallery.create(home, walkers_model)


@pytest.mark.parametrize("table", ["pooled", "windows"])
def test_changed_vectors_are_reported_by_every_front_end(enrolled, capsys, tmp_path, table):
    change_vectors(enrolled, table)
    probe = tmp_path / "probe.npz"
    with Gallery.open(enrolled) as gallery, pytest.raises(DamagedGalleryError, match="damaged"):
        gallery.search(plan([probe]).read_all())
    code, error = run(capsys, "search", probe, "--gallery", enrolled)
    assert (code, "damaged" in error, "himpc gallery verify --repair" in error) == (1, True, True)
    assert run(capsys, "verify", "--gallery", enrolled)[0] == 1
    (tmp_path / "inbox").mkdir()
    shutil.copy(probe, tmp_path / "inbox" / "probe.npz")
    with Gallery.open(enrolled) as gallery, pytest.raises(DamagedGalleryError):
        FolderWatcher(gallery, tmp_path / "inbox", lambda: plan([tmp_path / "inbox"])).poll(immediate=True)
    code, error = run(capsys, "watch", tmp_path / "inbox", "--once", "--gallery", enrolled)
    assert (code, "damaged" in error) == (1, True)
    if table == "pooled":  # windows are read when they are needed
        assert main(["serve", "--gallery", str(enrolled), "--port", "0"]) == 1
        assert "damaged" in capsys.readouterr().err


def test_damage_while_a_server_runs_is_an_error_of_the_server(enrolled, tmp_path):
    pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    from himpc.server import ServerConfig
    from himpc.server.app import create_app

    with TestClient(create_app(Gallery.open(enrolled), ServerConfig()), base_url="http://localhost") as client:
        change_vectors(enrolled, "windows")
        answer = client.post("/api/search", files={"files": ("probe.npz", (tmp_path / "probe.npz").read_bytes())})
        assert answer.status_code == 503
        assert "damaged" in answer.json()["detail"]
        assert str(tmp_path) not in answer.text


def test_changed_vectors_of_either_store_are_reported(gallery, walks):
    gallery.enroll(walks("a", "b"))
    first = gallery.recordings()[0]
    store = get_service(gallery)._checked_store.store
    entries = store.entries(np.array([first.id]))
    entries.pooled[0] += 1
    store.remove(entries.ids)
    store.add(entries)
    with pytest.raises(DamagedGalleryError, match=first.person):
        gallery.search(walks("a", days=("3",)))
    store.remove(entries.ids)
    with pytest.raises(DamagedGalleryError, match=first.person):
        gallery.search(walks("a", days=("3",)))


def test_damaged_vectors_are_computed_again_from_skeletons(gallery, home, walks):
    gallery.enroll(walks("a", "b", "c"))
    expected = gallery.search(walks("a", days=("3",)))
    store = get_service(gallery)._checked_store.store
    store.remove(np.array([each.id for each in gallery.recordings("a")]))
    assert len(gallery.verify()) == 4
    assert gallery.verify(repair=True) == []
    assert gallery.search(walks("a", days=("3",))) == expected
    assert Gallery.repair(home) == []


@pytest.mark.parametrize("lost", ["vectors", "vectors/vectors.sqlite"])
def test_lost_vectors_are_computed_again_by_verify(enrolled, tmp_path, walks, capsys, lost):
    delete(enrolled / lost)
    save(walks("a", days=("3",)), tmp_path / "probe.npz")
    assert run(capsys, "list", "--gallery", enrolled) == (0, "")
    code, error = run(capsys, "search", tmp_path / "probe.npz", "--gallery", enrolled)
    assert (code, "missing" in error, "himpc gallery verify --repair" in error) == (1, True, True)
    assert run(capsys, "verify", "--repair", "--gallery", enrolled) == (0, "")
    with Gallery.open(enrolled) as gallery:
        assert gallery.verify() == []
        assert len(gallery.recordings()) == 12


def test_lost_vectors_without_skeletons_are_left_to_a_backup(tmp_path, walkers_model, walks, capsys):
    with Gallery.create(tmp_path / "g", walkers_model, keep_skeletons=False) as gallery:
        gallery.enroll(walks("a", "b"))
    delete(tmp_path / "g" / "vectors" / "vectors.sqlite")
    kept = files_of(tmp_path / "g" / "vectors")
    code, error = run(capsys, "verify", "--repair", "--gallery", tmp_path / "g")
    assert (code, "backup" in error) == (1, True)
    assert files_of(tmp_path / "g" / "vectors") == kept


@pytest.mark.parametrize(
    ("statement", "verb"),
    [
        ("UPDATE himpc_recordings SET windows = 'many'", "list"),
        ("UPDATE himpc_recordings SET windows = -3", "show"),
        ("UPDATE himpc_recordings SET quality = x'00ff'", "show"),
        ("UPDATE himpc_recordings SET fps = 'NaN'", "show"),
        ("UPDATE himpc_recordings SET enrolled = x'ff'", "list"),
        ("UPDATE himpc_people SET name = x'4142' WHERE name = 'a'", "list"),
        ("UPDATE himpc_people SET named = 'perhaps'", "list"),
        ("UPDATE himpc_recordings SET person = 'x' WHERE rowid = 1", "search"),
        ("UPDATE himpc_skeletons SET joints = 'text'", "verify"),
        ("UPDATE himpc_skeletons SET joints = 10000000000", "verify"),
        ("UPDATE himpc_skeletons SET joints = x'00'", "verify"),
        ("UPDATE himpc_facts SET value = 'no' WHERE name = 'changes'", "search"),
        ("UPDATE himpc_facts SET value = x'00' WHERE name = 'changes'", "rename"),
        ("UPDATE himpc_facts SET value = 7 WHERE name = 'model.json'", "list"),
        ("UPDATE himpc_facts SET value = x'7b7d' WHERE name = 'model.json'", "list"),
        ("UPDATE himpc_facts SET value = x'00' WHERE name = 'version'", "list"),
        ("UPDATE himpc_events SET person = 'x'", "audit"),
        ("UPDATE himpc_events SET number = 'x'", "audit"),
        ("UPDATE himpc_events SET recordings = 'x'", "audit"),
    ],
)
def test_invalid_cell_is_an_error_in_one_line(enrolled, capsys, statement, verb):
    engine = sql.create_engine(f"sqlite:///{enrolled}/{CATALOG}")
    with engine.begin() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
    more = {"show": ["a"], "search": [enrolled.parent / "probe.npz"], "rename": ["a", "z"]}.get(verb, [])
    code, error = run(capsys, verb, *more, "--gallery", enrolled)
    assert code == 1
    assert "Traceback" not in error
    assert error.count("\n") == 1 or verb == "verify"
    assert "damaged" in error or "changed" in error or "version" in error


def test_damaged_calibration_is_reported_and_computed_again(enrolled, capsys):
    with Gallery.open(enrolled) as gallery:
        gallery.calibrate(2)
    engine = sql.create_engine(f"sqlite:///{enrolled}/{CATALOG}")
    with engine.begin() as connection:
        row = sql.text("SELECT value FROM himpc_facts WHERE name = 'calibration'")
        saved = json.loads(connection.execute(row).scalar())
        saved["impostor"]["distances"] = [9 * value for value in saved["impostor"]["distances"]]
        changed = sql.text("UPDATE himpc_facts SET value = :value WHERE name = 'calibration'")
        connection.execute(changed, {"value": json.dumps(saved).encode()})
    engine.dispose()
    code, error = run(capsys, "search", enrolled.parent / "probe.npz", "--gallery", enrolled)
    assert (code, "himpc gallery calibrate" in error) == (1, True)
    assert run(capsys, "calibrate", "--folds", "2", "--gallery", enrolled)[0] == 0
    assert run(capsys, "search", enrolled.parent / "probe.npz", "--gallery", enrolled)[0] == 0


def test_changed_skeleton_is_not_shown(enrolled):
    with Gallery.open(enrolled) as gallery:
        number = gallery.recordings()[0].id
        joints = get_service(gallery).joints(number)
        engine = sql.create_engine(f"sqlite:///{enrolled}/{CATALOG}")
        with engine.begin() as connection:
            statement = sql.text("UPDATE himpc_skeletons SET joints = :joints WHERE recording = :id")
            connection.execute(statement, {"joints": (joints + 1).tobytes(), "id": number})
        engine.dispose()
        with pytest.raises(DamagedGalleryError, match="skeleton"):
            get_service(gallery).joints(number)


def test_unopenable_folder_is_not_an_empty_place(tmp_path, walkers_model):
    (tmp_path / "g").mkdir()
    (tmp_path / "g" / "notes.txt").write_text("mine")
    with pytest.raises(GalleryError, match=r"notes\.txt"):
        Gallery.create(tmp_path / "g", walkers_model)
    assert [path.name for path in Path(tmp_path / "g").iterdir()] == ["notes.txt"]
