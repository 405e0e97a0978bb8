"""Galleries on a full disk and on one that cannot be written."""

import json

import pytest

from himpc.errors import GalleryError
from himpc.gallery import Gallery, get_service
from himpc.recordings import save

from .disks import start_disks

pytest.importorskip("lancedb")


@pytest.fixture(scope="module")
def run_on_disk():
    with start_disks() as run:
        yield run


@pytest.fixture
def files(tmp_path, walkers_model, walks):
    """A model and recordings, beside the disk."""
    walkers_model.save(tmp_path / "model")
    save(walks("a", "b", "c"), tmp_path / "known.npz")
    save(walks("d", "e"), tmp_path / "more.npz")
    return tmp_path


@pytest.mark.slow
@pytest.mark.xdist_group("disks")
def test_people_are_erased_from_a_full_disk(files, run_on_disk):
    printed = run_on_disk(
        files,
        24,
        """
        gallery = Gallery.create("g", himpc.Model.load("../model"))
        gallery.enroll(himpc.read("../known.npz"))
        mark = get_service(gallery).joints(gallery.recordings("a")[0].id)[3, :4].tobytes()
        vector = get_service(gallery).embeddings([gallery.recordings("a")[0].id]).pooled[0, :4].tobytes()
        fill()
        print(shutil.disk_usage(".").free, gallery.remove("a"), len(gallery.people()))
        content = b"".join(path.read_bytes() for path in Path("g").rglob("*") if path.is_file())
        print(mark in content, vector in content, gallery.verify())
        fill()
        print(gallery.remove("b"), [person.name for person in gallery.people()])
        """,
    )
    assert printed.splitlines() == ["0 4 2", "False False []", "4 ['c']"]


@pytest.mark.slow
@pytest.mark.xdist_group("disks")
def test_enrolling_on_a_full_disk_leaves_nothing(files, run_on_disk):
    printed = run_on_disk(
        files,
        16,
        """
        gallery = Gallery.create("g", himpc.Model.load("../model"))
        gallery.enroll(himpc.read("../known.npz"))
        for room in (0, 4096, 50_000, 100_000, 300_000, 600_000):
            fill()
            os.truncate("filler", max(0, os.path.getsize("filler") - room))
            try:
                gallery.enroll(himpc.read("../more.npz"))
            except GalleryError as error:
                assert "make room" in str(error), error
            else:
                gallery.remove("d", "e")
            stored = set(get_service(gallery)._store.ids().tolist())
            assert stored == {each.id for each in gallery.recordings()}, room
        print(gallery.verify(), len(gallery.people()))
        """,
    )
    assert printed.splitlines() == ["[] 3"]


@pytest.mark.slow
@pytest.mark.xdist_group("disks")
def test_export_to_a_full_disk_names_the_file(files, run_on_disk):
    printed = run_on_disk(
        files,
        24,
        """
        gallery = Gallery.create("g", himpc.Model.load("../model"))
        gallery.enroll(himpc.read("../known.npz"))
        fill()
        for path in ("people.gallery", "../people.gallery"):
            try:
                export_gallery(gallery, path)
            except HimpcError as error:
                print(error)
        print(Path("people.gallery").exists(), Path("../people.gallery").exists())
        """,
    )
    first, second, exists = printed.splitlines()
    assert first.endswith("/people.gallery: cannot be written: No space left on device; choose another place")
    assert "disk is full" in second  # the log of the gallery is on the full disk
    assert exists == "False False"


