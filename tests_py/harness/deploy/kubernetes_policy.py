"""Rules for the resources of deploy/kubernetes. Each rule is a function of all resources, and yields a sentence for each
fault."""

import re

RULES = {}
SERVER, FACULTY = {"app.kubernetes.io/name": "dti-server"}, {"app.kubernetes.io/component": "faculty"}
MIGRATE = {"app.kubernetes.io/name": "dti-migrate"}


def rule(function):
    RULES[function.__name__] = function
    return function


def of_kind(resources, *kinds):
    return [resource for resource in resources if resource["kind"] in kinds]


def workloads(resources):
    """(name, pod) of each workload; the pod has metadata and spec."""
    return [(each["metadata"]["name"], each["spec"]["template"])
            for each in of_kind(resources, "StatefulSet", "Deployment", "Job")]


def daemons(resources):
    """(name, pod) of the servers and the faculties."""
    return [(name, pod) for name, pod in workloads(resources) if pod["spec"].get("restartPolicy", "Always") == "Always"]


def containers(resources):
    """(name of the workload, container) of the servers and the faculties, without those that only prepare."""
    return [(name, container) for name, pod in daemons(resources) for container in pod["spec"]["containers"]]


def all_containers(resources):
    """(name of the workload, container)"""
    return [(name, container) for name, pod in workloads(resources)
            for container in (*pod["spec"].get("initContainers", []), *pod["spec"]["containers"])]


def fits(selector, labels):
    return (selector or {}).get("matchLabels", {}).items() <= labels.items()


def server(resources):
    found, = of_kind(resources, "StatefulSet")
    return found


def settings(resources):
    """The config files of the servers."""
    return [each["data"]["dti.toml"] for each in of_kind(resources, "ConfigMap") if "dti.toml" in each["data"]]


def migration(resources):
    """The Job that migrates, and the address of its store."""
    job, = of_kind(resources, "Job")
    store, = [each["data"]["store"] for each in of_kind(resources, "ConfigMap") if "store" in each["data"]]
    return job, store


def secrets_of(value):
    """The names of the Secrets in a pod or a part of it, however it gets them."""
    if isinstance(value, list):
        return {name for each in value for name in secrets_of(each)}
    if not isinstance(value, dict):
        return set()
    found = {name for each in value.values() for name in secrets_of(each)}
    named = [value.get(key) or {} for key in ("secret", "secretRef", "secretKeyRef")]
    return found | {each.get("secretName") or each["name"] for each in named if each}


def path_of(container, probe):
    return container.get(f"{probe}Probe", {}).get("httpGet", {}).get("path")


@rule
def readiness_does_not_ask_for_the_leader(resources):
    for name, container in containers(resources):
        if path_of(container, "readiness") != "/readyz":
            yield f"{name}: readiness asks {path_of(container, 'readiness')}: a standby would never be ready"


@rule
def liveness_needs_neither_the_database_nor_a_role(resources):
    for name, container in containers(resources):
        for probe in ("startup", "liveness"):
            if path_of(container, probe) != "/livez":
                yield f"{name}: {probe} asks {path_of(container, probe)}: an outage of the database would restart every pod"


@rule
def liveness_waits_longer_than_a_failover(resources):
    for name, container in containers(resources):
        probe = container.get("livenessProbe", {})
        if probe.get("periodSeconds", 10) * probe.get("failureThreshold", 3) < 30:
            yield f"{name}: liveness gives up in less than 30 s"


@rule
def there_are_two_servers_with_an_address_each(resources):
    spec = server(resources)["spec"]
    container, = spec["template"]["spec"]["containers"]
    if spec["replicas"] < 2:
        yield "there is no standby"
    if not any(each.startswith("--advertise=$(POD_NAME)." + spec["serviceName"]) for each in container["args"]):
        yield "a server does not advertise the name of its pod"


