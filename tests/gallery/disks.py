"""A small disk for tests: a tmpfs that a process of its own mounts, where the system allows it."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

_PREFIX = ["unshare", "--map-root-user", "--mount", "sh", "-c"]


def run_on_disk(folder: Path, megabytes: int, program: str) -> str:
    """Run a Python program whose working directory is a disk of some megabytes, and return what it prints.

    The program may call ``fill()`` to fill the disk but for one page, and ``read_only()`` to mount it read-only.
    """
    script = folder / "program.py"
    script.write_text(_HELPERS + textwrap.dedent(program))
    mount = f"mount -t tmpfs -o size={megabytes}m tmpfs {folder}/disk && cd {folder}/disk && exec "
    (folder / "disk").mkdir(exist_ok=True)
    try:
        probe = subprocess.run([*_PREFIX, mount + "true"], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("unshare is not installed, so no disk can be mounted")
    if probe.returncode:
        pytest.skip("the system does not allow to mount a disk")
    command = [*_PREFIX, mount + f"{sys.executable} {script}"]
    done = subprocess.run(command, capture_output=True, text=True, env=os.environ, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout


_HELPERS = """
import os, shutil, subprocess, sys
from pathlib import Path

import himpc
from himpc.errors import GalleryError
from himpc.gallery import Gallery, get_service


def fill():
    with open("filler", "ab", buffering=0) as file:
        try:
            while True:
                file.write(bytes(4096))
        except OSError:
            pass


def read_only():
    here = os.getcwd()
    subprocess.run(["mount", "-o", "remount,ro", here], check=True)


def orphans(gallery):
    return sum("that the catalog does not list" in line for line in gallery.verify())
"""
