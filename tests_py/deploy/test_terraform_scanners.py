"""checkov and tflint find nothing in the configurations for Google Cloud, apart from what has a reason beside it. The checks
of our own for checkov (tests/terraform/checkov) find what they are for."""

import copy
import json
import re
import shutil
import subprocess
from collections import defaultdict

import pytest

from tests_py.harness.process import HANG_SECONDS, ROOT

CHECKOV = ROOT / "tests/terraform/checkov"
ENVIRONMENTS = ("gcp-dev", "gcp-prod", "gcp-prod-patroni")
SCAN_SECONDS = 540  # checkov takes about 12 s of a processor
# The check that finds the mistake: a part of the resource's address, and its other values, or its other type.
MISTAKES = {
    "CKV2_DTI_1": ("google_sql_user", {"password": "in-the-state"}),
    "CKV2_DTI_2": ("google_secret_manager_secret_version", {"secret_data": "in-the-state"}),
    "CKV2_DTI_3": ("google_compute_firewall.clients", {"source_ranges": ["0.0.0.0/0"]}),
    "CKV2_DTI_4": ("google_dns_managed_zone", {"labels": None}),
    "CKV2_DTI_5": ("google_storage_bucket_iam_member", "google_storage_bucket_iam_binding"),
    "CKV_GCP_114": ("google_storage_bucket.this", {"public_access_prevention": "inherited"}),
}


def skips():
    """[(the comment above, check)] of the configuration."""
    found, comment, before = [], "", ""
    text = (CHECKOV / "config.yaml").read_text(encoding="utf-8")
    for line in text.partition("skip-check:\n")[2].splitlines():
        if line.startswith("  # "):
            comment = line[4:] if not before.startswith("  # ") else f"{comment} {line[4:]}"
        else:
            found.append((comment, re.fullmatch(r"  - (CKV2?_\w+)", line)[1]))
        before = line
    return found


def resources(module):
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources(child)


def with_mistake(plan, part, change):
    """A copy of the plan in which the resources with that part in their address have other values, or another type."""
    plan = copy.deepcopy(plan)
    changed = 0
    for resource in [*resources(plan["planned_values"]["root_module"]), *plan["resource_changes"]]:
        if part in resource["address"]:
            changed += 1
            if isinstance(change, str):
                resource["type"], resource["address"] = change, resource["address"].replace(part, change)
            else:
                (resource["change"]["after"] if "change" in resource else resource["values"]).update(change)
    assert changed >= 2
    return plan


@pytest.fixture(scope="module")
def found(applied, tmp_path_factory):
    """{name of a plan: {check: the resources in which it finds something}}. checkov runs once, without a network."""
    if not shutil.which("checkov"):
        pytest.skip("checkov is not installed: pip install checkov==3.3.30")
    plans = {name: applied(name).plan for name in ENVIRONMENTS}
    plans |= {check: with_mistake(plans["gcp-prod"], *mistake) for check, mistake in MISTAKES.items()}
    folder = tmp_path_factory.mktemp("plans")
    arguments = []
    for name, plan in plans.items():
        (folder / f"{name}.json").write_text(json.dumps(plan))
        arguments += ["-f", f"{name}.json"]
    result = subprocess.run(
        ["checkov", *arguments, "--framework=terraform_plan", "--external-checks-dir", CHECKOV / "checks",
         "--skip-download", "--output=json"], cwd=folder, stdin=subprocess.DEVNULL, capture_output=True, text=True,
        timeout=SCAN_SECONDS)
    reports = json.loads(result.stdout)
    results = {name: defaultdict(set) for name in plans}
    for report in reports if isinstance(reports, list) else [reports]:
        for check in report["results"]["failed_checks"]:
            results[check["file_path"].strip("/").removesuffix(".json")][check["check_id"]].add(check["resource"])
    return results


@pytest.mark.parametrize("environment", ENVIRONMENTS)
def test_checkov_finds_nothing_but_what_is_skipped_with_a_reason(found, environment):
    allowed = {check for _, check in skips()}
    assert {check: names for check, names in found[environment].items() if check not in allowed} == {}


def test_each_skip_has_a_reason_and_is_needed(found):
    assert all(len(reason) > 20 for reason, _ in skips())
    assert {check for _, check in skips()} == {check for name in ENVIRONMENTS for check in found[name]}


@pytest.mark.parametrize("check", MISTAKES)
def test_checkov_finds_a_mistake_and_no_other_check_does(found, check):
    assert found[check].keys() - found["gcp-prod"].keys() == {check}


def test_each_check_of_our_own_finds_a_mistake():
    own = {re.search(r'id: "(\w+)"', path.read_text())[1] for path in (CHECKOV / "checks").iterdir()}
    assert own == {check for check in MISTAKES if "DTI" in check}


# tflint.

def tflint(folder):
    if not shutil.which("tflint"):
        pytest.skip("tflint is not installed: go install github.com/terraform-linters/tflint@v0.64.0")
    result = subprocess.run(["tflint", "--recursive", f"--config={ROOT / 'terraform/.tflint.hcl'}", "--no-color"], cwd=folder,
                            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=HANG_SECONDS)
    return result.returncode, result.stdout + result.stderr


def test_tflint_finds_nothing():
    assert tflint(ROOT / "terraform") == (0, "")


def test_tflint_finds_a_variable_without_a_use(tmp_path):
    module = tmp_path / "dns"
    shutil.copytree(ROOT / "terraform/modules/dns", module)
    (module / "variables.tf").open("a").write('\nvariable "unused" {\n  description = "None."\n  type = string\n}\n')
    status, output = tflint(module)
    assert status != 0 and "terraform_unused_declarations" in output
