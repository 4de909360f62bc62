locals {
  database = "dti"
  user     = "dti"
  port     = 5432

  # A certificate of Google's regional authority has the name of the instance; one of the instance's own authority has no
  # name, so that libpq cannot check it.
  has_name = var.server_ca_mode == "GOOGLE_MANAGED_CAS_CA"
  address  = google_sql_database_instance.this.private_ip_address
  host     = local.has_name ? trimsuffix(google_sql_database_instance.this.dns_name, ".") : local.address

  tier_pattern = {
    ENTERPRISE      = "^db-(custom-[0-9]+-[0-9]+|f1-micro|g1-small)$"
    ENTERPRISE_PLUS = "^db-perf-optimized-N-[0-9]+$"
  }
  log_days_max = { ENTERPRISE = 7, ENTERPRISE_PLUS = 35 }
}

# Google chooses no name twice within a week, so the name is left to the provider. disk_size is not set: the disk grows,
# and a size in the configuration would ask for a smaller disk, that is, for a new database.
resource "google_sql_database_instance" "this" {
  region              = var.region
  database_version    = var.database_version
  deletion_protection = var.deletion_protection

  settings {
    tier                        = var.tier
    edition                     = var.edition
    availability_type           = var.availability_type
    disk_type                   = "PD_SSD"
    disk_autoresize             = true
    disk_autoresize_limit       = var.disk_size_max
    deletion_protection_enabled = var.deletion_protection
    retain_backups_on_delete    = var.deletion_protection
    user_labels                 = var.labels

    ip_configuration {
      ipv4_enabled    = false
      private_network = var.network
      ssl_mode        = "ENCRYPTED_ONLY"
      server_ca_mode  = var.server_ca_mode
    }

    # Google manages a block that is missing, which is not the same as "off".
    backup_configuration {
      enabled                        = true
      start_time                     = var.backup_start_time
      location                       = var.region
      point_in_time_recovery_enabled = true
      transaction_log_retention_days = var.transaction_log_days

      backup_retention_settings {
        # The log alone restores nothing: it needs a backup before it.
        retained_backups = max(var.backups, var.transaction_log_days)
        retention_unit   = "COUNT"
      }
    }

    maintenance_window {
      day          = var.maintenance.day
      hour         = var.maintenance.hour
      update_track = "stable"
    }

    dynamic "deny_maintenance_period" {
      for_each = var.deny_maintenance == null ? [] : [var.deny_maintenance]

      content {
        start_date = deny_maintenance_period.value.start_date
        end_date   = deny_maintenance_period.value.end_date
        time       = "00:00:00"
      }
    }

    dynamic "database_flags" {
      for_each = var.database_flags

      content {
        name  = database_flags.key
        value = database_flags.value
      }
    }

    insights_config {
      query_insights_enabled  = true
      query_string_length     = 1024
      record_application_tags = false
      record_client_address   = false
    }
  }

  lifecycle {
    precondition {
      condition     = can(regex(local.tier_pattern[var.edition], var.tier))
      error_message = "The tier ${var.tier} does not belong to the edition ${var.edition}. ENTERPRISE has db-custom-CPUS-MIB, db-f1-micro and db-g1-small; ENTERPRISE_PLUS has db-perf-optimized-N-CPUS."
    }

    precondition {
      condition     = var.transaction_log_days <= local.log_days_max[var.edition]
      error_message = "The edition ${var.edition} keeps transaction logs for at most ${local.log_days_max[var.edition]} days: reduce transaction_log_days."
    }

    # Without a name, the address would be "host=", and libpq would refuse the certificate.
    postcondition {
      condition     = var.server_ca_mode != "GOOGLE_MANAGED_CAS_CA" || try(length(self.dns_name) > 0, false)
      error_message = "Google gave the database no DNS name, which verify-full needs. Set server_ca_mode to GOOGLE_MANAGED_INTERNAL_CA, which uses verify-ca."
    }
  }
}

# The role owns the tables, so that PostgreSQL refuses to drop it, and the database is in use. Both go with the instance.
resource "google_sql_database" "this" {
  name            = local.database
  instance        = google_sql_database_instance.this.name
  deletion_policy = "ABANDON"
}

resource "google_sql_user" "this" {
  name                = local.user
  instance            = google_sql_database_instance.this.name
  password_wo         = var.password
  password_wo_version = var.password_version
  deletion_policy     = "ABANDON"
}
