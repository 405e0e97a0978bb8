"""Build the optional package himpc-data: sample recordings of real people, as joints, with licence and checksums.

    python packaging/data/build.py ORIGINALS --out dist

ORIGINALS holds the folders `c3d-walking` and `kinect-v1-actions` as their owners published them, each with its LICENSE.
The script writes the files of the package to dist/himpc_data (`himpc demo --data dist/himpc_data/c3d-walking.npz`), and
the wheel to dist. It sends and downloads no recordings. The same originals give the same files.
"""

from __future__ import annotations

import argparse
import hashlib
import shutil
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

import himpc
from himpc.recordings import select

HERE = Path(__file__).parent
DECIMALS = 4  # of metres: motion capture measures tenths of a millimetre


@dataclass(frozen=True)
class Original:
    """A set of original files, and what to state about it."""

    pattern: str
    only: tuple[str, ...]
    about: str


ORIGINALS = {
    "c3d-walking": Original(
        "{person}/{session}/*.c3d",
        ("session=Straight,Turn",),
        "16 people who walk straight and turn, by optical motion capture: sample data of biomechZoo, Apache-2.0",
    ),
    "kinect-v1-actions": Original(
        "Seq{session}_{person}.csv",
        (),
        "12 people who do six actions before a Kinect: recordings of PRECOG, copyright 2016 David Jardim, MIT",
    ),
}
CHANGES = "Changed for himpc-data: only joints are here, cleaned, in metres with y up, rounded to 0.1 mm."


def build(originals: Path, package: Path) -> list[Path]:
    """Write the files of the package from the sets that exist in a folder, and return their paths.

    Raises
    ------
    SystemExit
        If the folder has none of the sets, or one lacks its licence.
    """
    names = [name for name in ORIGINALS if (originals / name).is_dir()]
    if not names:
        raise SystemExit(f"{originals}: has none of the folders {', '.join(ORIGINALS)}")
    package.mkdir(parents=True, exist_ok=True)
    files = []
    for name in names:
        original, folder = ORIGINALS[name], originals / name
        licence = folder / "LICENSE"
        if not licence.is_file():
            raise SystemExit(f"{licence}: is missing; the recordings may not be passed on without it")
        found = select(himpc.read(folder, name=original.pattern), original.only)
        rounded = [each.with_(joints=np.round(each.joints, DECIMALS)) for each in found]
        himpc.save(rounded, package / f"{name}.npz")
        text = f"{original.about}\n{CHANGES}\n\n{licence.read_text(encoding='utf-8')}"
        (package / f"{name}.txt").write_text(text, encoding="utf-8", newline="\n")
        files += [package / f"{name}.npz", package / f"{name}.txt"]
    sums = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in files]
    (package / "SHA256SUMS").write_text("".join(sums), encoding="utf-8", newline="\n")
    return [*files, package / "SHA256SUMS"]


def build_wheel(package: Path, out: Path) -> None:
    """Build the wheel of the package by the project's build tool."""
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder) / "himpc-data"
        shutil.copytree(HERE, project, ignore=shutil.ignore_patterns("build.py", "__pycache__"))
        for file in package.iterdir():
            shutil.copy(file, project / "himpc_data")
        subprocess.run([sys.executable, "-m", "build", "--wheel", "--outdir", out, project], check=True)


def main() -> None:
    """Build files and wheel."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("originals", type=Path, help="the folder with the original files")
    parser.add_argument("--out", type=Path, default=Path("dist"), help="the folder to write (default: dist)")
    options = parser.parse_args()
    for path in build(options.originals, options.out / "himpc_data"):
        print(f"{path.stat().st_size / 1e6:8.2f} MB  {path}")
    build_wheel(options.out / "himpc_data", options.out)


if __name__ == "__main__":
    main()
