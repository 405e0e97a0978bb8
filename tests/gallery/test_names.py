"""Names of people: one form of Unicode, joiners of Persian and Indic words, former names in the log."""

import datetime
import hashlib
import unicodedata
from dataclasses import replace

import numpy as np
import pytest
import sqlalchemy as sql

from himpc.errors import DataError
from himpc.gallery import Gallery, get_service
from himpc.gallery.catalog import audit
from himpc.recordings import select

from .stores import one_store

pytest.importorskip("lancedb")

COMPOSED, DECOMPOSED = "Jos\u00e9", "Jose\u0301"
PERSIAN, SINHALA, BENGALI = (
    "\u0645\u06cc\u200c\u0646\u0627",
    "\u0dc1\u0dca\u200d\u0dbb\u0dd3",
    "\u09b0\u200d\u09cd\u09af",
)


def names(gallery):
    return [person.name for person in gallery.people()]


def named(walks, name):
    return [walk.with_(person=name) for walk in walks]


def test_composed_and_decomposed_names_are_one_person(gallery, walks):
    first, *more = walks("a")
    gallery.enroll(named([first], DECOMPOSED))
    gallery.enroll(named(more, COMPOSED))
    assert names(gallery) == [COMPOSED]
    assert len(gallery.recordings(DECOMPOSED)) == 4
    gallery.rename(DECOMPOSED, "Ann")
    gallery.rename("Ann", DECOMPOSED)
    assert names(gallery) == [COMPOSED]
    gallery.enroll(walks("b"))
    assert gallery.move([gallery.recordings("b")[0].id], DECOMPOSED) == COMPOSED
    gallery.merge(DECOMPOSED, "b")
    assert gallery.remove(DECOMPOSED) == 8
    assert names(gallery) == []


def test_labels_are_normalised(walks):
    walk = walks("a")[0].with_(person=DECOMPOSED, camera=DECOMPOSED)
    assert (walk.person, walk.camera) == (COMPOSED, COMPOSED)
    assert select([walk], [f"person={DECOMPOSED}"]) == [walk]


def test_joiners_are_allowed_within_words(gallery, walks):
    for name, letter in zip((PERSIAN, SINHALA, BENGALI), "abc", strict=True):
        gallery.enroll(named(walks(letter), name))
        assert len(gallery.recordings(name)) == 4
    assert set(names(gallery)) == {PERSIAN, SINHALA, BENGALI}
    assert {event.person for event in gallery.audit()[1:]} == {PERSIAN, SINHALA, BENGALI}


@one_store
def test_invisible_characters_elsewhere_are_refused(gallery, walks):
    for name in ("\u200d", "\u200cAnn", "Ann\u200d", "A \u200db", "A\u200d\u200db", "A\u200bb", "A\u202eb"):
        with pytest.raises(DataError, match="printable"):
            gallery.enroll(named(walks("a"), name))


def test_name_in_either_form_is_found_over_http(tmp_path, walkers_model, walks):
    pytest.importorskip("fastapi")
    from fastapi.testclient import TestClient

    from himpc.server import ServerConfig
    from himpc.server.app import create_app

    with Gallery.create(tmp_path / "g", walkers_model) as made:
        made.enroll(named(walks("a"), DECOMPOSED) + named(walks("b"), PERSIAN))
    with TestClient(create_app(Gallery.open(tmp_path / "g"), ServerConfig()), base_url="http://localhost") as client:
        for name in (COMPOSED, DECOMPOSED):
            assert client.get(f"/api/people/{name}").json()["name"] == COMPOSED
        assert client.get(f"/api/people/{PERSIAN}").json()["name"] == PERSIAN
        renamed = client.post(f"/api/people/{DECOMPOSED}/rename", json={"name": "Zoe\u0308"})
        assert renamed.json()["name"] == "Zo\u00eb"
        assert client.post("/api/people/Zoe\u0308/merge", json={"others": [PERSIAN]}).json()["moved"] == 4
        assert client.delete("/api/people/Zoe\u0308").json()["removed"] == 8


def test_log_is_numbered_and_names_whom_a_search_found(gallery, walks, monkeypatch):
    gallery.enroll(walks("a", "b", "c"))
    early = datetime.datetime(1999, 1, 1, tzinfo=datetime.UTC).isoformat(timespec="seconds")
    monkeypatch.setattr(audit, "now", lambda: early)  # the clock is set back
    answers = gallery.search(walks("a", "b", days=("3",)), fpir=0.9)
    gallery.rename("a", "Ann")
    monkeypatch.undo()
    events = gallery.audit()
    assert [event.number for event in events] == list(range(1, 7))
    assert [event.action for event in events] == ["created", "enrolled", "enrolled", "enrolled", "searched", "named"]
    found = {"Ann" if answer.person == "a" else answer.person for answer in answers} - {None}
    assert found
    assert set(events[4].found) == found
    assert (events[5].person, events[5].former) == ("Ann", ("a",))


