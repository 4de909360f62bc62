"""The plans of the environments on Google Cloud: what they open and whom they give rights, what they do to what runs, and
what the VMs get. test_terraform_mistakes.py has the general rules."""

import ipaddress
import json
import re

import pytest

from tests_py.harness.patroni import settings
from tests_py.harness.process import ROOT, run
from tests_py.harness.prometheus import FOLDER as MONITORING
from tests_py.harness.wire import new_key
from tests_py.harness.terraform_policy import CERTIFICATE, KEY, PASSWORD, SECRET_KEY

TERRAFORM = ROOT / "terraform"
ENVIRONMENTS = ("gcp-dev", "gcp-prod", "gcp-prod-patroni")
ROLES = {"roles/logging.logWriter", "roles/monitoring.metricWriter", "roles/secretmanager.secretAccessor",
         "roles/storage.objectViewer"}
GOOGLE_SOURCES = {"35.191.0.0/16", "130.211.0.0/22", "35.235.240.0/20"}

FLAG = f"-var=db_password={PASSWORD}"
CERTIFICATE_FLAG = f"-var=database_certificate={CERTIFICATE}"


def change(checkout, **variables):
    file = checkout.folder / "a.auto.tfvars.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **variables}))


@pytest.fixture
def checkout(applied, tmp_path):
    """The environment for production, after its first apply."""
    return applied("gcp-prod").checkout.copy(tmp_path)


@pytest.fixture(params=ENVIRONMENTS)
def resources(applied, request):
    """(type, address, planned values) of each resource."""
    return list(of_module(applied(request.param).plan["planned_values"]["root_module"]))


def of_module(module):
    for resource in module.get("resources", []):
        yield resource["type"], resource["address"], resource["values"]
    for child in module.get("child_modules", []):
        yield from of_module(child)


def of_type(resources, kind):
    found = [values for other, _, values in resources if other == kind]
    assert found, kind
    return found


def texts(value):
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list):
        for part in value:
            yield from texts(part)
    elif isinstance(value, str):
        yield value


# Closed.

def test_each_rule_of_the_firewall_has_a_named_source_named_ports_and_no_wide_range(resources):
    opened = {"6000", "5000", "6080", "5080", "22"}
    of_database = {"5432", "8008", "2379", "2380"}
    found = set()
    for rule in of_type(resources, "google_compute_firewall"):
        sources = rule["source_ranges"] or []
        assert sources or rule["source_tags"], rule["name"]
        assert all(ipaddress.ip_network(source).prefixlen >= 8 for source in sources)
        [allow] = rule["allow"]
        assert allow["protocol"] == "tcp" and rule["direction"] == "INGRESS" and rule["deny"] == []
        ports = set(allow["ports"])
        found |= ports
        if ports & {"6080", "5080", "22"}:
            assert set(sources) <= GOOGLE_SOURCES
        if ports & of_database or "dti-database" in (rule["target_tags"] or []):
            assert not sources and (ports, set(rule["source_tags"])) in (
                (of_database, {"dti-database"}), ({"5432"}, {"dti-server"}))
        else:
            assert len(ports) == 1
    assert found in (opened, opened | of_database)


def test_rights_are_given_one_by_one_and_none_is_broad(resources):
    grants = [(kind, values) for kind, _, values in resources if "_iam_" in kind]
    assert {kind.rsplit("_iam_", 1)[1] for kind, _ in grants} == {"member"}
    assert {values["role"] for _, values in grants} == ROLES
    assert {kind for kind, values in grants if "project" in kind} == {"google_project_iam_member"}
    assert {values["role"] for kind, values in grants if kind == "google_project_iam_member"} == {
        "roles/logging.logWriter", "roles/monitoring.metricWriter"}


def test_an_api_stays_on_when_the_environment_is_removed(resources):
    assert {values["disable_on_destroy"] for values in of_type(resources, "google_project_service")} == {False}


# Secrets.

def files_with(folder, marker):
    return {str(path.relative_to(folder)) for path in folder.rglob("*")
            if path.is_file() and "providers" not in path.parts and marker.encode() in path.read_bytes()}


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_the_password_is_in_no_plan_no_state_no_metadata_and_no_output(applied, tmp_path, environment):
    first = applied(environment)
    for text in (json.dumps(first.plan), first.output, json.dumps(first.state)):
        assert PASSWORD not in text and KEY not in text and SECRET_KEY not in text
    checkout = first.checkout.copy(tmp_path)
    checkout.plan(*flags_of(environment))
    assert (checkout.folder / "plan").exists() and (checkout.folder / "terraform.tfstate").exists()
    given = {name for name in files_with(tmp_path, PASSWORD) if name.endswith(".tftest.hcl")}  # copied with the rest
    assert (files_with(tmp_path, PASSWORD) - given) | files_with(tmp_path, KEY) | files_with(tmp_path, SECRET_KEY) == set()
    resources = list(of_module(first.state["values"]["root_module"]))
    if "patroni" in environment:
        assert not [kind for kind, *_ in resources if "google_sql" in kind]
        assert [version["secret_data_wo_version"] for version in of_type(resources, "google_secret_manager_secret_version")] == [1, 1, 1, 1]
    else:
        [user] = of_type(resources, "google_sql_user")
        assert user["password_wo_version"] == 1 and user["password"] is None


