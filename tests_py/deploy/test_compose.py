"""deploy/compose as Compose reads it: the services are protected, wait for each other, and show no secret."""

import json
import os
import re
import shutil
import subprocess

import pytest

from tests_py.harness.catalogs import default_catalog
from tests_py.harness.postgresql import APP, AUDITOR, ROLE, newest_bin_folder, scratch_cluster
from tests_py.harness.process import HANG_SECONDS, ROOT, run
from tests_py.harness.prometheus import FOLDER as MONITORING, is_installed

FOLDER = ROOT / "deploy/compose"
DOCKERFILE = ROOT / "deploy/images/Dockerfile"
FACULTIES = {"ciencias-sociales", "ciencias-naturales", "ingenieria", "medicina", "derecho"}
OURS = ("dti-server", "dti-clients")
ROOTS = {"database", "credentials"}  # they begin as root, because they change the owners of files


@pytest.fixture(scope="module")
def project(manifests):
    return manifests.read("compose", FOLDER / "compose.yaml")


def protection(project):
    """A sentence for each service that is not protected."""
    for name, service in project["services"].items():
        if service.get("read_only") is not True:
            yield f"{name} can write to its files"
        if service.get("cap_drop") != ["ALL"] or (service.get("cap_add") and name not in ROOTS):
            yield f"{name} has capabilities"
        if service.get("security_opt") != ["no-new-privileges:true"] or service.get("privileged"):
            yield f"{name} can get rights"
        if service.get("user", "").startswith("0") and name not in ROOTS:
            yield f"{name} is root"
        for port in service.get("ports", []):
            if port.get("host_ip") != "127.0.0.1":
                yield f"{name} is open at port {port.get('published')}"
        if any(volume.get("source", "").endswith(".sock") for volume in service.get("volumes", [])):
            yield f"{name} has the socket of the engine"


def versions(project):
    for name, service in project["services"].items():
        if not re.search(r":v?\d+\.\d+(\.\d+)?$", service["image"]):
            yield f"{name}: {service['image']} has no version"


def secrets(project):
    """A sentence for each variable or argument that looks like a secret; a file of a secret is none."""
    for name, service in project["services"].items():
        for variable, value in (service.get("environment") or {}).items():
            if re.search("PASSWORD|SECRET|TOKEN", variable) and not value.startswith("/run/secrets/"):
                yield f"{name}: {variable}"
            if re.search(r"://[^/]*:[^/]*@", value or ""):
                yield f"{name}: {variable} has a password"
    for name, secret in project["secrets"].items():
        if set(secret) - {"name", "file"}:
            yield f"the secret {name} is not a file"


def limits(project):
    """A sentence for each service that can fill the disk or the memory of the machine."""
    for name, service in project["services"].items():
        if (service.get("logging") or {}).get("driver") != "local":
            yield f"the log of {name} has no limit"
        if service["image"].split(":")[0] in OURS and service.get("restart") != "no" and "mem_limit" not in service:
            yield f"the memory of {name} has no limit"


def networks(project):
    """A sentence for each network that has other services than it should."""
    members = {}
    for name, service in project["services"].items():
        for network in service.get("networks") or {}:
            members.setdefault(network, set()).add(name)
    if members["database"] != {"database", "server-1", "server-2"} or not project["networks"]["database"].get("internal"):
        yield f"{sorted(members['database'])} reach the database"
    if members["monitoring"] != {"prometheus", "grafana"}:
        yield f"{sorted(members['monitoring'])} are in the network of Grafana"
    for name in ("database", "grafana"):
        if len(project["services"][name]["networks"]) != 1:
            yield f"{name} is in {sorted(project['services'][name]['networks'])}"


CHECKS = (protection, versions, secrets, limits, networks)


def found(project):
    return {check.__name__: sentences for check in CHECKS if (sentences := list(check(project)))}


def images_with_a_health_check(dockerfile):
    """The stages of a Dockerfile that have a HEALTHCHECK of their own."""
    stages = re.split(r"^FROM \S+ AS (\w+)$", dockerfile, flags=re.MULTILINE)[1:]
    return {name for name, text in zip(stages[::2], stages[1::2]) if re.search(r"^HEALTHCHECK (?!NONE)", text, re.MULTILINE)}


def without_health_check(project, dockerfile):
    """The services for whose health another one waits, and which have no health check."""
    stages = images_with_a_health_check(dockerfile)
    needed = {other for service in project["services"].values()
              for other, each in (service.get("depends_on") or {}).items() if each["condition"] == "service_healthy"}
    for name in needed:
        service = project["services"][name]
        if "test" not in (service.get("healthcheck") or {}) and (service.get("build") or {}).get("target") not in stages:
            yield name


