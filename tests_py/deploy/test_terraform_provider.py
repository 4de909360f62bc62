"""The provider of tests/terraform/provider stands in for the published one: Terraform refuses, plans, applies and keeps
what it would with that one."""

import json
import re

import pytest

from tests_py.harness.process import ROOT

SCHEMA = ROOT / "tests/terraform/provider/schema"
MARKER = "correct-horse-battery"  # a secret: it must be in no file
HEAD = """
terraform {
  required_providers {
    google = {
      source  = "hashicorp/google"
      version = "6.50.0"
    }
  }
}
provider "google" {
  project        = "campus"
  region         = "europe-west1"
  default_labels = { owner = "it" }
}
"""
NETWORK = """
resource "google_compute_network" "this" {
  name                    = "dti"
  auto_create_subnetworks = false
}
"""
FIREWALL = NETWORK + """
resource "google_compute_firewall" "clients" {
  name          = "clients"
  network       = google_compute_network.this.id
  source_ranges = ["10.1.0.0/16"]
  allow {
    protocol = "tcp"
    ports    = ["6000"]
  }
}
"""
DATABASE = """
resource "google_sql_database_instance" "this" {
  name                = "dti"
  database_version    = "POSTGRES_17"
  region              = "europe-west1"
  deletion_protection = false
  settings {
    tier      = "db-custom-2-7680"
    edition   = "ENTERPRISE"
    disk_size = 20
    ip_configuration {
      ipv4_enabled = false
      ssl_mode     = "ENCRYPTED_ONLY"
    }
  }
}
"""
USER = """
variable "password" {
  type      = string
  ephemeral = true
  default   = "%s"
}
resource "google_sql_user" "dti" {
  name                = "dti"
  instance            = "dti"
  password_wo         = var.password
  password_wo_version = 1
}
""" % MARKER
TOKEN = """
ephemeral "google_service_account_access_token" "this" {
  target_service_account = "dti@campus.iam.gserviceaccount.com"
  scopes                 = ["cloud-platform"]
  lifecycle {}
}
"""
TOKEN_FORM = """lifecycle {
    postcondition {
      condition     = startswith(self.access_token, "%s")
      error_message = "the value has another form"
    }
  }"""


# What validate refuses: a configuration that is right, a change to it, and the words of the refusal.

