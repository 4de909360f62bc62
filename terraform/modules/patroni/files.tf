# The files of the VMs. None of them is secret: they are in the metadata.

locals {
  role = "${local.folder}/role"
  tls  = { ca = "${local.folder}/ca.pem", node = "${local.folder}/node.pem" } # node.pem has the key and the certificate

  # The settings that lose no commit; docs/operations.md has the reason for each. Patroni keeps them in etcd and takes them
  # from here only when the cluster is made: change them with `patronictl edit-config`.
  settings = {
    synchronous_mode        = true
    synchronous_mode_strict = true
    synchronous_node_count  = 1
    maximum_lag_on_failover = 1048576
    ttl                     = 20
    loop_wait               = 2
    retry_timeout           = 5
    primary_start_timeout   = 0
    primary_stop_timeout    = 10
    failsafe_mode           = false
    check_timeline          = true
    postgresql = {
      use_pg_rewind = true
      use_slots     = true
      parameters = {
        synchronous_commit     = "on"
        wal_log_hints          = "on"
        wal_sender_timeout     = "5s"
        wal_receiver_timeout   = "5s"
        max_slot_wal_keep_size = "${floor(var.data_disk_size / 3)}GB"
      }
    }
  }

  client_tls = { sslmode = "verify-full", sslrootcert = local.tls.ca, sslcert = local.tls.node, sslkey = local.tls.node }

  patroni = { for name, node in local.nodes : name => {
    scope = var.name
    name  = name

    restapi = {
      listen          = "0.0.0.0:${local.ports.patroni}"
      connect_address = "${node.host}:${local.ports.patroni}"
      certfile        = local.tls.node
      cafile          = local.tls.ca
      verify_client   = "optional" # a call that changes something needs a certificate
    }

    ctl = { cacert = local.tls.ca, certfile = local.tls.node }

    etcd3 = {
      hosts    = [for host in local.hosts : "${host}:${local.ports.etcd}"]
      protocol = "https"
      cacert   = local.tls.ca
      cert     = local.tls.node
      key      = local.tls.node
    }

    bootstrap = {
      dcs            = local.settings
      initdb         = [{ encoding = "UTF8" }, { locale = "C.UTF-8" }, "data-checksums"]
      post_bootstrap = local.role
    }

    postgresql = {
      listen               = "0.0.0.0:${local.ports.postgresql}"
      connect_address      = "${node.host}:${local.ports.postgresql}"
      data_dir             = "${local.paths.data}/postgresql"
      bin_dir              = "/usr/lib/postgresql/17/bin"
      pgpass               = "/run/patroni/pgpass"
      use_unix_socket      = true
      use_unix_socket_repl = true
      basebackup           = [{ checkpoint = "fast" }] # else a new standby waits for minutes

      # No password but that of dti: the others are known by their certificate, or by the user of the VM.
      authentication = {
        superuser   = { username = "postgres" }
        replication = merge({ username = "replicator" }, local.client_tls)
        rewind      = merge({ username = "rewinder" }, local.client_tls)
      }
      pg_hba = [
        "local all postgres peer",
        "local replication replicator peer map=nodes",
        "hostssl replication replicator all cert map=nodes",
        "hostssl postgres rewinder all cert map=nodes",
        "hostssl ${local.database} ${local.user} all scram-sha-256",
      ]
      pg_ident = ["nodes postgres replicator", "nodes dti-database replicator", "nodes dti-database rewinder"]

      parameters = {
        unix_socket_directories = "/run/postgresql"
        ssl                     = "on"
        ssl_ca_file             = local.tls.ca
        ssl_cert_file           = local.tls.node
        ssl_key_file            = local.tls.node
      }
    }

    watchdog = { mode = var.watchdog }
  } }

  etcd = { for name, node in local.nodes : name => {
    NAME                        = name
    DATA_DIR                    = "${local.paths.etcd}/member"
    LISTEN_CLIENT_URLS          = "https://0.0.0.0:${local.ports.etcd}"
    LISTEN_PEER_URLS            = "https://0.0.0.0:${local.ports.etcd_peer}"
    ADVERTISE_CLIENT_URLS       = "https://${node.host}:${local.ports.etcd}"
    INITIAL_ADVERTISE_PEER_URLS = "https://${node.host}:${local.ports.etcd_peer}"
    INITIAL_CLUSTER             = join(",", [for other in local.names : "${other}=https://${local.nodes[other].host}:${local.ports.etcd_peer}"])
    INITIAL_CLUSTER_TOKEN       = var.name
    CERT_FILE                   = local.tls.node
    KEY_FILE                    = local.tls.node
    TRUSTED_CA_FILE             = local.tls.ca
    CLIENT_CERT_AUTH            = "true"
    PEER_CERT_FILE              = local.tls.node
    PEER_KEY_FILE               = local.tls.node
    PEER_TRUSTED_CA_FILE        = local.tls.ca
    PEER_CLIENT_CERT_AUTH       = "true"
    HEARTBEAT_INTERVAL          = "200"
    ELECTION_TIMEOUT            = "2000"
    AUTO_COMPACTION_RETENTION   = "1" # hour; Patroni writes each two seconds, and etcd stops at 2 GiB of old values
  } }

  files = { for name, node in local.nodes : name => {
    (local.tls.ca)            = var.ca_certificate
    "/etc/patroni/config.yml" = "# Written at each boot from the metadata of this VM. Change it with Terraform.\n${yamlencode(local.patroni[name])}"
    "/etc/default/etcd"       = join("", [for key, value in local.etcd[name] : "ETCD_${key}=${value}\n"])

    (local.role) = templatefile("${path.module}/role.tftpl", {
      folder = local.folder, host = node.host, port = local.ports.postgresql, user = local.user, database = local.database
    })

    # etcdctl of an operator.
    "${local.folder}/etcdctl.env" = join("", [
      "ETCDCTL_ENDPOINTS=${join(",", [for host in local.hosts : "https://${host}:${local.ports.etcd}"])}\n",
      "ETCDCTL_CACERT=${local.tls.ca}\nETCDCTL_CERT=${local.tls.node}\nETCDCTL_KEY=${local.tls.node}\n",
    ])

    # Patroni alone makes and starts the cluster.
    "/etc/postgresql-common/createcluster.d/dti.conf" = "create_main_cluster = false\n"

    # An upgrade of these packages restarts them: an operator does that, one VM after the other.
    "/etc/apt/apt.conf.d/52dti-database" = "Unattended-Upgrade::Package-Blacklist { \"^postgresql\"; \"^patroni$\"; \"^etcd-\"; };\n"

    "/etc/systemd/system/etcd.service.d/dti.conf" = <<-END
      [Unit]
      RequiresMountsFor=${local.paths.etcd}
      StartLimitIntervalSec=0
      [Service]
      # The first start waits for another member, and a start after an outage for its name.
      TimeoutStartSec=infinity
      Restart=always
      RestartSec=5
      SupplementaryGroups=ssl-cert
      ExecStartPre=+/usr/bin/install -d -o etcd -g etcd -m 700 ${local.paths.etcd}/member
    END

    "/etc/systemd/system/patroni.service.d/dti.conf" = join("", [<<-END
      [Unit]
      RequiresMountsFor=${local.paths.data}
      After=etcd.service
      StartLimitIntervalSec=0
      [Service]
      RestartSec=5
      SupplementaryGroups=ssl-cert
      RuntimeDirectory=patroni
      RuntimeDirectoryMode=0755
      RuntimeDirectoryPreserve=yes
      ExecStartPre=+/usr/bin/install -d -o postgres -g postgres -m 700 ${local.paths.data}/postgresql
    END
      , var.watchdog == "off" ? "" : "ExecStartPre=-+/sbin/modprobe softdog\nExecStartPre=-+/bin/chown postgres /dev/watchdog\n",
    ])
  } }
}