def test_the_services_are_protected_have_versions_and_show_no_secret(project):
    assert len(project["services"]) > 10
    assert found(project) == {}


@pytest.mark.parametrize("check, text, mistake", [
    ("protection", "read_only: true", "read_only: false"),
    ("protection", "cap_drop: [ALL]", "cap_drop: [NET_RAW]"),
    ("protection", 'security_opt: ["no-new-privileges:true"]', "security_opt: []"),
    ("protection", '"127.0.0.1:6080:6080"', '"6080:6080"'),
    ("versions", "postgres:17.6", "postgres:latest"),
    ("versions", "image: dti-server:0.1.0", "image: dti-server"),
    ("limits", "logging: {driver: local}", "logging: {driver: json-file}"),
    ("limits", "mem_limit: 256m", "mem_reservation: 256m"),
    ("networks", "networks: [monitoring]", "networks: [default, monitoring]"),
    ("networks", "networks: [default, monitoring]", "networks: [default, database, monitoring]"),
    ("networks", "database: {internal: true}", "database: {internal: false}"),
    ("secrets", "postgresql://dti@database", "postgresql://dti:secret@database"),
    ("secrets", "POSTGRES_PASSWORD_FILE: /run/secrets/db-password", "POSTGRES_PASSWORD: secret"),
], ids=lambda it: str(it)[:40])
def test_each_check_finds_its_mistake(manifests, tmp_path, check, text, mistake):
    before = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
    assert text in before
    (tmp_path / "compose.yaml").write_text(before.replace(text, mistake, 1), encoding="utf-8")
    assert list(found(manifests.read("compose", tmp_path / "compose.yaml"))) == [check]


@pytest.mark.parametrize("text, mistake, fault", [
    ("stop_grace_period: 30s", "stop_grace_time: 30s", "stop_grace_time"),
    ("condition: service_completed_successfully", "condition: service_completed", "depends_on"),
    ("networks: [database]", "networks: [databases]", "databases"),
    ("secrets: [db-password]", "secrets: [password]", "password"),
])
def test_what_compose_would_refuse_is_refused(manifests, tmp_path, text, mistake, fault):
    before = (FOLDER / "compose.yaml").read_text(encoding="utf-8")
    assert text in before
    (tmp_path / "compose.yaml").write_text(before.replace(text, mistake, 1), encoding="utf-8")
    status, output = manifests.call("compose", tmp_path / "compose.yaml")
    assert status == 1 and fault in output, output


def test_services_wait_for_the_health_of_others(project):
    conditions = {name: {other: each["condition"] for other, each in (service.get("depends_on") or {}).items()}
                  for name, service in project["services"].items()}
    for name in ("server-1", "server-2"):
        assert conditions[name] == {"credentials": "service_completed_successfully", "database": "service_healthy"}
    for name in ("ingenieria", "derecho"):
        assert conditions[name] == {"server-1": "service_healthy", "server-2": "service_healthy"}


def test_each_service_for_whose_health_others_wait_has_a_health_check(project):
    dockerfile = DOCKERFILE.read_text(encoding="utf-8")
    assert images_with_a_health_check(dockerfile) == {"server", "clients"}
    assert list(without_health_check(project, dockerfile)) == []
    for stage, program, services in (("server", "dti_server", {"server-1", "server-2"}), ("clients", "faculty", FACULTIES)):
        mistake = re.sub(rf'^HEALTHCHECK .*"/usr/bin/{program}".*\n', "", dockerfile, flags=re.MULTILINE)
        assert stage not in images_with_a_health_check(mistake)
        assert set(without_health_check(project, mistake)) == services


def test_each_version_in_deploy_is_that_of_the_project():
    cmake = (ROOT / "CMakeLists.txt").read_text(encoding="utf-8")
    version = re.search(r"^project\(dti VERSION ([\d.]+)", cmake, re.MULTILINE)[1]
    paths = [ROOT / "docs/containers.md", *(path for path in (ROOT / "deploy").rglob("*") if path.is_file())]
    texts = {str(path.relative_to(ROOT)): path.read_text(encoding="utf-8") for path in paths}
    found = [(name, each) for name, text in texts.items()
             for each in re.findall(r"(?:dti-(?:server|clients)(?::|, newTag: )|VERSION=)(\d+\.\d+\.\d+)", text)]
    assert {name for name, _ in found} >= {"deploy/images/Dockerfile", "deploy/compose/compose.yaml", "docs/containers.md",
                                           "deploy/kubernetes/base/kustomization.yaml",
                                           "deploy/kubernetes/example/kustomization.yaml"}
    assert [each for each in found if each[1] != version] == []


