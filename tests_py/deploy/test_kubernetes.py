"""deploy/kubernetes: what kustomize makes of it fits the schemas of Kubernetes and our rules, and each rule finds its mistake."""

import re
import shutil
import subprocess

import pytest

from tests_py.harness.deploy.kubernetes_policy import (
    RULES, all_containers, containers, daemons, faults, migration, of_kind, secrets_of, server)
from tests_py.harness.postgresql import APP, AUDITOR, PASSWORD, ROLES
from tests_py.harness.process import HANG_SECONDS, ROOT, binary, clean_environment, run, running
from tests_py.harness.prometheus import FOLDER as MONITORING, is_installed
from tests_py.harness.scenario import POOL, SEMESTER
from tests_py.harness.wire import OK, Client, grant, new_key, request

FOLDER = ROOT / "deploy/kubernetes"
OVERLAYS = ("base", "example")


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_resources_break_no_rule(manifests, overlay):
    resources = manifests.read("kustomize", FOLDER / overlay)
    assert len(resources) > 10 and len(RULES) > 12
    assert faults(resources) == {}


MISTAKES = [  # the rule that finds it, the file, the text, the mistake
    ("readiness_does_not_ask_for_the_leader", "server.yaml", "path: /readyz", "path: /leader"),
    ("readiness_does_not_ask_for_the_leader", "faculty.yaml", "path: /readyz", "path: /leader"),
    ("liveness_needs_neither_the_database_nor_a_role", "server.yaml", "httpGet: {path: /livez, port: http}\n            periodSeconds: 10",
     "httpGet: {path: /readyz, port: http}\n            periodSeconds: 10"),
    ("liveness_waits_longer_than_a_failover", "server.yaml", "periodSeconds: 10", "periodSeconds: 2"),
    ("there_are_two_servers_with_an_address_each", "server.yaml", "replicas: 2", "replicas: 1"),
    ("there_are_two_servers_with_an_address_each", "server.yaml", "$(POD_NAME).dti-server.", "dti-server."),
    ("the_service_of_the_servers_has_all_names_always", "server.yaml", "  publishNotReadyAddresses: true\n", ""),
    ("the_service_of_the_servers_has_all_names_always", "server.yaml", "  clusterIP: None\n", ""),
    ("each_faculty_lists_every_server", "faculty.yaml", ",dti-server-1.dti-server:6000", ""),
    ("a_drain_takes_one_server_at_a_time_and_never_hangs", "server.yaml", "  unhealthyPodEvictionPolicy: AlwaysAllow\n", ""),
    ("a_drain_takes_one_server_at_a_time_and_never_hangs", "server.yaml", "maxUnavailable: 1", "minAvailable: 2"),
    ("each_pod_has_time_to_drain", "server.yaml", "terminationGracePeriodSeconds: 30", "terminationGracePeriodSeconds: 1"),
    ("what_no_policy_names_is_refused", "network.yaml", "policyTypes: [Ingress, Egress]", "policyTypes: [Ingress]"),
    ("what_no_policy_names_is_refused", "network.yaml", "namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: database}}",
     "ipBlock: {cidr: 0.0.0.0/0}"),
    ("pods_can_look_up_names_and_servers_reach_the_database", "network.yaml", "{port: 53, protocol: UDP}, ", ""),
    ("pods_can_look_up_names_and_servers_reach_the_database", "network.yaml", "5432", "5433"),
    ("only_faculties_and_monitoring_reach_a_server", "network.yaml",
     "podSelector: {matchLabels: {app.kubernetes.io/component: faculty}}\n      ports: [{port: requests}]",
     "podSelector: {matchLabels: {app.kubernetes.io/part-of: dti}}\n      ports: [{port: requests}]"),
    ("what_no_policy_names_is_refused", "network.yaml", "{matchLabels: {kubernetes.io/metadata.name: database}}", "{}"),
    ("what_no_policy_names_is_refused", "network.yaml", 'namespaceSelector: {matchLabels: {dti-programs: "true"}}',
     "namespaceSelector: {matchLabels: {}}"),
    ("only_programs_and_monitoring_reach_a_faculty", "network.yaml", 'dti-programs: "true"',
     "kubernetes.io/metadata.name: kube-system"),
    ("only_programs_and_monitoring_reach_a_faculty", "network.yaml", "ports: [{port: http}]",
     "ports: [{port: http}, {port: requests}]"),
    ("pods_reach_only_names_servers_and_the_database", "network.yaml", "podSelector: {matchLabels: {k8s-app: kube-dns}}",
     "podSelector: {matchLabels: {k8s-app: anything}}"),
    ("pods_reach_only_names_servers_and_the_database", "network.yaml", "kubernetes.io/metadata.name: database",
     'dti-programs: "true"'),
    ("pods_reach_only_names_servers_and_the_database", "network.yaml",
     "podSelector: {matchLabels: {app.kubernetes.io/name: dti-server}}\n      ports: [{port: 6000}]",
     "podSelector: {matchLabels: {app.kubernetes.io/part-of: dti}}\n      ports: [{port: 6000}]"),
    ("servers_check_the_certificate_of_the_database", "dti.toml", "sslmode=verify-full", "sslmode=require"),
    ("servers_check_the_certificate_of_the_database", "server.yaml", "pgpass, ca.crt,", "pgpass,"),
    ("servers_check_the_certificate_of_the_database", "migrate.yaml", "pgpass, ca.crt,", "pgpass,"),
    ("servers_check_the_certificate_of_the_database", "kustomization.yaml", "sslmode=verify-full", "sslmode=require"),
    ("only_the_migration_connects_as_the_owner_and_has_its_secret", "dti.toml", "dti_app@", "dti_owner@"),
    ("only_the_migration_connects_as_the_owner_and_has_its_secret", "kustomization.yaml", "dti_owner@", "dti_app@"),
    ("only_the_migration_connects_as_the_owner_and_has_its_secret", "server.yaml", "secret: {name: dti-database}",
     "secret: {name: dti-database-owner}"),
    ("only_the_migration_connects_as_the_owner_and_has_its_secret", "server.yaml", "secret: {name: dti-server-key}",
     "secret: {name: dti-server-key}\n              - secret: {name: dti-database-owner}"),
    ("only_the_migration_connects_as_the_owner_and_has_its_secret", "server.yaml", "{name: PGPASSFILE, value: /run/dti/pgpass}",
     "{name: OWNER, valueFrom: {secretKeyRef: {name: dti-database-owner, key: pgpass}}}"),
    ("only_the_migration_connects_as_the_owner_and_has_its_secret", "faculty.yaml", "          env:\n",
     "          envFrom: [{secretRef: {name: dti-database-owner}}]\n          env:\n"),
    ("only_the_migration_connects_as_the_owner_and_has_its_secret", "migrate.yaml", "secretName: dti-database-owner",
     "secretName: dti-database"),
    ("the_migration_gives_the_servers_their_rights_after_it", "migrate.yaml", "[/usr/bin/dtictl, migrate]", "[/usr/bin/dtictl, verify]"),
    ("the_migration_gives_the_servers_their_rights_after_it", "migrate.yaml", "--file=/run/dti/roles.sql", "--command=SELECT"),
    ("pods_can_look_up_names_and_servers_reach_the_database", "network.yaml", "name: dti-migrate}}", "name: dti-migration}}"),
    ("pods_have_no_rights", "migrate.yaml", "drop: [ALL]", "drop: [NET_RAW]"),
    ("images_have_a_version", "kustomization.yaml", '  - {name: postgres, newTag: "17.6"}\n', ""),
    ("every_endpoint_is_secured", "server.yaml", 'svc:6000"]', 'svc:6000", "--bind=0.0.0.0"]'),
    ("every_endpoint_is_secured", "server.yaml", "{name: PGPASSFILE,", "{name: DTI_ALLOW_PLAINTEXT, value: 'true'}\n            - {name: PGPASSFILE,"),
    ("every_endpoint_is_secured", "dti.toml", "key = ", 'listen = "tcp://0.0.0.0:6000"\nkey = '),
    ("every_endpoint_is_secured", "dti.toml", 'keys = "/etc/dti/keys.toml"\n', ""),
    ("every_endpoint_is_secured", "faculty.yaml", "--keys=/etc/dti/keys.toml", "--listen=tcp://0.0.0.0:5000"),
    ("every_endpoint_is_secured", "faculty.yaml", "name: DTI_SERVER_KEY", "name: DTI_SERVER_KEYS"),
    ("each_pod_has_a_secret_key_of_its_own_that_it_cannot_change", "server.yaml", "secret: {name: dti-server-key}",
     "secret: {name: dti-certificate}"),
    ("each_pod_has_a_secret_key_of_its_own_that_it_cannot_change", "faculty.yaml", "faculty-ingenieria-key", "dti-server-key"),
    ("each_pod_has_a_secret_key_of_its_own_that_it_cannot_change", "faculty.yaml", "mountPath: /run/dti, readOnly: true",
     "mountPath: /run/dti"),
    ("each_pod_has_a_secret_key_of_its_own_that_it_cannot_change", "keys.toml", "# Public", 'secret = "5fa2"\n# Public'),
    ("pods_have_no_rights", "server.yaml", "readOnlyRootFilesystem: true", "readOnlyRootFilesystem: false"),
    ("pods_have_no_rights", "faculty.yaml", "runAsNonRoot: true", "runAsNonRoot: false"),
    ("pods_have_no_rights", "namespace.yaml", "restricted", "privileged"),
    ("memory_has_a_limit_and_processors_a_request", "faculty.yaml", "            limits: {memory: 256Mi}  # more than --memory-max\n", ""),
    ("a_container_may_use_more_memory_than_its_process", "faculty.yaml", "            - --memory-max=192\n", ""),
    ("a_container_may_use_more_memory_than_its_process", "server.yaml", "1280Mi", "1024Mi"),
    ("images_have_a_version", "kustomization.yaml", "  - {name: dti-server, newTag: 0.1.0}\n", ""),
    ("there_is_no_password", "server.yaml", "{name: PGPASSFILE, value: /run/dti/pgpass}", "{name: PGPASSWORD, value: secret}"),
    ("there_is_no_password", "migrate.yaml", "valueFrom: {configMapKeyRef: {name: dti-migrate, key: store}}", "value: secret"),
    ("there_is_no_password", "dti.toml", "sslmode=verify-full", "sslmode=verify-full&password=secret"),
]


