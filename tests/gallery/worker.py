"""A process for tests to kill: it runs the task of each line of input in a child process.

It has imported what is slow to import, so that a child starts at once. Lines are ``TASK NUMBER ADDRESS``: ``add``,
``remove`` and ``churn`` repeat with a new batch, from a number on, until they are killed, and print ``done N``
after each; ``limited`` adds a batch where files may not grow; ``no-permission`` opens the store without permission.
``enroll`` enrolls shifted copies of recordings in a gallery, NUMBER times; its address is a JSON document. ``die``
enrolls them in a gallery, and dies at a point of its JSON document. ``reap``
waits for all children, and prints ``reaped``.
"""

import json
import os
import resource
import runpy
import sys
from collections.abc import Callable
from importlib import import_module
from itertools import count
from pathlib import Path

import sqlalchemy as sql

import himpc
from himpc.errors import GalleryError
from himpc.gallery import Gallery, get_service
from himpc.gallery.catalog import changes
from himpc.gallery.store import VectorStore
from himpc.gallery.store.lance import LanceStore
from himpc.gallery.store.postgres import PostgresStore
from himpc.gallery.store.sqlite import SqliteStore

import_module("himpc.learning.grouping")  # torch and numba: enrolling would import them in each child
CONFORMANCE = runpy.run_path(str(Path(__file__).with_name("conformance.py")))
batch, SIZE = CONFORMANCE["batch"], CONFORMANCE["SIZE"]
INDEXED_FROM = 40


def opener_of(address: str) -> Callable[[], VectorStore]:
    if address.startswith("postgresql"):
        return lambda: PostgresStore(sql.create_engine(address), SIZE, indexed_from=INDEXED_FROM)
    if (Path(address) / "vectors.sqlite").exists():
        return lambda: SqliteStore(address, SIZE)
    return lambda: LanceStore(address, SIZE, indexed_from=INDEXED_FROM)


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def enroll(document: str, rounds: int) -> None:
    task = json.loads(document)
    with Gallery.open(task["home"]) as gallery:
        walks = himpc.read(task["walks"])
        say("ready")
        for number in range(rounds):
            source = f"{task['name']}-{number}"
            gallery.enroll([w.with_(joints=w.joints + number, source=f"{w.source}-{source}") for w in walks])
            say(f"done {number}")
            if task["remove"]:
                gallery.remove(walks[0].person)


def die(document: str) -> None:
    task = json.loads(document)
    gallery = Gallery.open(task["home"])
    service = get_service(gallery)

    def end(*_: object, **__: object) -> None:
        say("died")
        os._exit(9)

    if task["point"] == "before the catalog":
        changes.add_recordings = end
    elif task["point"] == "after the commit":
        service._catalog.end_changes = end
    elif task["point"] == "between the tables":
        service._checked_store.store._pooled.add = end
    elif task["point"] == "before erasing":
        service._checked_store.store.remove = end
    say("ready")
    if task["point"] == "before erasing":
        gallery.remove("a")
    gallery.enroll(himpc.read(task["walks"]))


def work(address: str, task: str, first: int) -> None:
    open_store = opener_of(address)  # while the folder can be read
    store = open_store()
    say("ready")
    if task == "limited":
        resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
        store.add(batch(first, recordings=2_000))
    elif task == "no-permission":
        os.setresuid(65534, 65534, 65534)
        open_store().add(batch(first))
    for number in count(first):
        if task in ("add", "churn"):
            store.add(batch(number))
        if task == "churn":
            store.index()
        if task in ("remove", "churn"):
            store.remove(batch(number).ids)
        say(f"done {number}")


def main() -> None:
    children = []
    for line in sys.stdin:
        task, *given = line.strip().split(" ", 2)
        if task == "reap":
            while children:
                os.waitpid(children.pop(), 0)
            say("reaped")
            continue
        child = os.fork()
        if not child:
            try:
                if task == "enroll":
                    enroll(given[1], int(given[0]))
                elif task == "die":
                    die(given[1])
                else:
                    work(given[1], task, int(given[0]))
            except GalleryError as error:
                say(f"error {error}")
            finally:
                os._exit(0)
        children.append(child)
        say(f"pid {child}")


if __name__ == "__main__":
    main()
