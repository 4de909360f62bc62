# Each condition of the variables and of the resources refuses what it must refuse.

mock_provider "google" {}

variables {
  region           = "southamerica-west1"
  labels           = { application = "dti" }
  network          = "projects/example/global/networks/dti"
  password         = "correct-horse-battery"
  password_version = 1
}

run "a_zone_instead_of_a_region_is_refused" {
  command = plan

  variables {
    region = "southamerica-west1-a"
  }

  expect_failures = [var.region]
}

run "no_label_is_refused" {
  command = plan

  variables {
    labels = {}
  }

  expect_failures = [var.labels]
}

run "a_short_password_is_refused" {
  command = plan

  variables {
    password = "short"
  }

  expect_failures = [var.password]
}

run "password_version_0_is_refused" {
  command = plan

  variables {
    password_version = 0
  }

  expect_failures = [var.password_version]
}

run "an_old_postgresql_is_refused" {
  command = plan

  variables {
    database_version = "POSTGRES_14"
  }

  expect_failures = [var.database_version]
}

run "an_unknown_edition_is_refused" {
  command = plan

  variables {
    edition = "STANDARD"
  }

  expect_failures = [var.edition]
}

run "an_unknown_availability_is_refused" {
  command = plan

  variables {
    availability_type = "GLOBAL"
  }

  expect_failures = [var.availability_type]
}

run "a_disk_that_is_too_small_is_refused" {
  command = plan

  variables {
    disk_size_max = 5
  }

  expect_failures = [var.disk_size_max]
}

run "an_unknown_authority_is_refused" {
  command = plan

  variables {
    server_ca_mode = "CUSTOMER_MANAGED_CAS_CA"
  }

  expect_failures = [var.server_ca_mode]
}

run "a_time_that_is_not_one_is_refused" {
  command = plan

  variables {
    backup_start_time = "24:00"
  }

  expect_failures = [var.backup_start_time]
}

run "no_backup_is_refused" {
  command = plan

  variables {
    backups = 0
  }

  expect_failures = [var.backups]
}

run "no_transaction_log_is_refused" {
  command = plan

  variables {
    transaction_log_days = 0
  }

  expect_failures = [var.transaction_log_days]
}

run "an_eighth_day_is_refused" {
  command = plan

  variables {
    maintenance = { day = 8, hour = 0 }
  }

  expect_failures = [var.maintenance]
}

run "a_date_that_is_not_one_is_refused" {
  command = plan

  variables {
    deny_maintenance = { start_date = "1 March", end_date = "03-20" }
  }

  expect_failures = [var.deny_maintenance]
}

run "a_flag_that_loses_grants_is_refused" {
  command = plan

  variables {
    database_flags = { synchronous_commit = "off" }
  }

  expect_failures = [var.database_flags]
}

run "a_tier_of_the_other_edition_is_refused" {
  command = plan

  variables {
    edition = "ENTERPRISE_PLUS"
  }

  expect_failures = [google_sql_database_instance.this]
}

run "a_tier_that_does_not_exist_is_refused" {
  command = plan

  variables {
    tier = "large"
  }

  expect_failures = [google_sql_database_instance.this]
}

run "longer_logs_than_the_edition_keeps_are_refused" {
  command = plan

  variables {
    transaction_log_days = 8
  }

  expect_failures = [google_sql_database_instance.this]
}
