"""The package from its sources, and the fixtures of the project's end-to-end tests."""

import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(PACKAGE / "src"), str(PACKAGE.parents[1])]

from tests_py.conftest import bounded, cluster, postgresql, sqlite, store  # noqa: E402, F401

SLOW = {"test_client_failover"}  # not in the part for another system


def pytest_collection_modifyitems(items):
    for item in items:
        if item.path.is_relative_to(PACKAGE) and item.path.stem not in SLOW:
            item.add_marker(pytest.mark.smoke)
