"""Rules for what the Terraform configurations for Google Cloud plan. Each rule is a function with the name of a claim;
it yields each fault. A plan is the JSON of `terraform show -json`."""

import ipaddress
import json
import re

WIDEST_PREFIX = 8
PASSWORD = "correct-horse-battery"  # of the database, in a plan that is checked
KEY = "bm90LWEta2V5"  # of the database VMs, in the same way
CERTIFICATE = f"-----BEGIN PRIVATE KEY-----\n{KEY}\n-----END PRIVATE KEY-----\n"
SECRET_KEY = "5ec2e7" * 10 + "5ec2"  # of servers and faculties, in the same way
KEY_FILE = f'# secret\nname = "dti"\npublic = "{"ab" * 32}"\nsecret = "{SECRET_KEY}"\n'
LABELS = {"application", "environment"}
BASIC_ROLES = {"roles/owner", "roles/editor", "roles/viewer"}
# Roles that read or change more than the resource to which an account needs access.
BROAD_ROLES = re.compile(r"roles/([a-zA-Z]+\.)?(admin|.*[aA]dmin|secretmanager\.secretAccessor|storage\.objectViewer)$")
PUBLIC = {"allUsers", "allAuthenticatedUsers"}
WITH_SECRETS = {"google_sql_user": ["password"], "google_secret_manager_secret_version": ["secret_data"],
                "google_sql_database_instance": ["root_password"]}


def resources(plan, *types):
    """(address, values) of what is planned to exist, also in modules. Values that are not known yet are missing."""
    def walk(module):
        yield from module.get("resources", [])
        for child in module.get("child_modules", []):
            yield from walk(child)
    for resource in walk(plan["planned_values"]["root_module"]):
        if resource["mode"] == "managed" and (not types or resource["type"] in types):
            yield resource["address"], resource["values"]


def settings(plan):
    """The database instances: address, their values, their settings, and of these the block ip_configuration."""
    for address, values in resources(plan, "google_sql_database_instance"):
        block = first(values, "settings")
        yield address, values, block, first(block, "ip_configuration")


def first(values, name):
    """The only block with that name, or an empty one."""
    return (values.get(name) or [{}])[0]


# The network.

def firewalls_name_their_sources(plan):
    for address, rule in resources(plan, "google_compute_firewall"):
        if rule.get("direction", "INGRESS") == "EGRESS" or rule.get("deny"):
            continue
        sources = rule.get("source_ranges") or []
        if not sources and not rule.get("source_tags") and not rule.get("source_service_accounts"):
            yield f"{address} has no source, which is the whole internet"
        for source in sources:
            if ipaddress.ip_network(source, strict=False).prefixlen < WIDEST_PREFIX:
                yield f"{address} is open to {source}"


def firewalls_open_named_ports(plan):
    for address, rule in resources(plan, "google_compute_firewall"):
        for allowed in rule.get("allow") or []:
            if allowed["protocol"] not in ("tcp", "udp") or not allowed.get("ports"):
                yield f"{address} opens all ports of {allowed['protocol']}"
            for port in allowed.get("ports") or []:
                if "-" in port:
                    yield f"{address} opens a range of ports: {port}"


def machines_have_no_external_address(plan):
    for address, machine in resources(plan, "google_compute_instance_template", "google_compute_instance"):
        for interface in machine.get("network_interface") or []:
            if interface.get("access_config") or interface.get("ipv6_access_config"):
                yield f"{address} has an external address"
    for address, values in resources(plan, "google_compute_address", "google_compute_global_address"):
        if values.get("address_type") == "EXTERNAL":
            yield f"{address} is an external address"


# The database.

def databases_have_no_public_address(plan):
    for address, _, _, network in settings(plan):
        if network.get("ipv4_enabled") is not False:
            yield f"{address} has a public address"
        if network.get("authorized_networks"):
            yield f"{address} has authorized networks"


