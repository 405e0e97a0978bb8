"""Users of the product never load himpc.research, and its modules are imported in one order only."""

import ast
import subprocess
import sys
from pathlib import Path

import himpc

PACKAGE = Path(himpc.__file__).parent
ORDER = (
    *("folders", "protocol", "data", "partition", "datasets", "recipes", "loading", "samples"),
    *("training_set", "benchmark", "sweep"),
)
MODULES = sorted([*(PACKAGE / "research").glob("*/*.py"), *(PACKAGE / "research").glob("[!_]*.py")])
PRODUCT = ("api", "cli", "cli.group", "cli.train", "cli.identify", "cli.evaluate", "estimator", "gallery", "reporting")


def imported_modules(path):
    """Yield the names of all modules that a file imports."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            yield str(node.module)
        elif isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)


def test_only_the_command_line_imports_research():
    importing = {
        path.relative_to(PACKAGE).parts[0]
        for path in PACKAGE.rglob("*.py")
        if any(name.startswith("himpc.research") for name in imported_modules(path))
    }
    assert importing == {"research", "cli"}


def test_product_does_not_load_research():
    modules = ", ".join(["himpc", *(f"himpc.{name}" for name in PRODUCT)])
    script = (
        f"import sys, himpc; assert None not in [getattr(himpc, name) for name in himpc.__all__]; import {modules}; "
        "print([name for name in sys.modules if name.startswith('himpc.research')])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_modules_import_in_the_declared_order():
    later = {
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in MODULES
        for name in imported_modules(path)
        if name.startswith("himpc.research")
        and name.split(".")[2]
        not in ORDER[: ORDER.index(path.relative_to(PACKAGE / "research").parts[0].removesuffix(".py")) + 1]
    }
    assert later == set()
