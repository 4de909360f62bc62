# What each VM gets, what reaches it, and each switch on and off.

mock_provider "google" {}

variables {
  name               = "dti"
  region             = "southamerica-west1"
  labels             = { application = "dti" }
  zones              = ["southamerica-west1-a", "southamerica-west1-b", "southamerica-west1-c"]
  network            = "projects/example/global/networks/dti"
  subnetwork         = "projects/example/regions/southamerica-west1/subnetworks/dti"
  domain             = "dti.internal"
  image              = "debian-cloud/debian-13-trixie-v20261110"
  ca_certificate     = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
  certificate_secret = "projects/example/secrets/dti-database-certificate"
  password_secret    = "projects/example/secrets/dti-db-password"
}

run "three_vms_have_names_that_the_servers_know" {
  command = plan

  assert {
    condition     = output.store == "postgresql://dti@database-1.dti.internal:5432,database-2.dti.internal:5432,database-3.dti.internal:5432/dti?sslmode=verify-full&target_session_attrs=read-write&sslrootcert=/etc/dti/database-ca.pem"
    error_message = "each host by its name, its certificate checked, the primary only"
  }

  assert {
    condition     = output.pgpass_prefix == "*:5432:dti:dti" && output.ca_certificates == var.ca_certificate
    error_message = "the password of each host"
  }

  assert {
    condition     = toset(keys(output.addresses)) == toset(["database-1", "database-2", "database-3"])
    error_message = "an address for each name"
  }

  assert {
    condition     = output.vms["database-3"].name == "dti-database-3" && output.vms["database-3"].zone == "southamerica-west1-c"
    error_message = "each in its zone"
  }
}

run "the_database_vms_reach_each_other_and_the_servers_reach_postgresql_only" {
  command = plan

  assert {
    condition     = google_compute_firewall.nodes.source_tags == toset(["dti-database"]) && google_compute_firewall.nodes.target_tags == toset(["dti-database"])
    error_message = "database VMs to database VMs"
  }

  assert {
    condition     = toset(one(google_compute_firewall.nodes.allow).ports) == toset(["5432", "8008", "2379", "2380"])
    error_message = "PostgreSQL, Patroni, etcd and its peers"
  }

  assert {
    condition     = google_compute_firewall.servers.source_tags == toset(["dti-server"]) && google_compute_firewall.servers.target_tags == toset(["dti-database"])
    error_message = "servers to database VMs"
  }

  assert {
    condition     = one(google_compute_firewall.servers.allow).ports == tolist(["5432"])
    error_message = "PostgreSQL"
  }

  assert {
    condition     = google_compute_firewall.nodes.source_ranges == null && google_compute_firewall.servers.source_ranges == null
    error_message = "no network of clients"
  }
}

run "postgresql_knows_all_but_the_servers_without_a_password" {
  command = plan

  assert {
    condition     = [for rule in yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).postgresql.pg_hba : rule if !startswith(rule, "hostssl ") && !startswith(rule, "local ")] == []
    error_message = "over the network with TLS only"
  }

  assert {
    condition     = [for rule in yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).postgresql.pg_hba : rule if strcontains(rule, "scram")] == ["hostssl dti dti all scram-sha-256"]
    error_message = "a password for the servers"
  }

  assert {
    condition     = alltrue([for role in values(yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).postgresql.authentication) : !contains(keys(role), "password")])
    error_message = "no password of another role"
  }

  assert {
    condition     = yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).postgresql.authentication.replication.sslmode == "verify-full" && yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).postgresql.authentication.rewind.sslmode == "verify-full"
    error_message = "a standby checks its primary"
  }
}

run "patroni_and_etcd_use_tls_and_ask_for_certificates" {
  command = plan

  assert {
    condition     = yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).restapi.verify_client == "optional" && yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).restapi.cafile == "/etc/dti-database/ca.pem" && yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).restapi.certfile == "/etc/dti-database/node.pem"
    error_message = "a change needs a certificate"
  }

  assert {
    condition     = yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).etcd3.protocol == "https" && yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).etcd3.cert == "/etc/dti-database/node.pem"
    error_message = "etcd by TLS"
  }

  assert {
    condition     = alltrue([for line in ["ETCD_CLIENT_CERT_AUTH=true", "ETCD_PEER_CLIENT_CERT_AUTH=true", "ETCD_LISTEN_CLIENT_URLS=https://0.0.0.0:2379", "ETCD_INITIAL_CLUSTER=database-1=https://database-1.dti.internal:2380,database-2=https://database-2.dti.internal:2380,database-3=https://database-3.dti.internal:2380"] : contains(split("\n", module.vm["database-2"].files["/etc/default/etcd"]), line)])
    error_message = "clients and peers of etcd have certificates"
  }
}