def databases_refuse_connections_without_tls(plan):
    for address, _, _, network in settings(plan):
        if network.get("ssl_mode") not in ("ENCRYPTED_ONLY", "TRUSTED_CLIENT_CERTIFICATE_REQUIRED"):
            yield f"{address} accepts connections without TLS: ssl_mode is {network.get('ssl_mode')}"


def databases_can_be_restored_to_any_second(plan):
    for address, _, block, _ in settings(plan):
        backup = first(block, "backup_configuration")
        if not (backup.get("enabled") and backup.get("point_in_time_recovery_enabled")):
            yield f"{address} has no point-in-time recovery"


def databases_state_their_edition_and_leave_their_disk_to_grow(plan):
    for address, _, block, _ in settings(plan):
        if not block.get("edition"):
            yield f"{address} leaves its edition to Google"
        if block.get("disk_autoresize") is not True or block.get("disk_size") is not None:
            yield f"{address} has a fixed size of its disk: once it has grown, an apply replaces the database"


def databases_survive_a_zone_and_two_kinds_of_deletion(plan):
    for address, values, block, _ in settings(plan):
        if block.get("availability_type") != "REGIONAL":
            yield f"{address} is in one zone only"
        if not (values.get("deletion_protection") and block.get("deletion_protection_enabled")):
            yield f"{address} is not protected against Terraform and against other programs"


def disks_of_a_database_stay(plan):
    for address, config in resources(plan, "google_compute_per_instance_config"):
        for disk in first(config, "preserved_state").get("disk") or []:
            if disk.get("delete_rule") != "NEVER":
                yield f"{address} deletes {disk.get('device_name')} together with the VM"
    for address, disk in resources(plan, "google_compute_disk"):
        if not disk.get("create_snapshot_before_destroy"):
            yield f"{address} is destroyed without a snapshot"


def what_the_destroy_of_a_database_cannot_delete_is_abandoned(plan):
    for address, values in resources(plan, "google_sql_user", "google_sql_database",
                                     "google_service_networking_connection"):
        if values.get("deletion_policy") != "ABANDON":
            yield f"{address} would stop a destroy: deletion_policy is {values.get('deletion_policy')}"


# Secrets.

def secrets_are_write_only(plan):
    for address, values in resources(plan, *WITH_SECRETS):
        names = WITH_SECRETS[next(kind for kind in WITH_SECRETS if f"{kind}." in address)]
        yield from (f"{address} keeps {name} in the state" for name in names if values.get(name) is not None)


def no_secret_is_in_a_plan(plan):
    """Also in no metadata and in no triggers_replace: the whole plan is searched."""
    for secret in (PASSWORD, KEY, SECRET_KEY):
        for address, values in resources(plan):
            if secret in json.dumps(values):
                yield f"{address} has a secret"
        if secret in json.dumps(plan):
            yield "the plan has a secret"


# Rights.

def roles_are_narrow(plan):
    for address, values in resources(plan):
        kind = re.search(r"google_\w+_iam_(\w+)", address)
        if not kind:
            continue
        if kind[1] != "member":
            yield f"{address} takes rights away from others: use the resource that ends in _iam_member"
        role, member = values.get("role") or "", values.get("member")
        if role in BASIC_ROLES or "google_project_iam" in address and BROAD_ROLES.match(role):
            yield f"{address} grants {role}"
        if PUBLIC & {member, *(values.get("members") or [])}:
            yield f"{address} grants rights to any person"


def machines_take_logins_of_named_accounts_only(plan):
    wanted = {"enable-oslogin": "TRUE", "block-project-ssh-keys": "TRUE", "serial-port-enable": "FALSE"}
    for address, machine in resources(plan, "google_compute_instance_template", "google_compute_instance"):
        metadata = machine.get("metadata")
        if metadata is None:
            continue  # not known yet
        for name, value in wanted.items():
            if metadata.get(name) != value:
                yield f"{address} has {name} {metadata.get(name)}, not {value}"
        shielded = first(machine, "shielded_instance_config")
        if not (shielded.get("enable_secure_boot") and shielded.get("enable_vtpm")):
            yield f"{address} is not a shielded VM"


