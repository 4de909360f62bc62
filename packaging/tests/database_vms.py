"""Writes what VMs of the environment gcp-prod with database = "patroni" get from Google: database_vms.py FOLDER

FOLDER has the packages. FOLDER/vms/NAME then has the metadata of each VM (attributes), and all share the secrets and the
packages (secrets, objects), in the form of google.py. FOLDER/vms/certificates has the certificates. Terraform applies the environment, with the provider of
tests/terraform/provider; the certificates are made by terraform/certificates. Exit code 77: it cannot run here; stderr gives
the reason."""

import hashlib
import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT))

from tests_py.harness.terraform_provider import CannotBuild, Terraform, build_mirror  # noqa: E402

REGION = "southamerica-west1"
PASSWORD = "a:pass/word$(of)`the`database"  # with what is special for libpq, psql and a shell


def variables(folder, packages, certificates):
    return {
        "project": "example", "region": REGION, "client_cidrs": ["10.50.0.0/16"], "semester": "2025-10", "classrooms": 380,
        "labs": 60, "alert_emails": ["operations@example.org"], "image": "debian-cloud/debian-13-trixie-v20261110",
        "servers": {f"server-{zone}": {"zone": f"{REGION}-{zone}"} for zone in "ab"},
        "packages_folder": str(folder), "packages": packages,
        "allow_plaintext": True,  # of the servers: this is about the database
        "database": "patroni", "database_zones": [f"{REGION}-{zone}" for zone in "abc"],
        "database_image": "debian-cloud/debian-13-trixie-v20261110",
        "database_ca_certificate": (certificates / "ca.pem").read_text(),
        "database_certificate": (certificates / "node.pem").read_text(), "db_password": PASSWORD,
    }


def resources(module):
    yield from module.get("resources", [])
    for child in module.get("child_modules", []):
        yield from resources(child)


def metadata(folder, packages, certificates, base):
    """(name, metadata) of each VM, from the state after an apply."""
    terraform = Terraform(build_mirror(base), base, source=ROOT / "terraform", below="environments/gcp-prod").init()
    (terraform.folder / "a.auto.tfvars.json").write_text(json.dumps(variables(folder, packages, certificates)))
    terraform.apply()
    for resource in resources(terraform.state()["values"]["root_module"]):
        if resource["type"] == "google_compute_instance_template":
            yield resource["values"]["name_prefix"].rstrip("-"), resource["values"]["metadata"]


def main(folder):
    vms = folder / "vms"
    shutil.rmtree(vms, ignore_errors=True)
    files = {name: next(folder.glob(f"{name}_*.deb")) for name in ("dti-server", "dti-clients")}
    packages = {name: {"version": file.name.split("_")[1], "sha256": hashlib.sha256(file.read_bytes()).hexdigest()}
                for name, file in files.items()}
    with tempfile.TemporaryDirectory() as base:
        certificates = Path(base) / "certificates"
        subprocess.run([ROOT / "terraform/certificates", certificates, "dti.internal"], check=True)
        for name, attributes in metadata(folder, packages, certificates, Path(base)):
            place = vms / name / "attributes"
            place.mkdir(parents=True)
            for attribute, text in attributes.items():
                (place / attribute).write_text(text)
            for shared in ("secrets", "objects"):
                (vms / name / shared).symlink_to(f"../{shared}")
        bucket = vms / "objects/example-dti-packages"
        bucket.mkdir(parents=True)
        for name, file in files.items():
            shutil.copy(file, bucket / f"{name}_{packages[name]['sha256']}.deb")
        (vms / "secrets").mkdir()
        (vms / "secrets/dti-db-password").write_text(PASSWORD)
        shutil.copy(certificates / "node.pem", vms / "secrets/dti-database-certificate")
        shutil.copytree(certificates, vms / "certificates")
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(Path(sys.argv[1]).resolve()))
    except CannotBuild as missing:
        print(f"database_vms: {missing}", file=sys.stderr)
        sys.exit(77)