@rule
def the_service_of_the_servers_has_all_names_always(resources):
    name = server(resources)["spec"]["serviceName"]
    service, = [each for each in of_kind(resources, "Service") if each["metadata"]["name"] == name]
    if service["spec"].get("clusterIP") != "None":
        yield f"{name} is not headless: clients could not choose the leader"
    if not service["spec"].get("publishNotReadyAddresses"):
        yield f"{name} hides the names of servers that are not ready"


@rule
def each_faculty_lists_every_server(resources):
    spec = server(resources)["spec"]
    wanted = [f"dti-server-{number}.{spec['serviceName']}:6000" for number in range(spec["replicas"])]
    for name, container in containers(resources):
        if name.startswith("faculty-") and f"--dti-server={','.join(wanted)}" not in container["args"]:
            yield f"{name} does not list {', '.join(wanted)}"


@rule
def a_drain_takes_one_server_at_a_time_and_never_hangs(resources):
    budgets = [each["spec"] for each in of_kind(resources, "PodDisruptionBudget") if fits(each["spec"]["selector"], SERVER)]
    if [each.get("maxUnavailable") for each in budgets] != [1]:
        yield "no budget keeps one server"
    if any(each.get("unhealthyPodEvictionPolicy") != "AlwaysAllow" for each in budgets):
        yield "a pod that is not ready blocks the drain of its node"


@rule
def each_pod_has_time_to_drain(resources):
    for name, pod in workloads(resources):
        if pod["spec"].get("terminationGracePeriodSeconds", 30) < 10:
            yield f"{name} has less than 10 s to drain"


def peers(policy, direction):
    for entry in policy["spec"].get(direction, []):
        yield entry.get("to" if direction == "egress" else "from", []), entry.get("ports", [])


@rule
def what_no_policy_names_is_refused(resources):
    policies = of_kind(resources, "NetworkPolicy")
    closed = [each for each in policies if not each["spec"]["podSelector"] and not {"ingress", "egress"} & each["spec"].keys()]
    if not any({"Ingress", "Egress"} <= set(each["spec"]["policyTypes"]) for each in closed):
        yield "no policy refuses everything else"
    for policy in policies:
        for direction in ("ingress", "egress"):
            for others, ports in peers(policy, direction):
                name = policy["metadata"]["name"]
                if not others or not all(others) or not ports:
                    yield f"{name}: a rule of {direction} without peers or ports"
                if any(each.get("ipBlock", {}).get("cidr", "").endswith("/0") for each in others):
                    yield f"{name}: {direction} for every address"
                if any(each[kind] in ({}, {"matchLabels": {}}) for each in others for kind in each if kind != "ipBlock"):
                    yield f"{name}: {direction} for every pod or namespace"


def uses_the_database(labels):
    return any(fits({"matchLabels": each}, labels) for each in (SERVER, MIGRATE))


@rule
def pods_can_look_up_names_and_servers_reach_the_database(resources):
    policies = of_kind(resources, "NetworkPolicy")
    for name, pod in workloads(resources):
        labels = pod["metadata"]["labels"]
        found = {(each.get("protocol", "TCP"), each["port"]) for policy in policies if fits(policy["spec"]["podSelector"], labels)
                 for _, ports in peers(policy, "egress") for each in ports}
        wanted = {("UDP", 53), ("TCP", 53), ("TCP", 5432 if uses_the_database(labels) else 6000)}
        if found != wanted:
            yield f"{name} reaches {sorted(found)}, not {sorted(wanted)}"


@rule
def only_faculties_and_monitoring_reach_a_server(resources):
    found = [(each, port["port"]) for policy in of_kind(resources, "NetworkPolicy") if fits(policy["spec"]["podSelector"], SERVER)
             for others, ports in peers(policy, "ingress") for each in others for port in ports]
    wanted = [({"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "monitoring"}}}, "http"),
              ({"podSelector": {"matchLabels": FACULTY}}, "requests")]
    if sorted(found, key=str) != sorted(wanted, key=str):
        yield f"a server is open to {found}"


def of_namespace(name, **pods):
    selector = {"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": name}}}
    return {**selector, "podSelector": {"matchLabels": pods["labels"]}} if pods else selector


