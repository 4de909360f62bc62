"""Fixtures: Terraform with the provider of tests/terraform/provider, which is built once in a session."""

import pytest

from tests_py.harness.terraform_provider import CannotBuild, Terraform, build_mirror


@pytest.fixture(scope="session")
def provider(tmp_path_factory):
    """The configuration with which Terraform takes the provider."""
    try:
        return build_mirror(tmp_path_factory.mktemp("mirror"))
    except CannotBuild as missing:
        pytest.skip(str(missing))


@pytest.fixture
def terraform(provider, tmp_path):
    """A function: Terraform, initialised, with files of these texts, or with a copy of a folder."""
    def start(main="", **options):
        texts = {"main.tf": main} if main else None
        return Terraform(provider, tmp_path, **{"texts": texts, **options}).init()
    return start
