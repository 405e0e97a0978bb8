"""Build the documentation site: ``make docs``. Everything is local, so that the site works without a network."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from docutils.nodes import Text, document, literal_block
from nbclient import NotebookClient
from sphinx.addnodes import desc_annotation, desc_parameter, desc_sig_name, pending_xref
from sphinx.application import Sphinx

DOCS = Path(__file__).parent
sys.path.insert(0, str(DOCS))

import api_pages  # noqa: E402 - beside this file
import cli_page  # noqa: E402

import himpc  # noqa: E402

# Tutorials run `himpc` of this environment, without colours and progress bars.
os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
os.environ |= {"NO_COLOR": "1", "COLUMNS": "92", "OMP_NUM_THREADS": "1"}

project = "himpc"
author = "The himpc developers"
copyright = author
version = release = himpc.__version__

extensions = [
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_copybutton",
]
exclude_patterns = ["sweep/*/runs"]

myst_heading_anchors = 4
myst_links_external_new_tab = False
nb_execution_mode = "force"
nb_execution_in_temp = True
nb_execution_raise_on_error = True
nb_execution_timeout = 300  # a busy machine needs more than a minute for a cell
nb_merge_streams = True
# The output of a command arrives in pieces that end anywhere. myst-nb, which cannot set this, would break lines there.
NotebookClient.coalesce_streams = True

default_role = "py:obj"
autodoc_default_options = {"members": True}
autodoc_member_order = "groupwise"
autodoc_typehints_format = "short"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_param = False
napoleon_use_rtype = False
python_maximum_signature_line_length = 88

html_theme = "furo"
html_title = f"himpc {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_show_sourcelink = False
html_copy_source = False

api_pages.write(DOCS / "reference" / "api")
cli_page.write(DOCS / "reference" / "cli.rst")


def setup(app: Sphinx) -> None:
    """Register the handlers below."""
    app.connect("autodoc-process-docstring", keep_attribute, priority=400)  # before napoleon, which has 500
    app.connect("autodoc-process-docstring", restore_attribute, priority=600)
    app.connect("autodoc-skip-member", skip_metadata_requests)
    app.connect("doctree-read", require_exact_targets)
    app.connect("doctree-read", show_commands_only)
    app.connect("doctree-read", shorten_types)


ATTRIBUTES: dict[str, list[str]] = {}
"""Docstrings of attributes and properties. Napoleon takes what stands before a colon in them for a type."""


def keep_attribute(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Store the docstring of an attribute or property, before napoleon changes it."""
    if what in ("attribute", "property"):
        ATTRIBUTES[name] = list(lines)


def restore_attribute(app: Sphinx, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Restore it, with the asterisks of file patterns escaped, which the command line shows as they are."""
    if what in ("attribute", "property"):
        lines[:] = [line.replace("*", r"\*") for line in ATTRIBUTES[name]]


def skip_metadata_requests(app: Sphinx, what: str, name: str, obj: object, skip: bool, options: object) -> bool | None:
    """Leave out the methods that scikit-learn adds to every estimator."""
    return True if re.fullmatch(r"set_\w+_request", name) else None


def require_exact_targets(app: Sphinx, doctree: document) -> None:
    """Link types by full names only; otherwise "path" would lead to any attribute of that name."""
    for node in doctree.findall(pending_xref):
        node.attributes.pop("refspecific", None)


def show_commands_only(app: Sphinx, doctree: document) -> None:
    """Show the commands of a cell without the line that hands them to the shell."""
    for node in doctree.findall(literal_block):
        if (text := node.astext()).startswith("%%bash\n"):
            commands = text.removeprefix("%%bash\n")
            node.children[:] = [Text(commands)]
            node.rawsource, node["language"] = commands, "bash"


def shorten_types(app: Sphinx, doctree: document) -> None:
    """Show types without the limits of their values, and names in them without their modules."""
    for node in [*doctree.findall(desc_annotation), *doctree.findall(desc_sig_name), *doctree.findall(desc_parameter)]:
        if (short := plain_type(text := node.astext())) != text:
            node.children[:] = [Text(short)]


def plain_type(text: str) -> str:
    """Return a type without the annotations of pydantic: ``Annotated[int, Ge(1)]`` is ``int``."""
    text = re.sub(r"<class '(\w+)'>", r"\1", re.sub(r"~(?:\w+\.)+", "", text))
    while (start := text.find("Annotated[")) >= 0:
        first, depth, comma = start + len("Annotated["), 1, 0
        end = first
        while depth and end < len(text):
            depth += (text[end] in "[(") - (text[end] in "])")
            comma = comma or end * (depth == 1 and text[end] == ",")
            end += 1
        text = text[:start] + text[first:comma] + text[end:]
    return text