@pytest.mark.parametrize("name, file, text, mistake", MISTAKES, ids=lambda it: str(it)[:50].strip().replace("\n", " "))
def test_a_rule_finds_each_mistake(manifests, tmp_path, name, file, text, mistake):
    folder = shutil.copytree(FOLDER / "base", tmp_path / "base")
    before = (folder / file).read_text(encoding="utf-8")
    assert text in before
    (folder / file).write_text(before.replace(text, mistake, 1), encoding="utf-8")
    assert name in faults(manifests.read("kustomize", folder))


def test_each_rule_has_a_mistake():
    assert {name for name, *_ in MISTAKES} == set(RULES)


@pytest.mark.parametrize("file, text, mistake, fault", [
    ("server.yaml", "readinessProbe:", "readynessProbe:", "additional properties 'readynessProbe' not allowed"),
    ("server.yaml", "replicas: 2", "replicas: two", "got string, want null or integer"),
    ("server.yaml", "maxUnavailable: 1\n", "maxUnavailable: [1]\n", "StatefulSet|PodDisruptionBudget"),
    ("faculty.yaml", "kind: Deployment", "kind: Deploymnt", "no schema for"),
    ("network.yaml", "policyTypes: [Ingress]", "policyType: [Ingress]", "additional properties 'policyType' not allowed"),
])
def test_what_kubernetes_would_refuse_is_refused(manifests, tmp_path, file, text, mistake, fault):
    folder = shutil.copytree(FOLDER / "base", tmp_path / "base")
    before = (folder / file).read_text(encoding="utf-8")
    assert text in before
    (folder / file).write_text(before.replace(text, mistake, 1), encoding="utf-8")
    status, output = manifests.call("kustomize", folder)
    assert status == 1 and re.search(fault, output), output


