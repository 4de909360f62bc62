"""Fixtures: a reader of the files in deploy; and Terraform with the provider of tests/terraform/provider, which is built
once in a session. Each copy of the configurations is initialised once."""

import json
import re

import pytest

from tests_py.harness.deploy.manifests import Manifests
from tests_py.harness.process import ROOT
from tests_py.harness.terraform_policy import CERTIFICATE, PASSWORD
from tests_py.harness.terraform_provider import CannotBuild, Terraform, build_mirror

TERRAFORM = ROOT / "terraform"
PATRONI = {"database": "patroni", "database_zones": [f"southamerica-west1-{zone}" for zone in "abc"],
           "database_image": "debian-cloud/debian-13-trixie-v20261110",
           "database_ca_certificate": "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"}
BUDGET = {"billing_account": "012345-6789AB-CDEF01", "project_number": "123456789012", "amount": 400}


@pytest.fixture(scope="session")
def provider(tmp_path_factory):
    """The configuration with which Terraform takes the provider."""
    try:
        return build_mirror(tmp_path_factory.mktemp("mirror"))
    except CannotBuild as missing:
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def initialised(provider, tmp_path_factory):
    """A function: Terraform, initialised, in a copy of a folder, which a test must copy before it changes something."""
    base = tmp_path_factory.mktemp("initialised")
    done = {}

    def of(source, below):
        if below not in done:
            done[below] = Terraform(provider, base, source=source, below=below).init()
        return done[below]
    return of


@pytest.fixture
def terraform(provider, initialised, tmp_path):
    """A function: Terraform, initialised, with files of these texts, or with a copy of a folder."""
    def start(main="", source=None, below=".", **options):
        if source:
            return initialised(source, below).copy(tmp_path)
        return Terraform(provider, tmp_path, **{"texts": {"main.tf": main} if main else None, **options}).init()
    return start


class Applied:
    """An environment with the values of its README's example, and with everything that is optional: its first plan, the
    output of its first apply, and the state after that. `variables` replace some of the values."""

    def __init__(self, checkout, environment, variables):
        readme = (TERRAFORM / f"environments/{environment}/README.md").read_text(encoding="utf-8")
        [example] = re.findall(r"^```tfvars\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
        (checkout.folder / "terraform.tfvars").write_text(example)
        (checkout.folder / "a.auto.tfvars.json").write_text(json.dumps(
            {"catalog": str(ROOT / "data/catalog.csv"), "faculties": {"derecho": {}}, "simulation_hosts": 1,
             "alert_emails": ["operations@example.org"], "budget": BUDGET, **variables}))
        self.checkout = checkout
        flags = [f"-var=db_password={PASSWORD}", *([f"-var=database_certificate={CERTIFICATE}"] if variables else [])]
        self.plan = checkout.plan(*flags)
        (checkout.folder / "plan").unlink()
        self.output = checkout.apply(*flags)
        self.state = checkout.state()


@pytest.fixture(scope="session")
def applied(initialised, tmp_path_factory):
    """A function: an environment that was applied, or gcp-prod-patroni, which is gcp-prod with VMs of a database. A test that
    changes it needs a copy."""
    base = tmp_path_factory.mktemp("applied")
    done = {}

    def of(environment):
        if environment not in done:
            folder = environment.removesuffix("-patroni")
            done[environment] = Applied(initialised(TERRAFORM, f"environments/{folder}").copy(base), folder,
                                        PATRONI if environment != folder else {})
        return done[environment]
    return of


@pytest.fixture(scope="session")
def manifests(tmp_path_factory):
    """What reads the files of deploy/compose and deploy/kubernetes."""
    try:
        return Manifests(tmp_path_factory.mktemp("manifests"))
    except CannotBuild as missing:
        pytest.skip(str(missing))
