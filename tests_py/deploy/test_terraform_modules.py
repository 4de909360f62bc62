"""terraform/modules and the environments on Google Cloud: Terraform accepts them, their own tests pass, and these tests
cover each condition and each resource that is optional. The examples of the READMEs can be planned."""

import re
import subprocess

import pytest

from tests_py.harness.process import HANG_SECONDS, ROOT

TERRAFORM = ROOT / "terraform"
MODULES = sorted(path.name for path in (TERRAFORM / "modules").iterdir())
FOLDERS = [*(f"modules/{name}" for name in MODULES), "environments/gcp-dev", "environments/gcp-prod"]
FILES = {"main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md", "tests"}
PASSWORD = "a-password-of-an-example"
PROVIDER = """
provider "google" {
  project = "example"
  region  = "southamerica-west1"
}
"""


def text_of(folder, pattern):
    return "\n".join(path.read_text(encoding="utf-8") for path in sorted((TERRAFORM / folder).glob(pattern)))


@pytest.mark.parametrize("folder", FOLDERS)
def test_terraform_accepts_it_and_its_tests_pass(terraform, folder):
    checkout = terraform(source=TERRAFORM, below=folder)
    checkout.run("validate")
    checkout.run("fmt", "-check", "-recursive")
    found = re.search(r"(\d+) passed, 0 failed\.", checkout.run("test"))
    assert found and int(found[1]) == len(re.findall(r'^run "', text_of(folder, "tests/*.hcl"), re.MULTILINE))


@pytest.mark.parametrize("folder", FOLDERS)
def test_it_has_the_usual_files_and_names_its_versions(folder):
    assert {path.name for path in (TERRAFORM / folder).iterdir()} >= FILES
    versions = text_of(folder, "versions.tf")
    assert 'required_version = ">= 1.11, < 2"' in versions
    assert 'version = "= 6.50.0"' in versions


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_variable_has_a_type_and_each_variable_and_output_a_description(folder):
    for kind, wanted in (("variable", ("description", "type")), ("output", ("description", "value"))):
        blocks = blocks_of(text_of(folder, "*.tf"), kind)
        assert blocks
        for name, body in blocks:
            for argument in wanted:
                assert re.search(rf"^  {argument} +=", body, re.MULTILINE), f"{name} has no {argument}"


def blocks_of(text, kind):
    """(name, body) of each block at the beginning of a line."""
    return re.findall(rf'^{kind} (?:"\w+" )?"(\w+)" {{\n(.*?)^}}', text, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("folder", FOLDERS)
def test_each_condition_has_a_run_that_it_refuses(folder):
    text = text_of(folder, "*.tf")
    refused = re.findall(r"expect_failures = \[([\w.]+)\]", text_of(folder, "tests/*.hcl"))
    for kind, prefix, condition in (("variable", "var.", "validation"), ("check", "check.", "assert")):
        for name, body in blocks_of(text, kind):
            count = len(re.findall(rf"^  {condition} {{", body, re.MULTILINE))
            assert refused.count(prefix + name) >= count, f"{prefix}{name}"
    for resource, name, body in re.findall(r'^resource "(\w+)" "(\w+)" {\n(.*?)^}', text, re.MULTILINE | re.DOTALL):
        count = len(re.findall(r"^    (?:pre|post)condition {", body, re.MULTILINE))
        assert refused.count(f"{resource}.{name}") >= count, f"{resource}.{name}"


@pytest.mark.parametrize("folder", [f"modules/{name}" for name in MODULES])
def test_each_switch_has_runs_with_it_and_without_it(folder):
    """A switch is a variable that is true or false, or that can be left out. Runs that do not set it have its default."""
    text = text_of(folder, "tests/*.hcl")
    for name, body in blocks_of(text_of(folder, "*.tf"), "variable"):
        kind, value = (re.search(rf"^  {argument} += (\S+)", body, re.MULTILINE) for argument in ("type", "default"))
        if kind[1] == "bool":
            other = "false" if value and value[1] == "true" else "true"
            assert re.search(rf"\b{name} += {other}\b", text), f"{name} is never {other}"
        elif value and value[1] in ("null", "{}", "[]", '""'):
            assert re.search(rf"\b{name} += (?!null)", text), f"{name} is never set"


@pytest.mark.parametrize("folder", [f"modules/{name}" for name in MODULES])
def test_the_example_of_its_readme_can_be_planned(terraform, folder):
    [example] = re.findall(r"^```hcl\n(.*?)^```", text_of(folder, "README.md"), re.MULTILINE | re.DOTALL)
    checkout = terraform(source=TERRAFORM, below=folder)
    place = checkout.folder.parents[1] / "examples/this"
    place.mkdir(parents=True)
    (place / "main.tf").write_text(PROVIDER + example)
    checkout.folder = place
    assert "0 to change, 0 to destroy" in checkout.init().run("plan")


@pytest.mark.parametrize("folder", ["environments/gcp-dev", "environments/gcp-prod"])
def test_the_example_of_the_environment_can_be_planned(terraform, folder):
    [example] = re.findall(r"^```tfvars\n(.*?)^```", text_of(folder, "README.md"), re.MULTILINE | re.DOTALL)
    checkout = terraform(source=TERRAFORM, below=folder)
    (checkout.folder / "terraform.tfvars").write_text(example)
    assert "0 to change, 0 to destroy" in checkout.run("plan", f"-var=db_password={PASSWORD}")


def test_the_tables_of_the_readmes_are_those_of_the_variables_and_outputs():
    result = subprocess.run([TERRAFORM / "tables.py", "--check"], capture_output=True, text=True, timeout=HANG_SECONDS)
    assert (result.returncode, result.stdout) == (0, ""), "run terraform/tables.py"


def test_the_environments_have_the_inputs_and_outputs_of_the_local_one():
    def names(folder, kind):
        return {name for name, _ in blocks_of(text_of(folder, "*.tf"), kind)}

    inputs = names("environments/local", "variable") - {"directory", "binaries", "process_manager"}
    outputs = names("environments/local", "output") - {"directory"}
    for folder in ("environments/gcp-dev", "environments/gcp-prod"):
        assert inputs <= names(folder, "variable")
        assert outputs <= names(folder, "output")