def replaced(text, names):
    for name, other in names.items():
        text = text.replace(name, other)
    return text


def images_listen():
    """(the endpoint, its port) by the stage of the image."""
    text = (ROOT / "deploy/images/Dockerfile").read_text(encoding="utf-8")
    stages = re.split(r"^FROM \S+ AS (\w+)$", text, flags=re.MULTILINE)[1:]
    found = {name: re.search(r"^ENV .*DTI_LISTEN=(\S+:(\d+))", text, re.MULTILINE) for name, text in zip(stages[::2], stages[1::2])}
    return {name: (match[1], int(match[2])) for name, match in found.items() if match}


def test_the_images_listen_at_secured_endpoints_only():
    assert images_listen() == {"server": ("curve://0.0.0.0:6000", 6000), "clients": ("curve://0.0.0.0:5000", 5000)}
    text = (ROOT / "deploy/images/Dockerfile").read_text(encoding="utf-8")
    assert "DTI_BIND" not in text and "PLAINTEXT" not in text and "dtictl key new" not in text


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_the_programs_accept_their_settings(manifests, tmp_path, overlay):
    resources = manifests.read("kustomize", FOLDER / overlay)
    key = new_key(tmp_path, "dti")
    configs = {each["metadata"]["name"].rpartition("-")[0]: each["data"] for each in of_kind(resources, "ConfigMap")}
    names = {"$(POD_NAME)": "dti-server-0", "$(POD_NAMESPACE)": "dti"}
    for workload, container in containers(resources):
        arguments = [re.sub(r"\$\(\w+\)", lambda found: names[found[0]], each) for each in container["args"]]
        is_server = workload == server(resources)["metadata"]["name"]
        folder = tmp_path / workload
        folder.mkdir()
        here = {"/run/dti/faculty.key": str(key.path), "/run/dti/dti.key": str(key.path), "/etc/dti": str(folder)}
        for name, text in configs[workload].items():
            (folder / name).write_text(replaced(text, here), encoding="utf-8")
        if is_server:
            arguments.append(f"--config={folder}/dti.toml")
        listen, port = images_listen()["server" if is_server else "clients"]
        assert port in [each["containerPort"] for each in container["ports"]]
        server_key = configs[workload].get("server-key") or key.public  # the base has none: a college has its own
        status, _, log = run(folder, "dti_server" if is_server else "faculty", *(replaced(each, here) for each in arguments),
                             "--check-config", env={"DTI_LISTEN": listen, "DTI_SERVER_KEY": server_key})
        assert status == 0, log


