"""How errors name arguments for HTTP clients and for the page."""

import ast
import re
from pathlib import Path

import pytest
from starlette.requests import Request

import himpc
from himpc.errors import FormatError, Hint, Reference
from himpc.server.dependencies import READ_OPTIONS
from himpc.server.wording import FIELDS, Wording

PACKAGE = Path(himpc.__file__).parent
NOT_HINTS = {"person", "session", "camera", "side", "s", "S", "x"}  # of patterns: "{person}/*.c3d", "{S}ASI", f-strings
NOT_HINTS |= {"out", "pattern"}  # of functions that write files or tables of links, which the server does not call
PAGE = PACKAGE / "server" / "page"


def wording(header: str | None) -> Wording:
    headers = [] if header is None else [(b"x-himpc", header.encode())]
    return Wording(Request({"type": "http", "headers": headers}))


def parameters_named_in(package: str) -> set[str]:
    """Return the parameters that texts of a package refer to, such as ``"state {unit=mm}"``."""
    references: list[Reference] = []
    for path in sorted((PACKAGE / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            parts = node.values if isinstance(node, ast.JoinedStr) else [node]
            text = "".join(str(part.value) if isinstance(part, ast.Constant) else "x" for part in parts)
            Hint(text).render(lambda reference: references.append(reference) or "")
    return {reference.name for reference in references if not reference.is_operation} - NOT_HINTS


@pytest.mark.parametrize(
    ("template", "http", "page"),
    [
        ("state {unit}", "state unit", 'state the field "Unit"'),
        ("set {unit=mm}", "set unit=mm", 'set mm in the field "Unit"'),
        ("set {markers}", *["set markers (in Python or on the command line)"] * 2),
        ("set {weights}", "set weights", "set weights"),
        ("run {Gallery.enroll()}", "run POST /api/enroll", 'run the form "Enroll"'),
        ("run {Gallery.calibrate()}", *["run Gallery.calibrate() (in Python or on the command line)"] * 2),
        ("give {layout=a.toml}", *["give layout='a.toml' (in Python or on the command line)"] * 2),
    ],
)
def test_hints_are_worded_for_the_client(template, http, page):
    error = FormatError("walk.csv: no unit", hint=template)
    assert wording(None).render(error) == f"walk.csv: no unit; {http}"
    assert wording("page").render(error) == f"walk.csv: no unit; {page}"


@pytest.mark.parametrize("package", ["reading", "recordings", "skeleton"])
def test_parameters_named_by_reading_have_a_field(package):
    assert parameters_named_in(package) <= FIELDS.keys()


def test_labels_stand_on_the_page():
    text = "".join(path.read_text(encoding="utf-8") for path in PAGE.glob("*.js"))
    for field in FIELDS.values():
        assert field.label is None or re.search(rf'"{field.label}\b', text), field


def test_fields_stand_in_the_document(shared_client):
    schemas = shared_client.get("/openapi.json").json()["components"]["schemas"]
    documented = {name for schema in schemas.values() for name in schema["properties"]}
    assert {field.name for field in FIELDS.values() if field.name} <= documented
    assert set(READ_OPTIONS) <= schemas["Body_search_api_search_post"]["properties"].keys()


def test_invalid_field_is_named_by_its_label_for_the_page(shared_client, probe, as_form, detail):
    send = {"data": {"fps": "0"}, **as_form(probe)}
    assert detail(shared_client.post("/api/search", **send)) == "fps should be greater than or equal to 1"
    response = shared_client.post("/api/search", **send, headers={"X-Himpc": "page"})
    assert detail(response) == 'the field "Frames per second" should be greater than or equal to 1'


@pytest.mark.parametrize(
    ("path", "data", "api", "page"),
    [
        ("search", {"people": 0}, "people should be", 'the field "Nearest people to list" should be'),
        ("search", {"fmr": 2}, "fmr should be less than 1", 'the field "Rate" should be less than 1'),
        ("search", {"fmr": 0.0001}, "an FMR of 0.0001 cannot be estimated", "an FMR of 0.0001 cannot be estimated"),
        (
            "search",
            {"image_size": "3"},
            "image_size should be a size such as 1920x1080",
            'the field "Picture size" should',
        ),
        ("enroll", {"person": "\n"}, "person is wrong: a person's name must", 'the field "Person" is wrong: a person'),
    ],
)
def test_messages_name_the_fields_of_their_reader(shared_client, probe, as_form, detail, path, data, api, page):
    send = {**as_form(probe), "data": data}
    assert detail(shared_client.post(f"/api/{path}", **send)).startswith(api)
    response = shared_client.post(f"/api/{path}", headers={"x-himpc": "page"}, **send)
    assert detail(response).startswith(page)