@pytest.mark.slow
@pytest.mark.xdist_group("disks")
def test_read_only_disk_can_be_listed(files, run_on_disk):
    printed = run_on_disk(
        files,
        24,
        """
        with Gallery.create("g", himpc.Model.load("../model")) as gallery:
            gallery.enroll(himpc.read("../known.npz"))
            gallery.search(himpc.read("../more.npz"))
        read_only()
        with Gallery.open("g") as gallery:
            print(len(gallery.people()), len(gallery.recordings("a")), [e.action for e in gallery.audit()])
            print(gallery.verify())
            for change in (lambda: gallery.search(himpc.read("../more.npz")), lambda: gallery.remove("a")):
                try:
                    change()
                except GalleryError as error:
                    print("read-only" in str(error))
        verbs = (["list"], ["show", "a"], ["audit"], ["verify"])
        print([main(["gallery", *verb, "--gallery", "g", "--quiet"]) for verb in verbs])
        """,
    )
    actions = ["created", "enrolled", "enrolled", "enrolled", "searched"]
    assert printed.splitlines() == [f"3 4 {actions}", "[]", "True", "True", "[0, 0, 0, 0]"]


@pytest.mark.slow
@pytest.mark.xdist_group("disks")
def test_log_of_a_killed_writer_is_read_on_a_read_only_disk(files, run_on_disk):
    printed = run_on_disk(
        files,
        24,
        """
        Gallery.create("g", himpc.Model.load("../model")).close()
        if not os.fork():
            Gallery.open("g").enroll(himpc.read("../known.npz"))
            os._exit(0)  # not closed: its rows are in the log only
        os.wait()
        print(os.path.getsize("g/catalogue.sqlite-wal") > 0)
        read_only()
        with Gallery.open("g") as gallery:
            print([person.name for person in gallery.people()])
        """,
    )
    assert printed.splitlines() == ["True", "['a', 'b', 'c']"]


def test_vectors_of_a_failed_enrollment_are_erased_at_once(gallery, walks, monkeypatch):
    gallery.enroll(walks("a"))
    monkeypatch.setattr("himpc.gallery.catalog.changes.add_recordings", _fail)
    with pytest.raises(GalleryError, match="the disk is full"):
        gallery.enroll(walks("b"))
    assert gallery.verify() == []


def test_vectors_that_could_not_be_erased_are_erased_at_the_next_start(gallery, home, walks, monkeypatch):
    gallery.enroll(walks("a"))
    monkeypatch.setattr("himpc.gallery.catalog.changes.add_recordings", _fail)
    monkeypatch.setattr("himpc.gallery.writer.GalleryWriter.settle", _fail)
    with pytest.raises(GalleryError, match="erased when the gallery is next opened"):
        gallery.enroll(walks("b"))
    monkeypatch.undo()
    assert "that the catalog does not list" in " ".join(gallery.verify())
    with Gallery.open(home) as again:
        assert again.verify() == []
        assert get_service(again)._catalog.begun_changes() == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("point", "people"),
    [
        ("between the tables", ["a"]),
        ("before the catalog", ["a"]),
        ("after the commit", ["a", "b"]),
        ("before erasing", []),
    ],
)
def test_killed_process_leaves_no_vectors_after_the_next_start(tmp_path, walkers_model, walks, worker, point, people):
    scheme = "lance" if point == "between the tables" else "sqlite"  # which stores both in one transaction
    with Gallery.create(f"{scheme}://{tmp_path / 'g'}", walkers_model) as gallery:
        gallery.enroll(walks("a"))
    save(walks("b"), tmp_path / "b.npz")
    task = {"home": str(tmp_path / "g"), "walks": str(tmp_path / "b.npz"), "point": point}
    worker.start("die", 0, json.dumps(task))
    assert worker.wait() == ["died"]
    with Gallery.open(tmp_path / "g") as gallery:
        stored = get_service(gallery)._store.ids().tolist()
        assert [person.name for person in gallery.people()] == people
        assert sorted(stored) == sorted(each.id for each in gallery.recordings())
        assert gallery.verify() == []


def _fail(*arguments, **options):
    raise GalleryError("the disk is full")


def test_opening_while_another_process_writes_does_not_wait(gallery, home, walks):
    gallery.enroll(walks("a"))
    catalog = get_service(gallery)._catalog
    with catalog.write():
        catalog.begin_change()
        with Gallery.open(home) as other:
            assert len(other.people()) == 1
            assert not get_service(other).writer.settle()
    with Gallery.open(home) as other:
        assert get_service(other)._catalog.begun_changes() == []