def address(store):
    """What an address of PostgreSQL has after its role."""
    return re.search(r"postgresql://\w+@([^\s\"]+)", store)[1]


@pytest.mark.parametrize("overlay", OVERLAYS)
def test_only_the_migration_has_the_secret_of_the_owner_and_it_is_of_the_servers_database(manifests, overlay):
    resources = manifests.read("kustomize", FOLDER / overlay)
    job, store = migration(resources)
    assert secrets_of(job["spec"]["template"]) == {"dti-database-owner"}
    assert secrets_of(server(resources)["spec"]["template"]) == {"dti-database", "dti-server-key"}
    [config] = [each["data"]["dti.toml"] for each in of_kind(resources, "ConfigMap") if "dti.toml" in each["data"]]
    assert address(store) == address(re.search("^store = .*$", config, re.MULTILINE)[0])


def test_the_image_of_the_migration_is_that_of_compose(manifests):
    resources = manifests.read("kustomize", FOLDER / "base")
    images = {container["image"] for _, container in all_containers(resources) if container["image"].startswith("postgres:")}
    project = manifests.read("compose", ROOT / "deploy/compose/compose.yaml")
    assert images == {project["services"]["database"]["image"]}


def run_the_migration(job, folder, store):
    """The commands of its containers, in order, as the user of the tests. `folder` has its Secret."""
    (folder / "run").mkdir(exist_ok=True)
    here = {"$(DTI_STORE)": store, "/run/dti": f"{folder}/run", "/usr/bin/dtictl": binary("dtictl"),
            "/usr/share/dti/postgresql/roles.sql": str(ROLES)}
    spec = job["spec"]["template"]["spec"]
    for container in (*spec["initContainers"], *spec["containers"]):
        command = [replaced(each, here) for each in container["command"]]
        result = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=HANG_SECONDS,
                                env=clean_environment(folder, {"DTI_STORE": store, "PGPASSFILE": f"{folder}/run/pgpass"}))
        assert result.returncode == 0, (command, result.stderr)


def test_after_the_migration_a_server_without_the_schema_serves_and_a_second_run_changes_nothing(manifests, cluster, tmp_path):
    job, _ = migration(manifests.read("kustomize", FOLDER / "base"))
    database = cluster.create_database()
    subprocess.run(["psql", "--no-psqlrc", "--quiet", f"--file={ROLES}", cluster.uri(database, "postgres")], check=True,
                   timeout=HANG_SECONDS, env=clean_environment(tmp_path))
    cluster.sql("postgres", f"ALTER ROLE dti_owner PASSWORD '{PASSWORD}'", user="postgres")
    (tmp_path / "pgpass").write_text(f"*:*:*:dti_owner:{PASSWORD}\n")
    (tmp_path / "ca.crt").write_text("not used here")
    owners = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
    run_the_migration(job, tmp_path, cluster.tcp_uri(database, "dti_owner"))
    with running(tmp_path, *POOL, f"--store={cluster.app_uri(database)}") as dti, Client(dti.endpoint) as client:
        assert grant(client, request(SEMESTER, "Derecho", ("Derecho Civil", 7, 2))) == [(OK, 7, 2, 0)]
        run_the_migration(job, tmp_path, cluster.tcp_uri(database, "dti_owner"))
        assert grant(client, request(SEMESTER, "Derecho", ("Derecho Penal", 7, 2))) == [(OK, 7, 2, 0)]
    assert cluster.sql(database, owners, user="postgres") == [["dti_owner"]]
    assert (APP, AUDITOR) == ("dti_app", "dti_auditor")  # those of roles.sql
    cluster.drop_database(database)
    cluster.sql("postgres", "DROP ROLE dti_owner", user="postgres")