def test_log_keeps_former_and_merged_names_until_the_person_is_removed(gallery, walks, bytes_on_disk):
    gallery.enroll([walk.with_(person=f"name-of-{walk.person}") for walk in walks("a", "b", "c")])
    gallery.rename("name-of-a", "Ann")
    gallery.merge("Ann", "name-of-b")
    gallery.move([each.id for each in gallery.recordings("name-of-c")], "Ann")
    events = gallery.audit()
    assert [event.former for event in events if event.former] == [("name-of-a",), ("name-of-b",), ("name-of-c",)]
    assert sorted(event.person for event in events if event.action == "enrolled") == ["Ann", "name-of-b", "name-of-c"]
    assert b"name-of-b" in bytes_on_disk()
    gallery.remove("Ann")
    assert not any(f"name-of-{letter}".encode() in bytes_on_disk() for letter in "abc")
    assert not any(event.former or event.found for event in gallery.audit())


HEADING_COLUMNS = ("heading_sectors", "heading_x", "heading_y")


def make_version_1(gallery, names_of):
    """Give a gallery the tables of version 1, and people other names."""
    catalog = get_service(gallery)._catalog
    with catalog._exclusive() as connection:
        for table, columns in (
            ("himpc_facts", ("digest",)),
            ("himpc_recordings", ("pooled_digest", "windows_digest", *HEADING_COLUMNS, "system")),
            ("himpc_events", ("number",)),
        ):
            for column in columns:
                connection.execute(sql.text(f"ALTER TABLE {table} DROP COLUMN {column}"))
        for table in ("former_names", "decisions", "decision_moves", "simultaneous"):
            connection.execute(sql.text(f"DROP TABLE himpc_{table}"))
        for old, new in names_of.items():
            renamed = sql.text("UPDATE himpc_people SET name = :new WHERE name = :old")
            connection.execute(renamed, {"old": old, "new": new})
        version = sql.text("UPDATE himpc_facts SET value = :one WHERE name = 'version'")
        connection.execute(version, {"one": b"1"})
    with catalog._search_log() as connection:
        connection.execute(sql.text("DROP TABLE himpc_counters"))
        for column in ("number", "found"):
            connection.execute(sql.text(f"ALTER TABLE himpc_searches DROP COLUMN {column}"))


def test_gallery_of_version_1_is_migrated(gallery, home, walks):
    gallery.enroll(walks("a", "b", "c"))
    expected = gallery.search(walks("a", days=("3",)))
    make_version_1(gallery, {"b": DECOMPOSED, "c": COMPOSED})
    with Gallery.open(home) as again:
        assert names(again) == sorted(["a", COMPOSED])
        assert len(again.recordings(DECOMPOSED)) == 8
        assert unicodedata.is_normalized("NFC", "".join(names(again)))
        assert again.verify() == []
        found = again.search(walks("a", days=("3",)))
        for before, after in zip(expected, found, strict=True):
            changed = {name: getattr(after.matches[0], name) for name in ("probability", "moments")}
            assert after.matches[0] == replace(before.matches[0], **changed)
            distances = [moment.distance for moment in before.matches[0].moments]
            assert [moment.distance for moment in after.matches[0].moments] == pytest.approx(distances)
        events = again.audit()
        assert [event.number for event in events] == list(range(1, len(events) + 1))
        assert [event.action for event in events][-2:] == ["merged", "searched"]
        with get_service(again)._catalog.read() as connection:
            digests = connection.execute(sql.text("SELECT count(pooled_digest) FROM himpc_recordings")).scalar()
        assert digests == 12
    with Gallery.open(home) as third:
        assert len(third.people()) == 2


@pytest.mark.parametrize(("version", "lacks"), [(b"3", (*HEADING_COLUMNS, "system")), (b"4", ("system",))])
def test_gallery_of_a_later_version_is_migrated(gallery, home, walks, version, lacks):
    gallery.enroll(walks("a", "b", "c"))
    expected = gallery.search(walks("a", days=("3",)))
    with get_service(gallery)._catalog._exclusive() as connection:
        for column in lacks:
            connection.execute(sql.text(f"ALTER TABLE himpc_recordings DROP COLUMN {column}"))
        if version == b"3":
            connection.execute(sql.text("DROP TABLE himpc_simultaneous"))
        update = sql.text("UPDATE himpc_facts SET value = :version, digest = :digest WHERE name = 'version'")
        connection.execute(update, {"version": version, "digest": hashlib.sha256(version).hexdigest()})
    with Gallery.open(home) as again:
        assert again.verify() == []
        found = again.search(walks("a", days=("3",)))
        assert [(each.person, each.verdict) for each in found] == [(each.person, each.verdict) for each in expected]
        with get_service(again)._catalog.read() as connection:
            stored = connection.execute(sql.text("SELECT value FROM himpc_facts WHERE name = 'version'")).scalar()
        assert stored == b"5"


def test_damage_before_the_migration_is_reported(gallery, home, walks):
    gallery.enroll(walks("a", "b"))
    store = get_service(gallery)._checked_store.store
    number = gallery.recordings()[0].id
    entries = store.entries(np.array([number]))
    entries.pooled[0, 0] += 1
    store.remove(entries.ids)
    store.add(entries)
    make_version_1(gallery, {})
    with Gallery.open(home) as again:
        assert len(again.verify()) == 1
        assert again.verify(repair=True) == []
