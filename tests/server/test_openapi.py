"""Requests made up from the OpenAPI document: what it promises is kept, whatever is sent."""

import contextlib
import shutil

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from himpc.errors import escape_unprintable
from himpc.gallery import Gallery
from himpc.server import ServeConfig
from himpc.server.app import create_app
from himpc.server.gate import UPLOADS

schemathesis = pytest.importorskip("schemathesis")
pytestmark = pytest.mark.slow

EXAMPLES = 8
NAMES = st.text(min_size=1, max_size=200).filter(lambda name: name.strip() and escape_unprintable(name) == name)
schemathesis.openapi.format("person-name", NAMES)


@pytest.fixture
def schema(filled, tmp_path):
    app = create_app(Gallery.open(shutil.copytree(filled, tmp_path / "gallery")), ServeConfig())
    return schemathesis.openapi.from_asgi("/openapi.json", app, headers={"Host": "localhost"})


def made_possible(body, path, probe):
    """Keep what no document can say: what a recording is, what goes with it, and what goes together."""
    body["files"] = [probe]
    for name in ("layout", "fpir"):
        body.pop(name, None)
    if path == "/api/enroll":
        body.pop("unnamed", None)
        body.setdefault("person", "Ann")


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_what_the_document_promises_is_kept(schema, mode, probe):
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) == 18
    tried = []
    for operation in operations:

        @given(case=operation.as_strategy(generation_mode=schemathesis.GenerationMode(mode)))
        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            phases=(Phase.explicit, Phase.generate),
            suppress_health_check=list(HealthCheck),
        )
        def keeps_it(case):
            if mode == "positive" and case.operation.path in UPLOADS and isinstance(case.body, dict):
                made_possible(case.body, case.operation.path, probe)
            case.call_and_validate(headers={"Host": "localhost"})

        with contextlib.suppress(Unsatisfiable):  # where nothing is sent, nothing can be wrong
            keeps_it()
            tried.append(operation.label)
    assert len(tried) == (18 if mode == "positive" else 14)