def test_an_overlay_has_its_own_images_settings_and_database(manifests):
    base, example = (manifests.read("kustomize", FOLDER / overlay) for overlay in OVERLAYS)
    assert {container["image"].split("/")[0] for _, container in all_containers(example)} == {"registry.example.org"}
    configs = [each for resources in (base, example) for each in of_kind(resources, "ConfigMap") if "dti.toml" in each["data"]]
    assert configs[0]["metadata"]["name"] != configs[1]["metadata"]["name"], "a changed config file restarts no server"
    for name in ("dti-server", "dti-migrate"):
        policy, = [each for each in of_kind(example, "NetworkPolicy") if each["metadata"]["name"] == name]
        assert policy["spec"]["egress"][0]["to"] == [{"ipBlock": {"cidr": "10.20.0.3/32"}}]
    campus = {"ipBlock": {"cidr": "10.30.0.0/16"}}
    policy, = [each for each in of_kind(example, "NetworkPolicy") if each["metadata"]["name"] == "faculties"]
    assert policy["spec"]["ingress"][0]["from"][1:] == [campus]
    service, = [each["spec"] for each in of_kind(example, "Service") if each["spec"].get("type") == "LoadBalancer"]
    assert service["selector"] == {"app.kubernetes.io/name": "faculty-ingenieria"}
    assert service["loadBalancerSourceRanges"] == [campus["ipBlock"]["cidr"]]


def test_a_copy_of_the_example_works_beside_the_base(manifests, tmp_path):
    for folder, name in (("base", "base"), ("example", "college")):
        shutil.copytree(FOLDER / folder, tmp_path / name)
    assert manifests.read("kustomize", tmp_path / "college") == manifests.read("kustomize", FOLDER / "example")


def test_prometheus_finds_each_pod_in_the_job_that_the_rules_expect(manifests):
    text = (FOLDER / "prometheus.yml").read_text(encoding="utf-8")
    texts = re.split(r"^  - job_name: (\S+)$", text, flags=re.MULTILINE)[1:]
    jobs = {name: re.findall(r"action: keep, source_labels: \[(\w+)\], regex: ([\w-]+)}", text)
            for name, text in zip(texts[::2], texts[1::2])}
    found = {}
    for name, pod in daemons(manifests.read("kustomize", FOLDER / "base")):
        labels = {f"__meta_kubernetes_pod_label_{re.sub('[./-]', '_', key)}": value
                  for key, value in pod["metadata"]["labels"].items()}
        for port in (port for container in pod["spec"]["containers"] for port in container["ports"]):
            meta = {**labels, "__meta_kubernetes_pod_container_port_name": port["name"]}
            found[name, port["containerPort"]] = [
                job for job, kept in jobs.items() if all(meta.get(label) == value for label, value in kept)]
    assert found == {("dti-server", 6000): [], ("dti-server", 6080): ["dti"],
                     ("faculty-ingenieria", 5000): [], ("faculty-ingenieria", 5080): ["dti-faculty"]}


@pytest.mark.skipif(not is_installed(), reason="Prometheus is not installed")
def test_prometheus_accepts_the_jobs(tmp_path):
    # Debian builds Prometheus without the part for Kubernetes: here, the jobs find their targets in a list.
    text, count = re.subn(r"kubernetes_sd_configs: \[\{role: pod, namespaces: \{names: \[dti\]\}\}\]", "static_configs: []",
                          (FOLDER / "prometheus.yml").read_text(encoding="utf-8"))
    assert count == 2
    (tmp_path / "prometheus.yml").write_text(text, encoding="utf-8")
    shutil.copy(MONITORING / "dti.rules.yml", tmp_path)
    result = subprocess.run(["promtool", "check", "config", tmp_path / "prometheus.yml"], capture_output=True, text=True)
    assert result.returncode == 0 and "SUCCESS" in result.stdout, result.stdout + result.stderr
