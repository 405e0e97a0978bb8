"""Write a page of the API reference for each public package, from its docstring and ``__all__``."""

from __future__ import annotations

import importlib
from pathlib import Path
from types import ModuleType

import himpc

INTERNAL = {"cli"}


def public_modules() -> list[ModuleType]:
    """Import ``himpc`` and the packages and modules of it that a program may use, in alphabetical order."""
    root = Path(himpc.__file__).parent
    names = {path.stem for path in root.glob("*.py")} | {path.parent.name for path in root.glob("*/__init__.py")}
    public = sorted(name for name in names - INTERNAL if not name.startswith("_"))
    return [himpc, *(importlib.import_module(f"himpc.{name}") for name in public)]


def write(folder: Path) -> None:
    """Write the pages; a page that would not change is left alone, so that a second build is quick."""
    folder.mkdir(exist_ok=True)
    modules = public_modules()
    pages = {module.__name__: _page(module, modules) for module in modules}
    for path in folder.glob("*.rst"):
        if path.stem not in pages:
            path.unlink()
    for name, text in pages.items():
        path = folder / f"{name}.rst"
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8")


def _page(module: ModuleType, modules: list[ModuleType]) -> str:
    """Return the page of one module, which describes each name that has no better place."""
    owners = {name: _owner(name, getattr(module, name), module, modules) for name in module.__all__}
    elsewhere = {name: owner.__name__ for name, owner in owners.items() if owner is not module}
    title = f"``{module.__name__}``"
    lines = [title, "=" * len(title), "", f".. automodule:: {module.__name__}"]
    if elsewhere:
        lines += [f"   :exclude-members: {', '.join(elsewhere)}", ""]
        lines += ["Described elsewhere: " + ", ".join(f"`{owner}.{name}`" for name, owner in elsewhere.items()) + "."]
    return "\n".join(lines) + "\n"


def _owner(name: str, value: object, module: ModuleType, modules: list[ModuleType]) -> ModuleType:
    """Return the module that describes a name: ``himpc`` if it has the name, else the package that defines it."""
    defined = getattr(value, "__module__", None) or module.__name__
    for owner in modules:
        is_home = owner is himpc or f"{defined}.".startswith(f"{owner.__name__}.")
        if is_home and getattr(owner, name, None) is value and name in owner.__all__:
            return owner
    return module
