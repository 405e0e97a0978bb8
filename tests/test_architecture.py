"""The declared order of packages holds, `import himpc` is quick, and no file names a path of one machine."""

import ast
import json
import os
import re
import resource
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "himpc"
CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]["contracts"]
ORDER = next(contract["layers"] for contract in CONTRACTS if contract["id"] == "layers")[::-1]
HEAVY = ("torch", "sklearn", "numba", "matplotlib", "scipy")
MODULES = [path for path in sorted(PACKAGE.rglob("*.py")) if path != PACKAGE / "__init__.py"]


def imported_modules(path: Path) -> Iterator[str]:
    """Yield the modules of himpc that a module imports, wherever in it, for type checking as well."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            if node.module == "himpc":
                yield from (f"himpc.{alias.name}" for alias in node.names)
            elif node.module and node.module.startswith("himpc."):
                yield node.module
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("himpc."))


def is_package(name: str) -> bool:
    return PACKAGE.parent.joinpath(*name.split("."), "__init__.py").is_file()


def test_every_package_has_a_place_in_the_declared_order():
    found = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert found == set(ORDER)


@pytest.fixture(scope="module")
def imports():
    """Return the package of each module, and the modules that it imports."""
    return {
        path: (path.relative_to(PACKAGE).parts[0].removesuffix(".py"), set(imported_modules(path))) for path in MODULES
    }


def test_a_module_imports_only_from_packages_below_its_own(imports):
    above = {
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path, (own, names) in imports.items()
        for name in names
        if name.split(".")[1] not in ORDER[: ORDER.index(own) + 1]
    }
    assert above == set()


def test_imports_inside_packages_run_in_one_direction():
    command = [sys.executable, "-c", "from importlinter.cli import lint_imports_command as run; run()", "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_a_package_is_imported_only_through_its_init(imports):
    inside = {
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path, (own, names) in imports.items()
        for name in names
        if name.split(".")[1] != own and name.count(".") > 1 and not is_package(name)
    }
    assert inside == set()


def test_no_file_names_a_path_of_the_machine_it_was_written_on():
    paths = re.compile(rf"(?<![\w.~}}])(?:/(?:home|root|Users|work)/\w|{re.escape(str(ROOT))}\b)")
    folders = ("src", "tests", "docs", "benchmarks", ".ci")
    files = [path for folder in folders for path in (ROOT / folder).rglob("*")] + list(ROOT.glob("*.*"))
    binary = (".nc", ".npz", ".pyc", ".nbi", ".nbc", ".onnx", ".png", ".safetensors")
    for path in [*files, ROOT / "Makefile"]:
        if path.is_file() and path.name != ".git" and path.suffix not in binary:
            found = paths.search(path.read_text(encoding="utf-8"))
            assert not found, f"{path} names {found.group()}"


def test_importing_himpc_loads_nothing_heavy():
    script = f"import sys, himpc, himpc.cli; print(*set({HEAVY}) & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "\n"


def test_loading_a_model_does_not_import_the_torch_compiler(tmp_path):
    """Importing `torch._dynamo` takes two seconds, which every verb that loads a model would take longer."""
    from himpc.model import Model, Network
    from himpc.skeleton import LEVELS, get_layout

    layout = get_layout("kinect-v1")
    Model(Network(layout, LEVELS, 8, 2, distances=True, whiten=True), layout, 6).save(tmp_path / "model")
    script = "import sys; from himpc.model import Model; Model.load(sys.argv[1]); print('torch._dynamo' in sys.modules)"
    command = [sys.executable, "-c", script, str(tmp_path / "model")]
    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == "False\n"


def modules_after(*verbs):
    """Return the modules that verbs have loaded after each, one after the other in a process of its own."""
    script = (
        "import json, sys; from himpc.cli import main\n"
        "for verb in json.loads(sys.argv[1]): assert main(verb) == 0; print('loaded', *sys.modules)"
    )
    arguments = json.dumps([[str(word) for word in verb] for verb in verbs])
    done = subprocess.run([sys.executable, "-c", script, arguments], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return [set(line.split()) for line in done.stdout.splitlines() if line.startswith("loaded ")]


def test_verbs_of_a_gallery_load_neither_torch_nor_lancedb_in_vain(tmp_path):
    pytest.importorskip("lancedb")
    import himpc

    walks = himpc.simulate(people=2, recordings=1, seconds=1.0, difficulty="easy")
    model = himpc.HiMPC(settings={"prior": "identity"}).fit(walks).model_
    with himpc.Gallery.create(tmp_path / "g", model) as gallery:
        gallery.enroll(walks)
    name = walks[0].person
    himpc.save(walks[:1], tmp_path / "one.npz")
    verbs = (
        ("rename", name, "other"),
        ("list",),
        ("audit",),
        ("merge", "other", walks[1].person),
        ("search", tmp_path / "one.npz"),
    )
    *loaded, after_search = modules_after(*[("gallery", *verb, "--gallery", tmp_path / "g") for verb in verbs])
    readers = {"reading", "skeleton.markers", "skeleton.naming", "recordings.cleaning", "recordings.store"}
    for verb, modules in zip(verbs[:-1], loaded, strict=True):
        assert not modules & {"torch", "lancedb", "scipy", "numba", "sklearn"}, verb
        assert not modules & {f"himpc.{name}" for name in readers}, verb
    assert not after_search & {"torch", "scipy"}


def test_grouping_does_not_import_the_torch_compiler_or_scikit_learn(tmp_path):
    import himpc

    walks = [walk.with_(person=None) for walk in himpc.simulate(people=3, recordings=2, seconds=1.0, difficulty="easy")]
    himpc.save(walks, tmp_path / "walks.npz")
    (loaded,) = modules_after(
        ("group", tmp_path / "walks.npz", "--out", tmp_path / "out", "--prior", "none", "--max-epochs", "1")
    )
    assert not loaded & {"torch._dynamo", "torch._inductor", "sklearn"}


def test_waiting_threads_do_not_spin():
    script = "import os, himpc; print(os.environ['OMP_WAIT_POLICY'])"
    environment = {name: value for name, value in os.environ.items() if name != "OMP_WAIT_POLICY"}
    run = partial(subprocess.run, [sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert run(env=environment).stdout == "passive\n"
    assert run(env=environment | {"OMP_WAIT_POLICY": "active"}).stdout == "active\n"  # what users set wins


def test_version_takes_less_than_a_second():
    def processor_seconds():
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        subprocess.run([sys.executable, "-m", "himpc", "--version"], check=True, capture_output=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

    assert any(processor_seconds() < 1 for _ in range(3))  # processor time, since other programs may slow the machine
