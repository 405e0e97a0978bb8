"""Generated requests: the app keeps what its OpenAPI document promises."""

import contextlib

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.errors import Unsatisfiable

from himpc.errors import escape_unprintable
from himpc.gallery import Gallery
from himpc.server import ServerConfig
from himpc.server.app import create_app
from himpc.server.middleware.limits import UPLOAD_PATHS

schemathesis = pytest.importorskip("schemathesis")
pytestmark = pytest.mark.slow

EXAMPLES = 8
NAMES = st.text(min_size=1, max_size=200).filter(lambda name: name.strip() and escape_unprintable(name) == name)
schemathesis.openapi.format("person-name", NAMES)


@pytest.fixture
def schema(folder):
    app = create_app(Gallery.open(folder), ServerConfig())
    return schemathesis.openapi.from_asgi("/openapi.json", app, headers={"Host": "localhost"})


def make_valid(body, path, probe):
    """Apply what a document cannot express: what a recording is, and which fields exclude each other."""
    body["files"] = [probe]
    for name in ("layout", "fpir", "scale", "unit", "fps"):
        body.pop(name, None)
    if path == "/api/enroll":
        body.pop("unnamed", None)
        body.setdefault("person", "Ann")


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_responses_keep_what_the_document_promises(schema, mode, probe):
    operations = [each.ok() for each in schema.get_all_operations()]
    assert len(operations) == 26
    tested = []
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
        def validate(case):
            if mode == "positive" and case.operation.path in UPLOAD_PATHS and isinstance(case.body, dict):
                make_valid(case.body, case.operation.path, probe)
            case.call_and_validate(headers={"Host": "localhost"})

        with contextlib.suppress(Unsatisfiable):  # an operation without arguments has no invalid request
            validate()
            tested.append(operation.label)
    assert len(tested) == (26 if mode == "positive" else 20)