def pods_of(resources):
    """(name, labels) of the pods of each workload."""
    return [(name, pod["metadata"]["labels"]) for name, pod in workloads(resources)]


def selected(resources, labels, direction):
    """(peer, port) of all rules for pods with these labels, without addresses outside the cluster: an overlay names them."""
    policies = [each for each in of_kind(resources, "NetworkPolicy") if fits(each["spec"]["podSelector"], labels)]
    return [(each, port["port"]) for policy in policies for others, ports in peers(policy, direction)
            for each in others if "ipBlock" not in each for port in ports]


@rule
def only_programs_and_monitoring_reach_a_faculty(resources):
    programs = {"namespaceSelector": {"matchLabels": {"dti-programs": "true"}}}
    wanted = [(of_namespace("monitoring"), "http"), (programs, "requests")]
    for name, labels in pods_of(resources):
        found = selected(resources, labels, "ingress")
        if fits({"matchLabels": FACULTY}, labels) and sorted(found, key=str) != sorted(wanted, key=str):
            yield f"{name} is open to {found}"


@rule
def pods_reach_only_names_servers_and_the_database(resources):
    names = of_namespace("kube-system", labels={"k8s-app": "kube-dns"})
    for name, labels in pods_of(resources):
        wanted = ((of_namespace("database"), 5432) if uses_the_database(labels)
                  else ({"podSelector": {"matchLabels": SERVER}}, 6000))
        for other in selected(resources, labels, "egress"):
            if other not in ((names, 53), wanted):
                yield f"{name} reaches {other}"


@rule
def servers_check_the_certificate_of_the_database(resources):
    job, owner_store = migration(resources)
    for text in (*settings(resources), f"store = {owner_store}"):
        if not re.search(r"^store = .*[?&]sslmode=verify-(full|ca)&sslrootcert=/run/dti/ca.crt\b", text, re.MULTILINE):
            yield "the store has no sslmode=verify-full: the password would be offered to any server with that name"
    for each in (server(resources), job):
        if "ca.crt" not in each["spec"]["template"]["spec"]["initContainers"][0]["command"]:
            yield f"{each['metadata']['name']} does not get the certificate of the authority"


@rule
def only_the_migration_connects_as_the_owner_and_has_its_secret(resources):
    job, owner_store = migration(resources)
    if not owner_store.startswith("postgresql://dti_owner@"):
        yield f"the migration connects to {owner_store}: the owner of the tables would be another role"
    for text in settings(resources):
        if not re.search(r'^store = "postgresql://dti_app@', text, re.MULTILINE):
            yield "the servers do not connect as dti_app"
    own = secrets_of(job["spec"]["template"])
    if not own:
        yield "the migration has no Secret"
    for name, pod in daemons(resources):
        if shared := sorted(own & secrets_of(pod)):
            yield f"{name} has {', '.join(shared)} of the owner"


@rule
def the_migration_gives_the_servers_their_rights_after_it(resources):
    spec = migration(resources)[0]["spec"]["template"]["spec"]
    commands = [" ".join(each["command"]) for each in (*spec["initContainers"], *spec["containers"])]
    if [bool(re.search(r"dtictl migrate$|roles.sql \$", each)) for each in commands] != [False, True, True]:
        yield "the migration does not run roles.sql after dtictl migrate"


PLAIN = re.compile(r"tcp://|allow[-_]plaintext|^(?:--|DTI_)?(?:bind|port|listen-port)\b", re.IGNORECASE | re.MULTILINE)


@rule
def every_endpoint_is_secured(resources):
    for name, container in containers(resources):
        is_faculty = name.startswith("faculty-")
        files = [] if is_faculty else settings(resources)
        variables = {each["name"]: each.get("value", "") for each in container.get("env", [])}
        if any(PLAIN.search(told) for told in (*container["args"], *variables, *variables.values(), *files)):
            yield f"{name} has a plain endpoint"
        flags = "\n".join(container["args"])
        if is_faculty and not ("--key=/run/dti/" in flags and "--keys=/etc/dti/" in flags and "DTI_SERVER_KEY" in variables):
            yield f"{name} has no key, no list of keys, or believes every server"
        for text in files:
            if not ('\nkey = "/run/dti/' in text and '\nkeys = "/etc/dti/' in text):
                yield f"{name} has no key or no list of keys"


