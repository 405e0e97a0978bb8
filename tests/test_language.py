"""The text of himpc follows its style: plain terms, and no command-line words in the library."""

import ast
import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

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


def violations(paths: list[Path], find: Callable[[Path], Iterable[str]]) -> list[str]:
    """Return what a function finds in files, with the name of each file."""
    return [f"{path.relative_to(ROOT).as_posix()}:{found}" for path in paths for found in find(path)]


def string_constants(path: Path) -> Iterator[ast.Constant]:
    """Yield the strings of a module that are not docstrings."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    statements = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in statements:
            yield node


def avoided_terms(path: Path) -> Iterator[str]:
    text = path.read_text(encoding="utf-8")
    lines = (DATA_KEYS.sub("", text) if path.suffix in (".py", ".js") else text).splitlines()
    return (f"{number}: {line.strip()}" for number, line in enumerate(lines, 1) if AVOIDED.search(line))


def test_plain_terms_are_used():
    assert violations(TEXTS, avoided_terms) == []


def command_line_words(path: Path) -> Iterator[str]:
    return (f"{node.lineno}: {node.value}" for node in string_constants(path) if COMMAND_LINE.search(node.value))


def test_library_names_no_option_or_verb_of_the_command_line():
    assert violations(LIBRARY, command_line_words) == []


def public_functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    """Yield the public functions and methods of a module; functions inside functions are not public."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    for scope in [module, *(node for node in module.body if isinstance(node, ast.ClassDef))]:
        for node in scope.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
                yield node


def undocumented_functions(path: Path) -> Iterator[str]:
    long = (node for node in public_functions(path) if node.end_lineno - node.lineno > 8)
    return (f"{node.lineno}: {node.name}" for node in long if not ast.get_docstring(node))


def test_public_functions_have_docstrings():
    assert violations(sorted(SOURCE.rglob("*.py")), undocumented_functions) == []
