# A VM that only its operators and its clients reach, and that no apply replaces.

mock_provider "google" {}

variables {
  name            = "dti-server-1"
  region          = "southamerica-west1"
  zone            = "southamerica-west1-a"
  labels          = { application = "dti" }
  subnetwork      = "projects/example/regions/southamerica-west1/subnetworks/dti"
  tags            = ["dti-server"]
  service_account = "dti-server@example.iam.gserviceaccount.com"
  machine_type    = "e2-small"
  image           = "debian-cloud/debian-12-bookworm-v20261110"
  packages        = { dti-server = { version = "0.1.0+deb12", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/dti-server.deb" } }
  services        = ["dti-server"]
}

run "it_is_closed" {
  command = plan

  assert {
    condition     = length(google_compute_instance_template.this.network_interface[0].access_config) == 0
    error_message = "no external address"
  }

  assert {
    condition     = google_compute_instance_template.this.metadata["enable-oslogin"] == "TRUE" && google_compute_instance_template.this.metadata["block-project-ssh-keys"] == "TRUE" && google_compute_instance_template.this.metadata["serial-port-enable"] == "FALSE"
    error_message = "OS Login, no keys of the project, no serial port"
  }

  assert {
    condition     = google_compute_instance_template.this.shielded_instance_config[0].enable_secure_boot && google_compute_instance_template.this.shielded_instance_config[0].enable_vtpm && google_compute_instance_template.this.shielded_instance_config[0].enable_integrity_monitoring
    error_message = "a shielded VM"
  }

  assert {
    condition     = google_compute_instance_template.this.service_account[0].email == var.service_account
    error_message = "an account of its own"
  }
}

run "an_apply_replaces_no_vm" {
  command = plan

  assert {
    condition     = google_compute_instance_group_manager.this.update_policy[0].type == "OPPORTUNISTIC"
    error_message = "only an operator does"
  }

  assert {
    condition     = google_compute_instance_group_manager.this.update_policy[0].replacement_method == "RECREATE" && google_compute_instance_group_manager.this.update_policy[0].max_surge_fixed == 0
    error_message = "the name and the address stay"
  }

  assert {
    condition     = google_compute_instance_template.this.name_prefix == "dti-server-1-"
    error_message = "a template in use has a successor with another name"
  }

  assert {
    condition     = google_compute_per_instance_config.this.name == "dti-server-1" && one(google_compute_per_instance_config.this.preserved_state[0].internal_ip).auto_delete == "NEVER"
    error_message = "the one member keeps its name and address"
  }
}

run "a_vm_that_failed_comes_back_with_the_newest_packages" {
  command = plan

  assert {
    condition     = google_compute_instance_group_manager.this.instance_lifecycle_policy[0].default_action_on_failure == "REPAIR" && google_compute_instance_group_manager.this.instance_lifecycle_policy[0].force_update_on_repair == "YES"
    error_message = "those of an older template may be gone"
  }
}

run "the_manifest_has_files_then_packages_then_services" {
  command = plan

  variables {
    files  = { "/etc/dti/dti.toml" = { content = "port = 6000\n" }, "/etc/dti/a.pem" = { content = "A", mode = "0600" } }
    pgpass = { secret = "projects/example/secrets/dti", prefix = "db:5432:dti:dti" }
  }

  assert {
    condition     = google_compute_instance_template.this.metadata["dti-manifest"] == "file dti-file-0 0600 /etc/dti/a.pem\nfile dti-file-1 0644 /etc/dti/dti.toml\npgpass projects/example/secrets/dti db:5432:dti:dti /etc/dti/credentials/pgpass\npackage dti-server 0.1.0+deb12 0000000000000000000000000000000000000000000000000000000000000000 bucket/dti-server.deb\nservice dti-server\n"
    error_message = "one line for each"
  }

  assert {
    condition     = google_compute_instance_template.this.metadata["dti-file-1"] == "port = 6000\n"
    error_message = "the content is an attribute of its own"
  }
}

run "without_a_database_there_is_no_password_file" {
  command = plan

  assert {
    condition     = !strcontains(google_compute_instance_template.this.metadata["dti-manifest"], "pgpass")
    error_message = "no line for it"
  }
}

run "a_health_check_makes_the_group_heal" {
  command = plan

  variables {
    health_check = "projects/example/global/healthChecks/dti"
  }

  assert {
    condition     = google_compute_instance_group_manager.this.auto_healing_policies[0].initial_delay_sec == 900
    error_message = "after the packages are installed"
  }
}

run "without_a_health_check_the_group_does_not_heal" {
  command = plan

  assert {
    condition     = length(google_compute_instance_group_manager.this.auto_healing_policies) == 0
    error_message = "no policy"
  }
}

run "disks_secrets_and_debians_packages_have_lines_too" {
  command = plan

  variables {
    disks             = { data = { source = "projects/example/zones/southamerica-west1-a/disks/data", path = "/srv/data" } }
    secrets           = { "/etc/dti/key.pem" = { secret = "projects/example/secrets/key", mode = "0640", owner = "root:ssl-cert" } }
    debian_packages   = ["postgresql", "patroni"]
    packages          = {}
    services          = ["etcd", "patroni"]
    restarts_services = false
    programs          = { "/etc/dti/role" = "postgres" }
  }

  assert {
    condition     = google_compute_instance_template.this.metadata["dti-manifest"] == "disk data /srv/data\ndebian postgresql\ndebian patroni\nsecret projects/example/secrets/key 0640 root:ssl-cert /etc/dti/key.pem\nstart etcd\nstart patroni\nrun postgres /etc/dti/role\n"
    error_message = "one line for each, in the order in which they are needed"
  }

  assert {
    condition     = one(google_compute_per_instance_config.this.preserved_state[0].disk).delete_rule == "NEVER" && one(google_compute_per_instance_config.this.preserved_state[0].disk).device_name == "data"
    error_message = "the disk stays when the VM is gone"
  }
}

run "without_disks_the_group_keeps_none" {
  command = plan

  assert {
    condition     = length(google_compute_per_instance_config.this.preserved_state[0].disk) == 0
    error_message = "a new VM has a new disk"
  }
}