@rule
def each_pod_has_a_secret_key_of_its_own_that_it_cannot_change(resources):
    owners = {}
    for name, pod in daemons(resources):
        secrets = secrets_of(pod)
        if not any(each.endswith("-key") for each in secrets):
            yield f"{name} has no Secret with its key"
        for secret in secrets:
            if owners.setdefault(secret, name) != name:
                yield f"{name} has the Secret of {owners[secret]}"
        for container in pod["spec"]["containers"]:
            for mount in container["volumeMounts"]:
                if mount["mountPath"] != "/tmp" and not mount.get("readOnly"):
                    yield f"{name} can change {mount['mountPath']}"
    for config in of_kind(resources, "ConfigMap"):
        if any(re.search(r"^\s*secret\s*=", text, re.MULTILINE) for text in config["data"].values()):
            yield f"{config['metadata']['name']} has a secret key"


@rule
def pods_have_no_rights(resources):
    for name, pod in workloads(resources):
        spec = pod["spec"]
        security = spec.get("securityContext", {})
        if not security.get("runAsNonRoot") or security.get("runAsUser") != 10001:
            yield f"{name} runs as another user than that of the image"
        if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
            yield f"{name} has no filter of system calls"
        if spec.get("automountServiceAccountToken") is not False or spec.get("enableServiceLinks") is not False:
            yield f"{name} gets a token of the API or variables of services"
        if {"hostNetwork", "hostPID", "hostIPC"} & spec.keys():
            yield f"{name} shares a namespace with its node"
    for name, container in all_containers(resources):
        if container.get("securityContext") != {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                                "capabilities": {"drop": ["ALL"]}}:
            yield f"{name}: the container {container['name']} has rights"
    for namespace in of_kind(resources, "Namespace"):
        if namespace["metadata"]["labels"].get("pod-security.kubernetes.io/enforce") != "restricted":
            yield "the namespace accepts pods with rights"


@rule
def memory_has_a_limit_and_processors_a_request(resources):
    for name, container in all_containers(resources):
        resources_of = container.get("resources", {})
        if not {"cpu", "memory"} <= resources_of.get("requests", {}).keys() or "memory" not in resources_of.get("limits", {}):
            yield f"{name}: the container {container['name']} has no request or no limit"


@rule
def a_container_may_use_more_memory_than_its_process(resources):
    for name, container in containers(resources):
        told = re.search(r"--memory-max=(\d+)", " ".join(container["args"]))
        used = int(told[1]) if told else 1024  # MiB, the default
        limit = container.get("resources", {}).get("limits", {}).get("memory", "")
        if limit.endswith("Mi") and int(limit[:-2]) < 1.25 * used:
            yield f"{name}: the container is ended before --memory-max closes connections"


@rule
def images_have_a_version(resources):
    for name, container in all_containers(resources):
        version = container["image"].partition(":")[2]
        if version in ("", "latest"):
            yield f"{name}: {container['image']} has no version"


@rule
def there_is_no_password(resources):
    if of_kind(resources, "Secret"):
        yield "a Secret is in the files"
    for text in (text for each in of_kind(resources, "ConfigMap") for text in each["data"].values()):
        if "password" in text.lower().replace("without a password", ""):
            yield "a config file has a password"
    for name, container in all_containers(resources):
        for variable in container.get("env", []):
            if variable["name"] == "PGPASSWORD" or (variable["name"] == "DTI_STORE" and "value" in variable):
                yield f"{name}: the variable {variable['name']} would show the password"


def faults(resources):
    """{name of the rule: its sentences}, of the rules that found a fault."""
    found = {name: list(check(resources)) for name, check in RULES.items()}
    return {name: sentences for name, sentences in found.items() if sentences}
