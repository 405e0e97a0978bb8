"""Packages stand on one another one way, `import himpc` is quick, and no file knows the machine it was made on."""

import ast
import re
import resource
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "himpc"
ORDER = (
    *(
        "_version",
        "errors",
        "_extras",
        "_schema",
        "_files",
        "skeleton",
        "recordings",
        "reading",
        "simulation",
        "model",
    ),
    *("learning", "evaluation", "api", "archive", "gallery", "video", "estimator", "reporting", "research", "server"),
    "cli",
)
HEAVY = ("torch", "sklearn", "numba", "matplotlib", "scipy")
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path.parent != PACKAGE or path.stem in ORDER]


def imported(path):
    """Return which parts of himpc a module imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports by a relative name"
            names = [node.module] if node.module != "himpc" else [f"himpc.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        yield from (name.split(".")[1] for name in names if name.startswith("himpc."))


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(PACKAGE).as_posix())
def test_a_module_imports_only_from_packages_before_its_own(path):
    own = ORDER.index(path.relative_to(PACKAGE).parts[0].removesuffix(".py"))
    assert set(imported(path)) - {"__version__"} <= set(ORDER[: own + 1])


def test_no_file_names_a_place_on_the_machine_it_was_made_on():
    places = re.compile(rf"(?<![\w.~}}])(?:/(?:home|root|Users|work)/\w|{re.escape(str(ROOT))}\b)")
    folders = ("src", "tests", "docs", "perf", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*")] + list(ROOT.glob("*.*"))
    for path in [*files, ROOT / "Makefile"]:
        if (
            path.is_file()
            and path.name != ".git"
            and path.suffix not in (".npz", ".pyc", ".nbi", ".nbc", ".onnx", ".png", ".safetensors")
        ):
            found = places.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path} names {found.group()}"


def test_importing_himpc_loads_nothing_heavy():
    script = f"import sys, himpc, himpc.cli; print(*set({HEAVY}) & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "\n"


def test_loading_a_model_does_not_load_the_compiler_of_torch(tmp_path):
    """That takes two seconds, which every verb with a model would take longer."""
    from himpc.model import Model, Network
    from himpc.skeleton import LEVELS, get_layout

    layout = get_layout("kinect-v1")
    Model(Network(layout, LEVELS, 8, 2, distances=True, whiten=True), layout, 6).save(tmp_path / "model")
    script = "import sys; from himpc.model import Model; Model.load(sys.argv[1]); print('torch._dynamo' in sys.modules)"
    command = [sys.executable, "-c", script, str(tmp_path / "model")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"


def test_the_version_is_answered_within_a_second():
    def answer():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "himpc", "--version"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert min(answer() for _ in range(3)) < 1  # of processor time: other programs may hold the machine up