run "a_commit_waits_for_a_standby" {
  command = plan

  assert {
    condition     = yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).bootstrap.dcs.synchronous_mode && yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).bootstrap.dcs.synchronous_mode_strict && !yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).bootstrap.dcs.failsafe_mode
    error_message = "the settings of docs/operations.md"
  }

  assert {
    condition     = yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).bootstrap.dcs.postgresql.parameters.max_slot_wal_keep_size == "10GB"
    error_message = "a third of the disk"
  }

  assert {
    condition     = yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).watchdog.mode == "automatic" && strcontains(module.vm["database-2"].files["/etc/systemd/system/patroni.service.d/dti.conf"], "modprobe softdog\n")
    error_message = "a watchdog, if the kernel has one"
  }
}

run "without_a_watchdog_no_module_of_the_kernel_is_loaded" {
  command = plan

  variables {
    watchdog = "off"
  }

  assert {
    condition     = yamldecode(module.vm["database-2"].files["/etc/patroni/config.yml"]).watchdog.mode == "off" && !strcontains(module.vm["database-2"].files["/etc/systemd/system/patroni.service.d/dti.conf"], "softdog")
    error_message = "off"
  }
}

run "the_data_stay_when_a_vm_is_created_again" {
  command = plan

  assert {
    condition     = toset([for disk in google_compute_disk.this : disk.name]) == toset(flatten([for name in ["database-1", "database-2", "database-3"] : ["dti-${name}-data", "dti-${name}-etcd"]]))
    error_message = "a disk for PostgreSQL and one for etcd"
  }

  assert {
    condition     = google_compute_disk.this["database-2-data"].zone == "southamerica-west1-b" && google_compute_disk.this["database-2-data"].size == 30
    error_message = "in the zone of the VM"
  }
}

run "the_disks_are_protected" {
  command = plan

  assert {
    condition     = terraform_data.protection.input && alltrue([for disk in google_compute_disk.this : disk.create_snapshot_before_destroy])
    error_message = "against a destroy, and with a snapshot"
  }
}

run "the_protection_can_be_switched_off" {
  command = plan

  variables {
    deletion_protection = false
  }

  assert {
    condition     = !terraform_data.protection.input && !anytrue([for disk in google_compute_disk.this : disk.create_snapshot_before_destroy])
    error_message = "for a removal"
  }
}

run "the_disks_of_postgresql_have_snapshots" {
  command = plan

  assert {
    condition     = toset(keys(google_compute_disk_resource_policy_attachment.snapshots)) == toset(["database-1", "database-2", "database-3"]) && google_compute_disk_resource_policy_attachment.snapshots["database-1"].disk == "dti-database-1-data"
    error_message = "of each VM"
  }

  assert {
    condition     = google_compute_resource_policy.snapshots.snapshot_schedule_policy[0].retention_policy[0].max_retention_days == 30 && google_compute_resource_policy.snapshots.snapshot_schedule_policy[0].retention_policy[0].on_source_disk_delete == "KEEP_AUTO_SNAPSHOTS"
    error_message = "for a month, also without the disk"
  }
}

run "patroni_is_debians" {
  command = plan

  assert {
    condition     = alltrue([for vm in module.vm : length(vm.packages) == 0])
    error_message = "no package of the bucket"
  }
}

run "patroni_can_be_newer_than_debians" {
  command = plan

  variables {
    packages = { patroni = { version = "4.1.5-1", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/patroni.deb" }, dti-server = { version = "1.0", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/dti-server.deb" } }
  }

  assert {
    condition     = alltrue([for vm in module.vm : vm.packages == tolist(["patroni"])])
    error_message = "the package of the bucket, and no other"
  }
}

run "no_vm_is_restarted_by_a_change" {
  command = plan

  assert {
    condition     = alltrue([for vm in module.vm : vm.services == tolist(["etcd", "patroni"])])
    error_message = "etcd first"
  }
}