@pytest.mark.skipif(newest_bin_folder() is None, reason="PostgreSQL is not installed")
def test_the_servers_connect_as_an_ordinary_role_and_the_superuser_has_no_password(project):
    service = project["services"]["database"]
    assert "POSTGRES_USER" not in service["environment"], "the role of the servers would be the superuser"
    [target] = [each["target"] for each in service["configs"] if each["source"] == "database"]
    assert re.fullmatch(r"/docker-entrypoint-initdb\.d/\w+\.sql", target)
    with scratch_cluster() as cluster:
        cluster.sql("postgres", f"DROP ROLE {ROLE}, {APP}, {AUDITOR}", user="postgres")
        subprocess.run(["psql", "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", f"--host={cluster.folder}",
                        f"--port={cluster.port}", "--username=postgres", f"--file={FOLDER / 'database.sql'}"],
                       check=True, timeout=HANG_SECONDS, env={**os.environ, "POSTGRES_PASSWORD": "it's a test"})
        roles = ("SELECT rolname, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication, "
                 "coalesce(left(rolpassword, 5), 'none') FROM pg_authid WHERE rolcanlogin ORDER BY rolname")
        assert cluster.sql("postgres", roles, "postgres") == [["dti", "f", "SCRAM"], ["postgres", "t", "none"]]
        owner = "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = 'dti'"
        assert cluster.sql("postgres", owner, "postgres") == [["dti"]]


def test_the_programs_accept_their_settings(project, tmp_path):
    for name, service in project["services"].items():
        image = service["image"].split(":")[0]
        if image not in OURS or service.get("entrypoint"):
            continue
        status, _, log = run(tmp_path, "dti_server" if image == "dti-server" else "faculty", *service["command"],
                             "--check-config", env={key: value for key, value in (service.get("environment") or {}).items()})
        assert status == 0, log


def test_the_faculties_and_their_addresses_are_those_of_the_catalogue(project):
    faculties = list(default_catalog())[:5]
    assert [project["services"][name.lower().replace(" ", "-")]["command"][0] for name in faculties] == \
        [f"--name={name}" for name in faculties]
    scraped = (FOLDER / "prometheus.yml").read_text(encoding="utf-8")
    assert sorted(re.findall(r'"([a-z-]+):5080"', scraped)) == sorted(name.lower().replace(" ", "-") for name in faculties)
    assert re.findall(r'"(server-\d):6080"', scraped) == ["server-1", "server-2"]
    assert re.findall(r"job_name: (\S+)", scraped) == ["dti", "dti-faculty"]


def test_each_file_that_the_project_names_is_there(project):
    files = [config["file"] for config in project["configs"].values()]
    assert len(files) > 5 and [file for file in files if not (ROOT / file).is_file()] == []
    secret, = project["secrets"].values()
    for file in (secret["file"], FOLDER / ".env"):
        ignored = subprocess.run(["git", "check-ignore", "--quiet", file], cwd=ROOT)
        assert ignored.returncode == 0, f"git would take {file}"


def test_grafana_opens_the_dashboard_of_the_project(project):
    service = project["services"]["grafana"]
    targets = {config["source"]: config["target"] for config in service["configs"]}
    assert service["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == targets["dashboard"]
    assert f"path: {targets['dashboard'].rpartition('/')[0]}" in (FOLDER / "grafana/dashboards.yaml").read_text()
    assert project["configs"]["dashboard"]["file"] == str(MONITORING / "grafana/dti.json")
    variables = json.loads((MONITORING / "grafana/dti.json").read_text())["templating"]["list"]
    assert any(each["type"] == "datasource" and each["query"] == "prometheus" for each in variables)


@pytest.mark.skipif(not is_installed(), reason="Prometheus is not installed")
def test_prometheus_accepts_its_configuration_and_the_rules(tmp_path):
    shutil.copy(FOLDER / "prometheus.yml", tmp_path)
    shutil.copy(MONITORING / "dti.rules.yml", tmp_path)
    result = subprocess.run(["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True)
    assert result.returncode == 0 and "SUCCESS" in result.stdout, result.stdout + result.stderr
