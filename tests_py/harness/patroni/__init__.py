"""Three PostgreSQL under Patroni with a three-node etcd, on hosts of a run's own."""
