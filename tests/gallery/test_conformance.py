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
    names = ("sqlite:SqliteStore", "lance:LanceStore", "postgres:PostgresStore")
    tested = {f"himpc.gallery.store.{name}" for name in names}
    assert {store.target for store in STORES.values()} == tested  # the parameters of the fixture `place`
