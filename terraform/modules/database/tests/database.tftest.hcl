# The settings that protect the ledger, and each switch on and off.

mock_provider "google" {}

variables {
  region           = "southamerica-west1"
  labels           = { application = "dti" }
  network          = "projects/example/global/networks/dti"
  password         = "correct-horse-battery"
  password_version = 1
}

run "it_is_regional_private_encrypted_and_protected" {
  command = plan

  assert {
    condition     = google_sql_database_instance.this.settings[0].availability_type == "REGIONAL" && google_sql_database_instance.this.settings[0].edition == "ENTERPRISE"
    error_message = "two zones; the edition is stated"
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].ip_configuration[0].ipv4_enabled == false && google_sql_database_instance.this.settings[0].ip_configuration[0].private_network == var.network
    error_message = "no public address"
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].ip_configuration[0].ssl_mode == "ENCRYPTED_ONLY"
    error_message = "TLS only"
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].backup_configuration[0].enabled && google_sql_database_instance.this.settings[0].backup_configuration[0].point_in_time_recovery_enabled
    error_message = "backups, and recovery of any second"
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].backup_configuration[0].transaction_log_retention_days == 7
    error_message = "seven days of logs"
  }

  assert {
    condition     = google_sql_database_instance.this.deletion_protection && google_sql_database_instance.this.settings[0].deletion_protection_enabled && google_sql_database_instance.this.settings[0].retain_backups_on_delete
    error_message = "both protections, and the backups are kept"
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].maintenance_window[0].update_track == "stable"
    error_message = "maintenance comes late"
  }
}

run "the_disk_grows_and_has_no_size_to_shrink_to" {
  command = plan

  assert {
    condition     = google_sql_database_instance.this.settings[0].disk_autoresize && google_sql_database_instance.this.settings[0].disk_autoresize_limit == 100
    error_message = "up to the limit"
  }
}

run "a_destroy_does_not_fail_at_objects_in_use" {
  command = plan

  assert {
    condition     = google_sql_user.this.deletion_policy == "ABANDON" && google_sql_database.this.deletion_policy == "ABANDON"
    error_message = "both go with the instance"
  }
}

run "the_plan_has_the_number_of_the_password_and_not_the_password" {
  command = plan

  assert {
    condition     = google_sql_user.this.password_wo == null && google_sql_user.this.password == null && google_sql_user.this.password_wo_version == 1
    error_message = "write-only"
  }
}

run "the_protections_can_be_off" {
  command = plan

  variables {
    deletion_protection = false
  }

  assert {
    condition     = !google_sql_database_instance.this.deletion_protection && !google_sql_database_instance.this.settings[0].deletion_protection_enabled && !google_sql_database_instance.this.settings[0].retain_backups_on_delete
    error_message = "each protection is off"
  }
}

run "one_zone_is_enough_for_development" {
  command = plan

  variables {
    availability_type = "ZONAL"
    tier              = "db-f1-micro"
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].availability_type == "ZONAL" && google_sql_database_instance.this.settings[0].tier == "db-f1-micro"
    error_message = "as given"
  }
}

run "enterprise_plus_has_its_own_tiers_and_longer_logs" {
  command = plan

  variables {
    edition              = "ENTERPRISE_PLUS"
    tier                 = "db-perf-optimized-N-4"
    transaction_log_days = 35
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].edition == "ENTERPRISE_PLUS" && google_sql_database_instance.this.settings[0].backup_configuration[0].transaction_log_retention_days == 35
    error_message = "as given"
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].backup_configuration[0].backup_retention_settings[0].retained_backups == 35
    error_message = "a backup for each day of the log"
  }
}

run "maintenance_is_denied_on_no_day" {
  command = plan

  assert {
    condition     = length(google_sql_database_instance.this.settings[0].deny_maintenance_period) == 0
    error_message = "no day by default"
  }
}

run "maintenance_can_be_denied" {
  command = plan

  variables {
    deny_maintenance = { start_date = "03-01", end_date = "03-20" }
  }

  assert {
    condition     = google_sql_database_instance.this.settings[0].deny_maintenance_period[0].end_date == "03-20"
    error_message = "the days of the registration"
  }
}

# The name and the address are known after an apply.
run "servers_check_the_name_of_the_database" {
  command = apply

  override_resource {
    target = google_sql_database_instance.this
    values = {
      name               = "dti-1"
      dns_name           = "abc.def.southamerica-west1.sql.goog."
      private_ip_address = "10.21.0.3"
      server_ca_cert     = [{ cert = "CERTIFICATE", common_name = "", create_time = "", expiration_time = "", sha1_fingerprint = "" }]
    }
  }

  assert {
    condition     = output.store == "postgresql://dti@abc.def.southamerica-west1.sql.goog:5432/dti?hostaddr=10.21.0.3&sslmode=verify-full&sslrootcert=/etc/dti/database-ca.pem"
    error_message = "verify-full, with the name of the certificate and the private address"
  }

  assert {
    condition     = output.pgpass_prefix == "abc.def.southamerica-west1.sql.goog:5432:dti:dti"
    error_message = "libpq looks a password up by the name"
  }

  assert {
    condition     = output.ca_certificates == "CERTIFICATE"
    error_message = "the certificate of the authority"
  }
}

run "servers_check_the_authority_of_a_database_without_a_name" {
  command = apply

  variables {
    server_ca_mode = "GOOGLE_MANAGED_INTERNAL_CA"
  }

  override_resource {
    target = google_sql_database_instance.this
    values = {
      name               = "dti-1"
      dns_name           = ""
      private_ip_address = "10.21.0.3"
      server_ca_cert     = [{ cert = "CERTIFICATE", common_name = "", create_time = "", expiration_time = "", sha1_fingerprint = "" }]
    }
  }

  assert {
    condition     = output.store == "postgresql://dti@10.21.0.3:5432/dti?sslmode=verify-ca&sslrootcert=/etc/dti/database-ca.pem"
    error_message = "verify-ca, with the private address"
  }
}