def flags_of(environment):
    return [FLAG, *([CERTIFICATE_FLAG] if "patroni" in environment else [])]


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_another_number_writes_another_password_to_both_places_and_touches_no_vm(applied, tmp_path, environment):
    checkout = applied(environment).checkout.copy(tmp_path)
    flags = flags_of(environment)
    assert "No changes." in checkout.run("plan", "-var=db_password=another-password", *flags[1:])
    change(checkout, db_password_version=2)
    database = {"gcp-dev": {"module.database.google_sql_user.this"}, "gcp-prod": {"module.database[0].google_sql_user.this"}}
    assert changed(checkout.plan(*flags)) == database.get(environment, set()) | {
        "module.secrets.google_secret_manager_secret_version.this"}


def changed(plan):
    return {resource["address"] for resource in plan["resource_changes"]
            if resource["change"]["actions"] not in (["no-op"], ["read"])}


# Gentle to what runs.

def removed(plan):
    return {resource["address"] for resource in plan["resource_changes"] if "delete" in resource["change"]["actions"]}


def test_a_second_apply_changes_nothing(checkout):
    assert "No changes." in checkout.run("plan", FLAG)


@pytest.mark.parametrize("values", [
    {"image": "debian-cloud/debian-12-bookworm-v20261210"}, {"semester": "2027-10"},
    {"server_machine_type": "e2-standard-4"}], ids=str)
def test_no_change_of_the_servers_replaces_a_vm_or_its_address(checkout, values):
    """It replaces templates, for which no VM stops. terraform/roll replaces the VMs, one after the other."""
    change(checkout, **values)
    plan = checkout.plan(FLAG)
    gone = removed(plan)
    assert gone and {address.split(".")[-2] for address in gone} == {"google_compute_instance_template"}
    for resource in plan["resource_changes"]:
        if resource["address"] in gone:
            assert resource["change"]["actions"] == ["create", "delete"], "the successor comes first"
        if resource["type"] == "google_compute_instance_group_manager":
            assert resource["change"]["after"]["update_policy"][0]["type"] == "OPPORTUNISTIC"


def test_a_server_more_and_a_server_less_leave_the_others_alone(checkout):
    zones = {name: {"zone": f"southamerica-west1-{zone}"} for name, zone in (("server-1", "a"), ("server-2", "b"),
                                                                             ("server-3", "c"))}
    change(checkout, servers=zones, faculties={})
    assert "server-1" not in str(changed(checkout.plan(FLAG)))
    checkout.apply(FLAG)
    change(checkout, servers={name: zones[name] for name in ("server-1", "server-3")})
    gone = removed(checkout.plan(FLAG))
    assert gone and all('"server-2"' in address for address in gone)


def test_a_disk_that_has_grown_is_no_reason_to_replace_the_database(checkout):
    file = checkout.folder / "terraform.tfstate"
    state = json.loads(file.read_text())
    [database] = [resource for resource in state["resources"] if resource["type"] == "google_sql_database_instance"]
    database["instances"][0]["attributes"]["settings"][0]["disk_size"] = 500
    file.write_text(json.dumps(state))
    assert "No changes." in checkout.run("plan", FLAG)


def test_the_protected_database_is_not_destroyed_before_its_protection_is_off(checkout):
    assert "cannot be destroyed while" in checkout.run("destroy", "-auto-approve", FLAG, status=1)
    change(checkout, deletion_protection=False)
    checkout.apply(FLAG)
    checkout.run("destroy", "-auto-approve", FLAG)
    assert "values" not in checkout.state()


# The database VMs.

@pytest.fixture
def with_patroni(applied, tmp_path):
    return applied("gcp-prod-patroni").checkout.copy(tmp_path)


def test_another_number_of_the_certificate_writes_it_again_and_touches_no_vm(with_patroni):
    change(with_patroni, database_certificate_version=2)
    assert changed(with_patroni.plan(FLAG, CERTIFICATE_FLAG)) == {
        "module.certificate[0].google_secret_manager_secret_version.this"}


@pytest.mark.parametrize("values", [{"database_image": "debian-cloud/debian-13-trixie-v20261210"},
                                    {"database_machine_type": "e2-standard-4"}], ids=str)
def test_no_change_of_the_database_vms_replaces_one_or_its_disk(with_patroni, values):
    change(with_patroni, **values)
    gone = removed(with_patroni.plan(FLAG, CERTIFICATE_FLAG))
    assert len(gone) == 3 and all("google_compute_instance_template" in address for address in gone)


def test_another_kind_of_database_is_refused_in_the_plan_until_the_protection_is_off(with_patroni):
    change(with_patroni, database="cloud-sql")
    assert "database is not that of the first apply" in with_patroni.run("plan", FLAG, status=1).replace("\n", " ")
    change(with_patroni, deletion_protection=False)
    with_patroni.run("plan", FLAG)


