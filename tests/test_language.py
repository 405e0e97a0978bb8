"""The text of himpc follows its style: plain terms, and no command-line words in the library."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "himpc"
TEXTS = [
    path
    for folder in (ROOT / "src", ROOT / "docs", ROOT / "perf")
    for path in sorted(folder.rglob("*"))
    if path.suffix in (".py", ".md", ".js", ".html", ".toml") and path.name not in ("glossary.md",)
] + [ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
LIBRARY = [path for path in sorted(SOURCE.rglob("*.py")) if "cli" not in path.relative_to(SOURCE).parts]
AVOIDED = re.compile(
    r"(?i)\b(somebody|nobody|whoever|anew|mend|mended|mends|mending|told(?! apart)|strangers?|so many|taken up again)\b"
)
DATA_KEYS = re.compile(r"\b(nobody|stranger|stranger_weight)\b|--mend\b")
"""Keys of existing files and of the HTTP API, and an option of earlier versions; they stay, in code only."""
COMMAND_LINE = re.compile(r"(^|[\s'\"(])--[a-z][a-z-]+|\bhimpc (gallery|train|group|pose|identify|serve|info|embed)\b")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def string_constants(path: Path) -> Iterator[ast.Constant]:
    """Yield the strings of a module that are not docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
            yield node


@pytest.mark.parametrize("path", TEXTS, ids=name_of)
def test_plain_terms_are_used(path):
    text = path.read_text(encoding="utf-8")
    lines = (DATA_KEYS.sub("", text) if path.suffix in (".py", ".js") else text).splitlines()
    assert [f"{number}: {line.strip()}" for number, line in enumerate(lines, 1) if AVOIDED.search(line)] == []


@pytest.mark.parametrize("path", LIBRARY, ids=name_of)
def test_library_names_no_option_or_verb_of_the_command_line(path):
    assert [(node.lineno, node.value) for node in string_constants(path) if COMMAND_LINE.search(node.value)] == []


def public_functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the public functions and methods of a module; functions inside functions are not public."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    for scope in [module, *(node for node in module.body if isinstance(node, ast.ClassDef))]:
        for node in scope.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                yield node


@pytest.mark.parametrize("path", sorted(SOURCE.rglob("*.py")), ids=name_of)
def test_public_functions_have_docstrings(path):
    long = [node for node in public_functions(path) if node.end_lineno - node.lineno > 8]
    assert [f"{node.lineno}: {node.name}" for node in long if not ast.get_docstring(node)] == []