REFUSALS = {
    "an unknown argument": (FIREWALL, "source_ranges", "source_range",
                            'argument named "source_range" is not expected'),
    "an unknown argument of a block": (FIREWALL, "ports ", "port ", 'argument named "port" is not expected'),
    "an unknown argument of the provider": (NETWORK, "project ", "projekt ",
                                            'argument named "projekt" is not expected'),
    "an unknown block": (FIREWALL, "allow {", "permit {", 'Blocks of type "permit" are not expected'),
    "a missing argument": (DATABASE, 'database_version    = "POSTGRES_17"', "",
                           'argument "database_version" is required'),
    "a missing argument of a block": (FIREWALL, 'protocol = "tcp"', "", 'argument "protocol" is required'),
    "a string for a set": (FIREWALL, '["10.1.0.0/16"]', '"10.1.0.0/16"', "set of string required"),
    "a word for a number": (DATABASE, "disk_size = 20", 'disk_size = "twenty"', "a number is required"),
    "a second block": (DATABASE, "  settings {", '  settings {\n    tier = "a"\n  }\n  settings {',
                       'No more than 1 "settings" blocks'),
    "a value for what the cloud computes": (NETWORK, '"dti"', '"dti"\n  self_link = "https://here"',
                                            "self_link cannot be set"),
    "a misspelt value of a hand-written list": (
        DATABASE, "ENCRYPTED_ONLY", "ENCRYPTED", "expected one of ALLOW_UNENCRYPTED_AND_ENCRYPTED, ENCRYPTED_ONLY, "
        'TRUSTED_CLIENT_CERTIFICATE_REQUIRED, not "ENCRYPTED"'),
    "a misspelt value of a documented list": (FIREWALL, '"clients"\n', '"clients"\n  direction = "IN"\n',
                                              'expected one of INGRESS, EGRESS, not "IN"'),
    "a number out of its range": (FIREWALL, '"clients"\n', '"clients"\n  priority = 65536\n',
                                  "expected a number in the range (0 - 65535), not 65536"),
    "a text of another form": (DATABASE, "ssl_mode ", 'private_network = "default"\n      ssl_mode ',
                               '"default" does not match'),
    "two of which one must be set": (FIREWALL, "  allow {", '  deny {\n    protocol = "udp"\n  }\n  allow {',
                                     "exactly one of allow, deny must be set, not 2"),
    "two that exclude each other": (
        FIREWALL, '"clients"\n', '"clients"\n  source_tags = ["a"]\n  target_service_accounts = ["b"]\n',
        "source_tags, target_service_accounts conflict with each other"),
    "one without the other": (USER, "password_wo         = var.password", "",
                              "password_wo_version requires password_wo"),
    "a set that is indexed": (
        FIREWALL, NETWORK, NETWORK + "output \"protocol\" {\n  value = google_compute_firewall.clients.allow[0]\n}\n",
        "Cannot index a set value"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_validate_refuses(terraform, name):
    text, before, after, complaint = REFUSALS[name]
    whole = HEAD + text
    assert before in whole
    checkout = terraform(whole)
    checkout.run("validate")
    (checkout.folder / "main.tf").write_text(whole.replace(before, after, 1))
    assert complaint in checkout.run("validate", status=1)


def test_a_list_block_can_be_indexed(terraform):
    text = DATABASE + 'output "tier" {\n  value = google_sql_database_instance.this.settings[0].tier\n}\n'
    terraform(HEAD + text).run("validate")


# What is planned and applied.

def planned(plan, address):
    [change] = [change["change"] for change in plan["resource_changes"] if change["address"] == address]
    return change


def stored(state, address):
    [values] = [resource["values"] for resource in state["values"]["root_module"]["resources"]
                if resource["address"] == address]
    return values


def test_what_the_cloud_computes_is_unknown_in_a_plan_and_has_its_type_in_the_state(terraform):
    checkout = terraform(HEAD + DATABASE + FIREWALL)
    change = planned(checkout.plan(), "google_sql_database_instance.this")
    for name in ("private_ip_address", "self_link", "ip_address", "server_ca_cert"):
        assert name not in change["after"] and change["after_unknown"][name]
    checkout.apply()
    state = checkout.state()
    values = stored(state, "google_sql_database_instance.this")
    assert re.fullmatch(r"10\.20\.2\.\d+", values["private_ip_address"])
    assert values["connection_name"] == "campus:europe-west1:dti"
    assert isinstance(values["settings"][0]["version"], int)
    assert [sorted(address) for address in values["ip_address"]] == [["ip_address", "time_to_retire", "type"]]
    assert stored(state, "google_compute_firewall.clients")["network"] == "projects/campus/global/networks/dti"


def test_a_second_apply_changes_nothing_and_the_same_configuration_gets_the_same_values(terraform):
    states = []
    for _ in range(2):
        checkout = terraform(HEAD + DATABASE + FIREWALL)
        checkout.apply()
        assert "No changes." in checkout.run("plan")
        states.append(checkout.state()["values"])
    assert states[0] == states[1]


def test_what_a_configuration_leaves_out_has_the_default_of_the_provider(terraform):
    plan = terraform(HEAD + DATABASE.replace("ipv4_enabled = false", "")).plan()
    after = planned(plan, "google_sql_database_instance.this")["after"]
    assert after["settings"][0]["ip_configuration"][0]["ipv4_enabled"] is True
    assert after["settings"][0]["availability_type"] == "ZONAL"
    assert after["project"] == "campus"


def test_a_resource_has_the_labels_of_the_provider_and_its_own(terraform):
    text = 'resource "google_compute_address" "this" {\n  name   = "a"\n  labels = { part = "server" }\n}\n'
    after = planned(terraform(HEAD + text).plan(), "google_compute_address.this")["after"]
    assert after["effective_labels"] == {"goog-terraform-provisioned": "true", "owner": "it", "part": "server"}
    assert after["region"] == "europe-west1"


def test_a_resource_needs_a_project(terraform):
    text = HEAD.replace('project        = "campus"', "") + NETWORK
    assert "project: required field is not set" in terraform(text).run("plan", status=1)


@pytest.mark.parametrize(("before", "after", "actions"), [
    ('name                = "dti"', 'name                = "other"', ["delete", "create"]),
    ("db-custom-2-7680", "db-custom-4-15360", ["update"]),
    ("disk_size = 20", "disk_size = 30", ["update"]),
    ("disk_size = 20", "disk_size = 10", ["delete", "create"]),
    ("disk_size = 20", "", ["no-op"])])
def test_a_change_updates_or_replaces_as_the_provider_would(terraform, before, after, actions):
    checkout = terraform(HEAD + DATABASE)
    checkout.apply()
    (checkout.folder / "main.tf").write_text(HEAD + DATABASE.replace(before, after))
    assert planned(checkout.plan(), "google_sql_database_instance.this")["actions"] == actions


def test_a_disk_that_has_grown_meanwhile_is_left_alone_unless_its_size_is_configured(terraform):
    checkout = terraform(HEAD + DATABASE.replace("disk_size = 20", ""))
    checkout.apply()
    file = checkout.folder / "terraform.tfstate"
    state = json.loads(file.read_text())
    [resource] = state["resources"]
    resource["instances"][0]["attributes"]["settings"][0]["disk_size"] = 500
    file.write_text(json.dumps(state))
    assert "No changes." in checkout.run("plan")
    (checkout.folder / "main.tf").write_text(HEAD + DATABASE)
    assert planned(checkout.plan(), "google_sql_database_instance.this")["actions"] == ["delete", "create"]


@pytest.mark.parametrize("protection", ["deletion_protection = true", "deletion_protection_enabled = true"])
def test_a_protected_database_is_not_destroyed(terraform, protection):
    text = DATABASE.replace('edition   =', f"{protection}\n    edition   =") if "enabled" in protection else \
        DATABASE.replace("deletion_protection = false", protection)
    checkout = terraform(HEAD + text)
    checkout.apply()
    assert "cannot be destroyed while" in checkout.run("destroy", "-auto-approve", status=1)
    (checkout.folder / "main.tf").write_text(HEAD + DATABASE)
    checkout.apply()
    checkout.run("destroy", "-auto-approve")
    assert "values" not in checkout.state()


# Data sources and conditions.

IMAGE = 'data "google_compute_image" "this" {\n  family  = "debian-12"\n  project = "debian-cloud"\n}\n'


def test_a_data_source_has_the_values_of_its_fixture(terraform):
    text = HEAD + IMAGE + 'output "name" {\n  value = data.google_compute_image.this.name\n}\n'
    assert terraform(text).plan()["planned_values"]["outputs"]["name"]["value"] == "debian-12-bookworm-v20251014"


def test_a_data_source_without_a_fixture_is_an_error(terraform):
    text = HEAD + IMAGE.replace("debian-12", "debian-99")
    assert "fixtures.json has nothing for these arguments" in terraform(text).run("plan", status=1)


def test_a_check_block_warns_at_a_plan(terraform):
    text = HEAD + IMAGE + """
check "image" {
  assert {
    condition     = data.google_compute_image.this.name == "other"
    error_message = "not the image that was tried"
  }
}
"""
    assert "Warning: Check block assertion failed" in terraform(text).run("plan")


# Secrets.

def files_with(folder, marker):
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*")
                  if path.is_file() and ".terraform" not in path.parts and marker.encode() in path.read_bytes())


def test_a_write_only_value_is_in_no_plan_and_in_no_state(terraform):
    checkout = terraform(HEAD + USER)
    change = planned(checkout.plan(), "google_sql_user.dti")
    assert change["after"]["password_wo"] is None and change["after"]["password_wo_version"] == 1
    assert MARKER not in checkout.apply("plan")
    assert stored(checkout.state(), "google_sql_user.dti")["password_wo"] is None
    (checkout.folder / "main.tf").unlink()
    assert files_with(checkout.folder, MARKER) == []


def test_the_search_for_a_secret_finds_one_that_is_not_write_only(terraform):
    text = USER.replace("ephemeral = true", "sensitive = true").replace("password_wo_version = 1", "").replace(
        "password_wo ", "password ")
    checkout = terraform(HEAD + text)
    checkout.apply()
    (checkout.folder / "main.tf").unlink()
    assert files_with(checkout.folder, MARKER) == ["terraform.tfstate"]


def test_an_ephemeral_value_cannot_reach_what_is_kept(terraform):
    text = USER.replace("password_wo_version = 1", "").replace("password_wo ", "password ")
    assert "Ephemeral values are not valid" in terraform(HEAD + text).run("plan", status=1)


def test_an_ephemeral_resource_opens_and_its_value_is_kept_nowhere(terraform):
    use = USER.replace("var.password", "ephemeral.google_service_account_access_token.this.access_token")
    checkout = terraform(HEAD + TOKEN + use)
    plan = checkout.plan()
    assert planned(plan, "google_sql_user.dti")["actions"] == ["create"]
    checkout.apply("plan")
    (checkout.folder / "main.tf").write_text("")
    assert files_with(checkout.folder, "access_token-") == []


@pytest.mark.parametrize(("beginning", "status"), [("access_token-", 0), ("other-", 1)])
def test_a_condition_of_an_ephemeral_resource_is_tried_on_its_value(terraform, beginning, status):
    """Without `show -json`: Terraform 1.11.4 crashes when it shows a plan with such a condition."""
    text = HEAD + TOKEN.replace("lifecycle {}", TOKEN_FORM % beginning)
    assert ("the value has another form" in terraform(text).run("plan", status=status)) == bool(status)


# terraform test.

TEST = """
%s
run "one" {
  command = apply
  variables {
    name = "campus-net"
  }
  assert {
    condition     = google_compute_network.this.name == "campus-net" && google_compute_network.this.self_link != null
    error_message = "the network has another name"
  }
}
run "two" {
  command = plan
  variables {
    name = "No"
  }
  expect_failures = [var.name]
}
"""
VARIABLE = """
variable "name" {
  type = string
  validation {
    condition     = var.name == lower(var.name)
    error_message = "lower case only"
  }
}
"""


@pytest.mark.parametrize("mock", ["", 'mock_provider "google" {}'], ids=["without a mock", "with a mock"])
def test_tests_of_terraform_run(terraform, mock):
    checkout = terraform(HEAD + VARIABLE + NETWORK.replace('"dti"', "var.name"))
    (checkout.folder / "main.tftest.hcl").write_text(TEST % mock)
    assert "2 passed, 0 failed" in checkout.run("test")
    (checkout.folder / "main.tftest.hcl").write_text((TEST % mock).replace('== "campus-net"', '== "other"'))
    assert "1 passed, 1 failed" in checkout.run("test", status=1)


# The files of the schema.

def test_the_schema_has_what_its_list_names_with_source_and_version():
    names, sources = [], set()
    for path in SCHEMA.glob("*.json"):
        file = json.loads(path.read_text())
        sources.add(json.dumps(file["source"]))
        names += file.get("resources", {})
        names += [f"data.{name}" for name in file.get("data_sources", {})]
    assert sorted(names) == sorted((SCHEMA / "resources.txt").read_text().split())
    [source] = map(json.loads, sources)
    assert (source["provider"], source["version"]) == ("hashicorp/google", "6.50.0")


def test_each_rule_names_the_file_the_commit_and_the_line_where_the_provider_states_it():
    for resource, of in json.loads((SCHEMA.parent / "rules.json").read_text()).items():
        for rule in of["rules"]:
            source = rule.get("source", of["source"])
            assert re.fullmatch(r"google/[\w/]+\.go", source), (resource, source)
            assert re.fullmatch("[0-9a-f]{8}:[1-9][0-9]*", rule["at"]), (resource, rule)


# From the schema that the provider 6.50.0 itself prints (lonegunmanb/terraform-google-schema, tag v6.50.0).
PUBLISHED_SETS = {
    "google_compute_firewall": ["allow", "deny", "source_ranges", "target_tags"],
    "google_compute_instance_group_manager": ["named_port", "stateful_disk", "target_pools"],
    "google_compute_instance_template": ["service_account.scopes", "tags"],
    "google_compute_per_instance_config": ["preserved_state.disk", "preserved_state.internal_ip"],
    "google_compute_router_nat": ["nat_ips", "rules", "subnetwork"],
    "google_dns_managed_zone": ["private_visibility_config.networks"],
    "google_billing_budget": ["budget_filter.projects"],
    "google_sql_database_instance": ["settings.database_flags", "settings.ip_configuration.authorized_networks",
                                     "settings.ip_configuration.psc_config"],
    "google_sql_user": [],
    "google_storage_bucket": ["lifecycle_rule.action", "lifecycle_rule.condition"],
}
COMPARED_AS_A_WHOLE = ("google_compute_instance_group_manager", "google_sql_user")


def test_the_schema_has_the_sets_and_the_write_only_arguments_of_the_published_one():
    """A set that is taken for a list could be indexed here, and not with the published provider."""
    found, write_only = {}, set()

    def walk(resource, block, prefix=""):
        for name, attribute in block.get("attributes", {}).items():
            if attribute["type"][0] == "set":
                found[resource].add(prefix + name)
            if attribute.get("write_only"):
                write_only.add(f"{resource}.{name}")
        for name, nested in block.get("block_types", {}).items():
            if nested["nesting_mode"] == "set":
                found[resource].add(prefix + name)
            walk(resource, nested["block"], f"{prefix}{name}.")

    for path in SCHEMA.glob("*.json"):
        for resource, block in json.loads(path.read_text()).get("resources", {}).items():
            found[resource] = set()
            walk(resource, block)
    for resource, sets in PUBLISHED_SETS.items():
        assert set(sets) - found[resource] == set(), resource
    for resource in COMPARED_AS_A_WHOLE:
        assert found[resource] == set(PUBLISHED_SETS[resource])
    assert write_only == {"google_sql_user.password_wo", "google_secret_manager_secret_version.secret_data_wo"}


def test_the_list_names_what_the_configurations_use():
    used = set()
    for path in (ROOT / "terraform").rglob("*.tf"):
        for kind, name in re.findall(r'^(resource|data) "(google_\w+)"', path.read_text(), re.MULTILINE):
            used.add(name if kind == "resource" else f"data.{name}")
    assert used - set((SCHEMA / "resources.txt").read_text().split()) == set()


def test_each_environment_has_the_lock_file_of_the_published_provider():
    """Terraform writes the hash of a provider into the lock file, and then refuses another one. That of the published
    provider has the hashes of the archives for the 12 platforms, which only its registry knows (zh), and no hash of a
    folder (h1): that of this provider would be one."""
    locks = {path for folder in ("terraform", "tests") for path in (ROOT / folder).rglob(".terraform.lock.hcl")}
    assert locks == {ROOT / f"terraform/environments/{name}/.terraform.lock.hcl" for name in ("gcp-dev", "gcp-prod")}
    [text] = {path.read_text() for path in locks}
    hashes = re.findall(r'"(\w+):([0-9a-f]{64})"', text)
    assert [kind for kind, _ in hashes] == 12 * ["zh"] and '"h1:' not in text
    assert (hashes[0][1][:12], hashes[-1][1][:12]) == ("1f3513fcfcbf", "fec30c095647")
    assert 'version     = "6.50.0"' in text
