"""What the environments for Google Cloud plan breaks no rule of harness/terraform_policy.py, and each mistake that is
made in a copy of them is found: by the rule that is named, or by Terraform with the provider."""

import json
import re

import pytest

from tests_py.deploy.conftest import PATRONI
from tests_py.harness.process import ROOT
from tests_py.harness.terraform_policy import CERTIFICATE, PASSWORD, PRODUCTION_RULES, RULES, faults

TREE = ROOT / "terraform"
ENVIRONMENTS = {"gcp-dev": RULES, "gcp-prod": PRODUCTION_RULES, "gcp-prod-patroni": PRODUCTION_RULES}
PROD = "environments/gcp-prod"
SECRETS = [f"-var=db_password={PASSWORD}", f"-var=database_certificate={CERTIFICATE}"]
pytestmark = pytest.mark.skipif(not (TREE / PROD).is_dir(), reason=f"there is no terraform/{PROD}")

# The mistake: the rules that find it, while all others find nothing; and how to make it: file, text, text instead.
MISTAKES = {
    "a firewall that is open to the internet": (
        "firewalls_name_their_sources", ("modules/network/firewall.tf", "= var.client_cidrs\n", '= ["0.0.0.0/0"]\n')),
    "a firewall without a source": (
        "firewalls_name_their_sources", ("modules/network/firewall.tf", "source_ranges = local.iap_cidrs", "")),
    "a firewall that opens all ports": (
        "firewalls_open_named_ports", ("modules/network/firewall.tf", 'ports    = ["22"]', "")),
    "a machine with an external address": (
        "machines_have_no_external_address",
        ("modules/vm/main.tf", "network_interface {", "network_interface {\n    access_config {}")),
    "a database with a public address": (
        "databases_have_no_public_address",
        ("modules/database/main.tf", "ipv4_enabled    = false", "ipv4_enabled    = true")),
    "a database whose address is not stated": (
        "databases_have_no_public_address", ("modules/database/main.tf", "ipv4_enabled    = false", "")),
    "a database without TLS": (
        "databases_refuse_connections_without_tls",
        ("modules/database/main.tf", "ENCRYPTED_ONLY", "ALLOW_UNENCRYPTED_AND_ENCRYPTED")),
    "a database without a log to restore": (
        "databases_can_be_restored_to_any_second",
        ("modules/database/main.tf", "point_in_time_recovery_enabled = true", "")),
    "a size of the disk": (
        "databases_state_their_edition_and_leave_their_disk_to_grow",
        ("modules/database/main.tf", "disk_autoresize  ", "disk_size = 20\n    disk_autoresize  ")),
    "a database in one zone": (
        "databases_survive_a_zone_and_two_kinds_of_deletion", (f"{PROD}/main.tf", '"REGIONAL"', '"ZONAL"')),
    "a database that other programs may delete": (
        "databases_survive_a_zone_and_two_kinds_of_deletion",
        ("modules/database/main.tf", "deletion_protection_enabled = var.deletion_protection", "")),
    "a peering that stops a destroy": (
        "what_the_destroy_of_a_database_cannot_delete_is_abandoned",
        ("modules/network/main.tf", 'deletion_policy = "ABANDON"', "")),
    "a password that is kept in the state": (
        "secrets_are_write_only no_secret_is_in_a_plan",
        ("modules/database/variables.tf", "ephemeral   = true", ""), (f"{PROD}/variables.tf", "ephemeral   = true", ""),
        ("modules/database/main.tf", "password_wo         = var.password\n  password_wo_version = var.password_version",
         "password = var.password")),
    "a password in the metadata": (
        "no_secret_is_in_a_plan", (f"{PROD}/variables.tf", "ephemeral   = true", ""),
        (f"{PROD}/main.tf", "catalog         = var.catalog", "catalog = var.catalog\n  password = var.db_password"),
        ("modules/server/variables.tf", 'variable "semester"',
         'variable "password" {\n  type = string\n}\nvariable "semester"'),
        ("modules/server/main.tf", 'log-format    = "json"', 'log-format = "json"\n      password = var.password')),
    "a password in triggers_replace": (
        "no_secret_is_in_a_plan", (f"{PROD}/variables.tf", "ephemeral   = true", ""),
        (f"{PROD}/main.tf", 'check "monitoring"', 'resource "terraform_data" "after" {\n'
         '  triggers_replace = [var.db_password]\n}\n\ncheck "monitoring"')),
    "a role for the whole project": (
        "roles_are_narrow", ("modules/server/main.tf", "roles/logging.logWriter", "roles/editor")),
    "a role for all secrets": (
        "roles_are_narrow",
        ("modules/server/main.tf", "roles/logging.logWriter", "roles/secretmanager.secretAccessor")),
    "a bucket that is open to the internet": (
        "roles_are_narrow", ("modules/artifacts/main.tf", "member = each.value", 'member = "allUsers"')),
    "a bucket that can be made public": (
        "buckets_are_private", ("modules/artifacts/main.tf", '"enforced"', '"inherited"')),
    "a machine with the keys of the project": (
        "machines_take_logins_of_named_accounts_only", ("modules/vm/main.tf", 'block-project-ssh-keys = "TRUE"', "")),
    "a health check that only a leader passes": (
        "health_checks_ask_only_whether_the_process_lives", ("modules/server/main.tf", '"/livez"', '"/readyz"')),
    "a group that replaces every server at once": (
        "no_apply_replaces_a_machine_by_itself", ("modules/vm/main.tf", '"OPPORTUNISTIC"', '"PROACTIVE"')),
    "a group that repairs a machine with an old template": (
        "a_machine_that_failed_gets_the_newest_template",
        ("modules/vm/main.tf", 'force_update_on_repair    = "YES"', "")),
    "a missing label": (
        "what_can_be_labelled_has_the_labels", ("modules/dns/main.tf", "labels      = var.labels", "")),
    "an image that changes by itself": (
        "images_have_a_name", ("modules/vm/main.tf", "= var.image", '= "debian-cloud/debian-12"')),
    "an API that a destroy switches off": (
        "apis_stay_on", (f"{PROD}/main.tf", "disable_on_destroy = false", "")),
    "a provider that is not pinned": (
        "the_provider_is_pinned", (f"{PROD}/versions.tf", '"= 6.50.0"', '"~> 6.50"')),
}
# The same, if the database has VMs of its own.
MISTAKES_WITH_PATRONI = {
    "a disk of a database that goes with its VM": (
        "disks_of_a_database_stay",
        ("modules/vm/main.tf", 'delete_rule = "NEVER"', 'delete_rule = "ON_PERMANENT_INSTANCE_DELETION"')),
    "a disk of a database that goes without a snapshot": (
        "disks_of_a_database_stay",
        ("modules/patroni/main.tf", "create_snapshot_before_destroy = var.deletion_protection", "")),
    "a key in the metadata": (
        "no_secret_is_in_a_plan",
        (f"{PROD}/variables.tf", 'variable "database_certificate" {', 'variable "database_key" {\n  type = string\n}\n\n'
         'variable "database_certificate" {'),
        (f"{PROD}/main.tf", "= var.database_ca_certificate\n", '= "${var.database_ca_certificate}${var.database_key}"\n'),
        ("modules/patroni/variables.tf", ' && !strcontains(var.ca_certificate, "PRIVATE KEY")', "")),
    "a database VM that is open to the clients": (
        "firewalls_name_their_sources",
        ("modules/patroni/main.tf", "source_tags = var.server_tags", 'source_ranges = ["0.0.0.0/0"]')),
}
REFUSED = {
    "an unknown argument": (
        'argument named "ssl_mod" is not expected', ("modules/database/main.tf", "ssl_mode ", "ssl_mod ")),
    "a missing argument": (
        'argument "database_version" is required',
        ("modules/database/main.tf", "database_version    = var.database_version", "")),
    "a wrong type": (
        "a number is required", ("modules/database/main.tf", "= var.disk_size_max", '= "unlimited"')),
    "a misspelt value": (
        'not "ENCRYPTED"', ("modules/database/main.tf", '"ENCRYPTED_ONLY"', '"ENCRYPTED"')),
    "a set block with an index": (
        "Cannot index a set value",
        ("modules/network/outputs.tf", 'output "',
         'output "port" {\n  value = google_compute_firewall.iap.allow[0]\n}\n\noutput "')),
    "a network that is none": (
        "client_cidrs", (f"{PROD}/terraform.tfvars", '"10.50.0.0/16"', '"10.50.0.0/33"')),
    "a password that is kept": (
        "Ephemeral values are not valid", ("modules/database/main.tf", "password_wo  ", "password  ")),
}


