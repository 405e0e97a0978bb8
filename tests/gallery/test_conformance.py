"""Every registered vector store does what the protocol states (conformance.py)."""

import runpy
from pathlib import Path

import pytest

from himpc.gallery.store import STORES

CHECKS = runpy.run_path(str(Path(__file__).with_name("conformance.py")))["CHECKS"]


@pytest.mark.parametrize("check", CHECKS)
def test_store_conforms_to_the_protocol(place, check):
    CHECKS[check](place)


def test_every_registered_store_is_tested(request):
    tested = {"himpc.gallery.store.lance:LanceStore", "himpc.gallery.store.postgres:PostgresStore"}
    assert {store.target for store in STORES.values()} == tested  # the parameters of the fixture `place`