def test_protected_disks_are_neither_destroyed_nor_replaced_before_their_protection_is_off(with_patroni):
    flags = [FLAG, CERTIFICATE_FLAG]
    disks = {values["disk_id"] for values in disks_of(with_patroni)}
    assert "The disks of the database are protected" in with_patroni.run("destroy", "-auto-approve", *flags, status=1)
    change(with_patroni, database_zones=["southamerica-west1-a", "southamerica-west1-c", "southamerica-west1-b"])
    assert "The disks of the database are protected" in with_patroni.run("apply", "-auto-approve", *flags, status=1)
    assert {values["disk_id"] for values in disks_of(with_patroni)} == disks and len(disks) == 6
    change(with_patroni, database_zones=["southamerica-west1-a", "southamerica-west1-b", "southamerica-west1-c"],
           deletion_protection=False)
    with_patroni.apply(*flags)
    with_patroni.run("destroy", "-auto-approve", *flags)
    assert "values" not in with_patroni.state()


def disks_of(checkout):
    return of_type(list(of_module(checkout.state()["values"]["root_module"])), "google_compute_disk")


def test_patroni_gets_the_settings_of_the_runs_that_lost_no_commit(applied):
    files = files_of(applied("gcp-prod-patroni").state, "dti-database-1")
    lines = dict(re.findall(r'^ +"(\w+)": (.+)$', files["/etc/patroni/config.yml"], re.MULTILINE))
    for part in (settings.CLUSTER, settings.POSTGRESQL, settings.PARAMETERS):
        for name, value in settings.values(part).items():
            assert json.loads(lines[name]) == value, name
    etcd = dict(line.split("=", 1) for line in files["/etc/default/etcd"].splitlines())
    for name, value in settings.values(settings.ETCD).items():
        if name != "pre-vote":  # the default since 3.5
            assert etcd[f"ETCD_{name.replace('-', '_').upper()}"] == str(value)


def files_of(state, vm):
    """{path: content} of a VM."""
    metadata = vms(list(of_module(state["values"]["root_module"])))[vm]
    return {path: metadata[name] for kind, name, _, path in
            (line.split(" ") for line in metadata["dti-manifest"].splitlines() if line.startswith("file "))}


# What the VMs get.

def vms(resources):
    return {values["name_prefix"].rstrip("-"): values["metadata"]
            for values in of_type(resources, "google_compute_instance_template")}


def test_the_server_accepts_its_settings_and_the_faculty_its_own(applied, tmp_path):
    """Their paths are those of the VM; here they are in a folder."""
    metadata = vms(list(of_module(applied("gcp-prod").state["values"]["root_module"])))
    key = new_key(tmp_path, "own")
    for vm, program, name in (("dti-server-1", "dti_server", "dti.toml"), ("dti-faculty-derecho", "faculty", "derecho.toml")):
        for line in metadata[vm]["dti-manifest"].splitlines():
            kind, *parts = line.split(" ")
            if kind == "file":
                file = tmp_path / parts[2].rsplit("/", 1)[1]
                text = metadata[vm][parts[0]].replace("/etc/dti/", f"{tmp_path}/")
                file.write_text(re.sub('^key = ".*"', f'key = "{key.path}"', text, flags=re.MULTILINE))
        assert 'listen = "curve://0.0.0.0:' in (tmp_path / name).read_text() and "plain" not in (tmp_path / name).read_text()
        status, _, stderr = run(tmp_path, program, f"--config={tmp_path / name}", "--check-config")
        assert (status, stderr) == (0, "")


def test_a_vm_gets_the_script_of_the_module_and_only_its_own_packages(applied):
    plan = applied("gcp-prod").plan
    script = (TERRAFORM / "modules/vm/startup.sh").read_text(encoding="utf-8")
    for name, metadata in vms(list(of_module(plan["planned_values"]["root_module"]))).items():
        assert metadata["startup-script"] == script, name
        assert len(script) < 256 * 1024


# Alerts.

def test_the_alerts_have_the_names_the_expressions_and_the_numbers_of_the_rules_for_prometheus(resources):
    rules = (MONITORING / "dti.rules.yml").read_text(encoding="utf-8")
    wanted = {}
    for name, body in re.findall(r"^ +- alert: (\w+)\n((?: {8}.*\n)+)", rules, re.MULTILINE):
        lines, line = re.search(r"^ +expr: (?:>-\n((?: {10}.*\n)+)|(.*)$)", body, re.MULTILINE).groups()
        time = re.search(r"^ +for: (\d+)([sm])$", body, re.MULTILINE)
        seconds = int(time[1]) * {"s": 1, "m": 60}[time[2]] if time else 0
        wanted[name] = (" ".join((lines or line).split()), f"{seconds}s",
                        re.search(r"^ +severity: (\w+)$", body, re.MULTILINE)[1].upper())
    assert len(wanted) > 8
    found = {}
    for policy in of_type(resources, "google_monitoring_alert_policy"):
        [condition] = policy["conditions"]
        [query] = condition["condition_prometheus_query_language"]
        found[policy["display_name"]] = (" ".join(query["query"].split()), query["duration"], policy["severity"])
        assert not re.search(r"{{|}}", "".join(texts(policy["documentation"])))
    assert found == wanted
