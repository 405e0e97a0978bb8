"""A small disk for tests: a tmpfs in a process that may mount it, where the system allows it.

The process has imported what is slow to import. Each line of its input is a program, as JSON; a child runs it.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest

import himpc
from himpc.cli import main
from himpc.errors import GalleryError, HimpcError
from himpc.gallery import Gallery, export_gallery, get_service

RunOnDisk = Callable[[Path, int, str], str]


@contextmanager
def start_disks() -> Iterator[RunOnDisk]:
    """Yield a function that runs a program whose working directory is a disk of some megabytes, and returns its output.

    The program may use the names that this module imports, and call ``fill()`` to fill the disk but for one page, and
    ``read_only()`` to mount it read-only.
    """
    command = ["unshare", "--map-root-user", "--mount", sys.executable, __file__]
    try:
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1)
    except FileNotFoundError:
        pytest.skip("unshare is not installed, so no disk can be mounted")

    def run(folder: Path, megabytes: int, program: str) -> str:
        process.stdin.write(json.dumps([str(folder), megabytes, textwrap.dedent(program)]) + "\n")
        code, printed = process.stdout.readline().strip(), (folder / "printed").read_text()
        assert code == "0", printed[-2000:]
        return printed

    try:
        if process.stdout.readline() != "ready\n":
            pytest.skip("the system does not allow to mount a disk")
        yield run
    finally:
        process.communicate()


def fill() -> None:
    with Path("filler").open("ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def read_only() -> None:
    subprocess.run(["mount", "-o", "remount,ro", Path.cwd()], check=True)


def _run(folder: str, megabytes: int, program: str) -> None:
    """Run a program in this process, which ends with it."""
    code = 1
    with (Path(folder) / "printed").open("w") as printed:
        os.dup2(printed.fileno(), 1)
        os.dup2(printed.fileno(), 2)
        try:
            os.chdir(_mount(folder, megabytes))
            exec(program, dict(globals()))
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            sys.stdout.flush()
            os._exit(code)


def _mount(folder: str, megabytes: int) -> Path:
    disk = Path(folder) / "disk"
    disk.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", disk], check=True)
    return disk


def _unmount(disk: Path) -> None:
    subprocess.run(["umount", "--lazy", disk], check=True)


if __name__ == "__main__":
    import_module("himpc.learning.grouping")  # torch and numba
    assert all((shutil, Gallery, GalleryError, HimpcError, export_gallery, get_service, main, himpc.Model, himpc.read))
    import tempfile

    with tempfile.TemporaryDirectory() as trial:
        _unmount(_mount(trial, 1))
    print("ready", flush=True)
    for line in sys.stdin:
        given = json.loads(line)
        if not (child := os.fork()):
            _run(*given)
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        _unmount(Path(given[0]) / "disk")
        print(code, flush=True)