# Buckets.

def buckets_are_private(plan):
    for address, bucket in resources(plan, "google_storage_bucket"):
        if not bucket.get("uniform_bucket_level_access") or bucket.get("public_access_prevention") != "enforced":
            yield f"{address} can be made public"


# Operation.

def health_checks_ask_only_whether_the_process_lives(plan):
    for address, check in resources(plan, "google_compute_health_check", "google_compute_region_health_check"):
        path = first(check, "http_health_check").get("request_path")
        if path != "/livez":
            yield f"{address} asks for {path}: a standby, or every server without its database, would be replaced"


def no_apply_replaces_a_machine_by_itself(plan):
    for address, group in resources(plan, "google_compute_instance_group_manager"):
        update = first(group, "update_policy")
        if update.get("type") != "OPPORTUNISTIC" or update.get("replacement_method") != "RECREATE":
            yield f"{address} replaces its machine in an apply, or under another name"


def a_machine_that_failed_gets_the_newest_template(plan):
    for address, group in resources(plan, "google_compute_instance_group_manager"):
        if first(group, "instance_lifecycle_policy").get("force_update_on_repair") != "YES":
            yield f"{address} creates a failed machine again from an old template, whose packages may be gone"


def what_can_be_labelled_has_the_labels(plan):
    for address, values in resources(plan):
        labels = values.get("effective_labels", values.get("user_labels"))
        if "google_sql_database_instance" in address:
            labels = first(values, "settings").get("user_labels")
        missing = LABELS - (labels or {}).keys()
        if labels is not None and missing or labels is None and "google_sql_database_instance" in address:
            yield f"{address} has no label {', '.join(sorted(missing))}"


def images_have_a_name(plan):
    for address, machine in resources(plan, "google_compute_instance_template"):
        for disk in machine.get("disk") or []:
            image = disk.get("source_image") or ""
            if "/family/" in image or not re.search(r"-v\d{8}$", image):
                yield f"{address} has an image that changes by itself: {image}"


def apis_stay_on(plan):
    for address, values in resources(plan, "google_project_service"):
        if values.get("disable_on_destroy") is not False:
            yield f"{address} is switched off for the whole project by a destroy"


def the_provider_is_pinned(plan):
    for key, provider in plan["configuration"].get("provider_config", {}).items():
        if provider["full_name"] == "terraform.io/builtin/terraform":
            continue
        constraint = provider.get("version_constraint", "")
        if not re.fullmatch(r"(= ?)?\d+\.\d+\.\d+", constraint):
            yield f"the version of the provider {key} is not pinned: {constraint or 'any'}"


RULES = [
    firewalls_name_their_sources, firewalls_open_named_ports, machines_have_no_external_address,
    databases_have_no_public_address, databases_refuse_connections_without_tls,
    databases_can_be_restored_to_any_second, databases_state_their_edition_and_leave_their_disk_to_grow,
    what_the_destroy_of_a_database_cannot_delete_is_abandoned, secrets_are_write_only, no_secret_is_in_a_plan,
    roles_are_narrow, machines_take_logins_of_named_accounts_only, buckets_are_private,
    health_checks_ask_only_whether_the_process_lives, no_apply_replaces_a_machine_by_itself,
    a_machine_that_failed_gets_the_newest_template,
    what_can_be_labelled_has_the_labels, apis_stay_on, the_provider_is_pinned,
]
# What a trial installation may do without.
PRODUCTION_RULES = [*RULES, databases_survive_a_zone_and_two_kinds_of_deletion, disks_of_a_database_stay, images_have_a_name]


def faults(plan, rules):
    """{name of a rule: what it finds}, without the rules that find nothing."""
    found = {rule.__name__: list(rule(plan)) for rule in rules}
    return {name: texts for name, texts in found.items() if texts}
