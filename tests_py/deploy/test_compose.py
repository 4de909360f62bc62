"""deploy/compose as Compose reads it: the services are protected, wait for each other, and show no secret."""

import json
import os
import re
import shutil
import stat
import subprocess
from pathlib import Path

import pytest

from tests_py.harness.catalogs import default_catalog
from tests_py.harness.postgresql import APP, AUDITOR, ROLE, newest_bin_folder, scratch_cluster
from tests_py.harness.process import HANG_SECONDS, ROOT, binary, run
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
    if members["database"] != {"database", "migrate", "rights", "server-1", "server-2"} or not project["networks"]["database"].get("internal"):
        yield f"{sorted(members['database'])} reach the database"
    if members["monitoring"] != {"prometheus", "grafana"}:
        yield f"{sorted(members['monitoring'])} are in the network of Grafana"
    for name in ("database", "migrate", "rights", "grafana"):
        if len(project["services"][name]["networks"]) != 1:
            yield f"{name} is in {sorted(project['services'][name]['networks'])}"


def doors(project):
    """A sentence for each service that can be used without a key, or that can read or change a secret of another one."""
    for name, service in project["services"].items():
        told = " ".join([*(service.get("environment") or {}).values(), *(service.get("command") or [])])
        variables = (service.get("environment") or {}).keys()
        if "tcp://" in told or "--bind" in told or "plaintext" in told or {"DTI_BIND", "DTI_ALLOW_PLAINTEXT"} & variables:
            yield f"{name} has a plain endpoint"
        if name.startswith("server-") and not service["environment"]["DTI_LISTEN"].startswith("curve://"):
            yield f"{name} does not say where it listens"
        for volume in service.get("volumes", []):
            users = {"credentials": {"server-1", "server-2"}, "owner": {"migrate", "rights"},
                     "programs": {"case-1", "case-2"}}.get(volume["source"], {volume["source"]})
            if name in ROOTS or volume["source"] in ("prometheus", "grafana"):
                continue
            if name not in users:
                yield f"{name} has the volume {volume['source']}"
            if not volume.get("read_only"):
                yield f"{name} can change its keys"


CHECKS = (protection, versions, secrets, limits, networks, doors)


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
    ("secrets", "postgresql://dti_app@database", "postgresql://dti_app:secret@database"),
    ("secrets", "POSTGRES_PASSWORD_FILE: /run/secrets/db-owner-password", "POSTGRES_PASSWORD: secret"),
    ("doors", "DTI_LISTEN: curve://0.0.0.0:6000", "DTI_LISTEN: curve://0.0.0.0:6000,tcp://0.0.0.0:6001"),
    ("doors", "DTI_LISTEN: curve://0.0.0.0:6000", "DTI_LISTEN: tcp://0.0.0.0:6000\n    DTI_ALLOW_PLAINTEXT: \"true\""),
    ("doors", '"--advertise=server-1:6000"]', '"--advertise=server-1:6000", "--bind=0.0.0.0"]'),
    ("doors", '"derecho:/run/dti:ro"', '"derecho:/run/dti:ro", "medicina:/run/other:ro"'),
    ("doors", '"credentials:/run/dti:ro"', '"credentials:/run/dti:ro", "owner:/run/owner:ro"'),
    ("doors", '"credentials:/run/dti:ro"', '"credentials:/run/dti"'),
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
    ("secrets: [db-owner-password, db-password]", "secrets: [password]", "password"),
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
        assert conditions[name] == {"rights": "service_completed_successfully"}
    assert conditions["rights"] == {"migrate": "service_completed_successfully"}
    assert conditions["migrate"] == {"credentials": "service_completed_successfully", "database": "service_healthy"}
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
def test_the_servers_connect_as_a_role_without_the_schema_and_the_superuser_has_no_password(project, tmp_path):
    service = project["services"]["database"]
    assert "POSTGRES_USER" not in service["environment"], "the role of the servers would be the superuser"
    [target] = [each["target"] for each in service["configs"] if each["source"] == "database"]
    assert re.fullmatch(r"/docker-entrypoint-initdb\.d/\w+\.sql", target)
    with scratch_cluster() as cluster:
        cluster.sql("postgres", f"DROP ROLE {ROLE}, {APP}, {AUDITOR}", user="postgres")
        (tmp_path / "db-password").write_text("the app's password")
        tmp_path.chmod(0o755)
        subprocess.run(["psql", "--no-psqlrc", "--quiet", "-v", "ON_ERROR_STOP=1", f"--host={cluster.folder}",
                        f"--port={cluster.port}", "--username=postgres", f"--file={FOLDER / 'database.sql'}", "postgres",
                        f"--set=roles={project['configs']['roles']['file']}"],
                       check=True, timeout=HANG_SECONDS,
                       env={**os.environ, "POSTGRES_PASSWORD": "it's a test", "SECRETS": str(tmp_path)})
        roles = ("SELECT rolname, rolsuper OR rolcreatedb OR rolcreaterole OR rolreplication, "
                 "coalesce(left(rolpassword, 5), 'none') FROM pg_authid WHERE rolcanlogin ORDER BY rolname")
        assert cluster.sql("postgres", roles, "postgres") == [
            ["dti_app", "f", "SCRAM"], ["dti_auditor", "f", "none"], ["dti_owner", "f", "SCRAM"], ["postgres", "t", "none"]]
        may = "SELECT has_schema_privilege(name, 'public', 'CREATE') FROM (VALUES ('dti_owner'), ('dti_app')) AS roles (name)"
        assert cluster.sql("dti", may, "postgres") == [["t"], ["f"]]
    for name, role in (("server-1", "dti_app"), ("server-2", "dti_app"), ("migrate", "dti_owner"), ("rights", "dti_owner")):
        told = str((project["services"][name].get("environment"), project["services"][name]["command"]))
        assert re.findall(r"postgresql://(\w+)@database/dti", told) == [role]


