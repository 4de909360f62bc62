"""The settings of Patroni, etcd and PostgreSQL that lose no commit, each with its reason. The run uses them as they are
here, and docs/operations.md has those of Patroni and PostgreSQL for operators."""

CLUSTER = (  # of the whole cluster: Patroni keeps them in etcd
    ("synchronous_mode", True, "only the last primary or its synchronous standby may be promoted"),
    ("synchronous_mode_strict", True, "without a standby, commits wait; otherwise the primary would continue alone"),
    ("synchronous_node_count", 1, "two of three nodes have each commit; with 2, the loss of one node stops all commits"),
    ("maximum_lag_on_failover", 1048576, "the default; it limits the loss of asynchronous replication only"),
    ("ttl", 20, "a primary that is silent for so long is replaced; Patroni raises smaller values to 20"),
    ("loop_wait", 2, "how often each node checks; loop_wait + 2 * retry_timeout must not exceed ttl"),
    ("retry_timeout", 5, "a primary that cannot reach etcd for so long gives up its role before ttl ends"),
    ("primary_start_timeout", 0, "after a crash, fail over at once; the default tries to restart for 300 s"),
    ("primary_stop_timeout", 10, "a PostgreSQL that does not stop is killed, so that it cannot delay a failover"),
    ("failsafe_mode", False, "a primary without etcd gives up its role; failsafe mode needs every node reachable"),
    ("check_timeline", True, "a node on another timeline than the last primary is not promoted"),
)
POSTGRESQL = (  # beside them, in the same place
    ("use_pg_rewind", True, "an old primary returns as a standby, without its commits that no standby has"),
    ("use_slots", True, "the primary keeps the write-ahead log that an absent standby needs, up to the limit below"),
)
PARAMETERS = (  # of PostgreSQL itself
    ("synchronous_commit", "on", "a commit waits for the standby's flush; dti_server sets it for its session too"),
    ("wal_log_hints", "on", "pg_rewind needs it or data checksums; the run has both"),
    ("wal_sender_timeout", "5s", "a standby that is cut off blocks commits until the primary drops it; default: 60 s"),
    ("wal_receiver_timeout", "5s", "a standby that is cut off connects again after this time; default: 60 s"),
    ("max_slot_wal_keep_size", "10GB", "about a third of the disk, which an absent standby would fill; one that is behind "
                                       "more must be copied again"),
)
TRIAL_PARAMETERS = {  # for a small cluster that starts often, on small disks; they do not change what is promised
    "max_connections": 50, "shared_buffers": "32MB", "max_wal_size": "128MB", "min_wal_size": "64MB",
    "wal_keep_size": "64MB", "checkpoint_timeout": "60s", "log_checkpoints": "off", "max_slot_wal_keep_size": "256MB",
}
WATCHDOG = {"mode": "off"}  # softdog would reset the machine of all three nodes
ETCD = (
    ("heartbeat-interval", 200, "in ms; the default is 100; the members share a busy machine"),
    ("election-timeout", 2000, "in ms; the default is 1,000; well below Patroni's retry_timeout"),
    ("pre-vote", "true", "a member that is cut off does not disturb the others; the default since 3.5"),
)
SCOPE = "dti"
POSTGRESQL_PORT, REST_PORT, ETCD_PORT, ETCD_PEER_PORT = 5432, 8008, 2379, 2380


def values(settings):
    return {name: value for name, value, _ in settings}


def dynamic_configuration():
    """What Patroni keeps in etcd."""
    return {**values(CLUSTER), "postgresql": {**values(POSTGRESQL),
                                              "parameters": {**values(PARAMETERS), **TRIAL_PARAMETERS}}}


def used():
    """All settings of a run, with the values that it has."""
    return [(name, TRIAL_PARAMETERS.get(name, value), reason)
            for part in (CLUSTER, POSTGRESQL, PARAMETERS, ETCD) for name, value, reason in part]


def operators_configuration():
    """Lines of YAML for `patronictl edit-config`."""
    parts = (("", CLUSTER), ("  ", POSTGRESQL), ("    ", PARAMETERS))
    titles = {"  ": ["postgresql:"], "    ": ["  parameters:"]}
    lines = []
    for indent, settings in parts:
        lines += titles.get(indent, [])
        for name, value, reason in settings:
            shown = str(value).lower() if isinstance(value, bool) else '"on"' if value == "on" else value
            lines.append(f"{f'{indent}{name}: {shown}':36}# {reason}")
    return lines


def node_configuration(name, address, etcd_addresses, folder, data, bin_folder):
    """What is in the file of one node. JSON is YAML, so that no library is needed to write it."""
    trusted = ["local all all trust", *(f"host {database} all 10.77.0.0/24 trust" for database in ("all", "replication"))]
    roles = {role: {"username": username, "password": "of-no-use-because-all-are-trusted"} for role, username in
             (("superuser", "postgres"), ("replication", "replicator"), ("rewind", "rewinder"))}
    return {
        "scope": SCOPE, "name": name,
        "restapi": dict.fromkeys(("listen", "connect_address"), f"{address}:{REST_PORT}"),
        "etcd3": {"hosts": [f"{etcd}:{ETCD_PORT}" for etcd in etcd_addresses]},
        "bootstrap": {"dcs": dynamic_configuration(),
                      "initdb": [{"encoding": "UTF8"}, {"locale": "C.UTF-8"}, "data-checksums"]},
        "postgresql": {
            **dict.fromkeys(("listen", "connect_address"), f"{address}:{POSTGRESQL_PORT}"),
            "data_dir": str(data), "bin_dir": str(bin_folder), "pgpass": str(folder / "pgpass"),
            "authentication": roles, "pg_hba": trusted, "use_unix_socket": True,
            "parameters": {"unix_socket_directories": str(folder)}},
        "watchdog": WATCHDOG,
    }