@pytest.fixture
def start(terraform):
    """A function: an environment with the values of the example in its documentation, after some changes; gcp-prod-patroni
    is gcp-prod with VMs of a database."""
    def changed(name, *changes):
        environment = name.removesuffix("-patroni")
        readme = (TREE / f"environments/{environment}/README.md").read_text()
        [example] = re.findall(r"^```tfvars\n(.*?)^```", readme, re.MULTILINE | re.DOTALL)
        checkout = terraform(source=TREE, below=f"environments/{environment}")
        (checkout.folder / "terraform.tfvars").write_text(example)
        if name != environment:
            (checkout.folder / "a.auto.tfvars.json").write_text(json.dumps(PATRONI))
        for name, before, after in changes:
            file = checkout.folder.parents[1] / name
            assert before in file.read_text(), f"{name} has no {before!r}"
            file.write_text(file.read_text().replace(before, after, 1))
        return checkout
    return changed


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_no_rule_is_broken(start, environment):
    plan = start(environment).plan(*SECRETS[:2 if "patroni" in environment else 1])
    assert faults(plan, ENVIRONMENTS[environment]) == {}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_rule_finds(start, mistake):
    rules, *changes = MISTAKES[mistake]
    plan = start("gcp-prod", *changes).plan(f"-var=db_password={PASSWORD}")
    assert [*faults(plan, PRODUCTION_RULES)] == rules.split()


@pytest.mark.parametrize("mistake", MISTAKES_WITH_PATRONI)
def test_a_rule_finds_with_vms_of_a_database(start, mistake):
    rules, *changes = MISTAKES_WITH_PATRONI[mistake]
    key = [f"-var=database_key={CERTIFICATE}"] if "database_key" in str(changes) else []
    plan = start("gcp-prod-patroni", *changes).plan(*SECRETS, *key)
    assert [*faults(plan, PRODUCTION_RULES)] == rules.split()


@pytest.mark.parametrize("mistake", REFUSED)
def test_terraform_refuses(start, mistake):
    words, *changes = REFUSED[mistake]
    assert words in start("gcp-prod", *changes).run("plan", "-input=false", f"-var=db_password={PASSWORD}", status=1)


def test_each_rule_finds_a_mistake():
    found = {rule for rules, *_ in [*MISTAKES.values(), *MISTAKES_WITH_PATRONI.values()] for rule in rules.split()}
    assert found == {rule.__name__ for rule in PRODUCTION_RULES}