@pytest.fixture
def volumes(project, tmp_path):
    """The folder of the volumes, in which `credentials` has run twice, as the user of the tests."""
    folder = tmp_path / "dti"
    for volume in project["services"]["credentials"]["volumes"]:
        Path(volume["target"].replace("/run/dti", str(folder))).mkdir(parents=True)
    for secret in project["secrets"]:
        (tmp_path / secret).write_text("it's a test")
    script = Path(project["configs"]["credentials"]["file"]).read_text(encoding="utf-8")
    for text, here in (("/run/dti", str(folder)), ("/run/secrets", str(tmp_path)), ("10001:10001", f"{os.getuid()}:{os.getgid()}"),
                       ("--owner=10001 --group=10001", "")):
        assert text in script
        script = script.replace(text, here)
    runs = []
    for _ in range(2):
        subprocess.run(["sh", "-c", script], check=True, timeout=HANG_SECONDS,
                       env={**os.environ, "PATH": f"{Path(binary('dtictl')).parent}:{os.environ['PATH']}"})
        runs.append({path: path.read_text() for path in folder.rglob("*") if path.is_file()})
    assert runs[0] == runs[1]
    # In the containers, each volume is at /run/dti.
    for path in folder.rglob("faculty.toml"):
        path.write_text(path.read_text().replace(str(folder), str(path.parent)))
    return folder


def test_the_programs_accept_their_settings(project, volumes, tmp_path):
    for name, service in project["services"].items():
        image = service["image"].split(":")[0]
        if image not in OURS or service.get("entrypoint"):
            continue
        [volume] = [each["source"] for each in service["volumes"]]
        here = volumes / ("servers" if volume == "credentials" else f"faculties/{volume}")
        status, _, log = run(tmp_path, "dti_server" if image == "dti-server" else "faculty", *service["command"],
                             "--check-config", env={key: value.replace("/run/dti", str(here))
                                                    for key, value in (service.get("environment") or {}).items()})
        assert status == 0, log


def test_each_key_may_do_only_what_its_service_does(volumes, tmp_path):
    def listed(folder):
        text = run(tmp_path, "dtictl", "key", "list", f"--keys={folder}/keys.toml", "--format=json")[1]
        return {key["name"]: key["role"] for key in json.loads(text)}
    assert listed(volumes / "servers") == {name: f"faculty:{name}" for name in FACULTIES}
    for faculty in FACULTIES:
        assert listed(volumes / "faculties" / faculty) == {"programs": "office"}
    for path in volumes.rglob("*"):
        if path.is_file():
            is_secret = path.suffix == ".key" or path.name == "pgpass"
            assert stat.S_IMODE(path.stat().st_mode) == (0o600 if is_secret else 0o644), path
    secrets = [path.read_text().rpartition("secret = ")[2] for path in volumes.rglob("*.key")]
    assert len(set(secrets)) == len(FACULTIES) + 2


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
    for file in (*(secret["file"] for secret in project["secrets"].values()), FOLDER / ".env"):
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
