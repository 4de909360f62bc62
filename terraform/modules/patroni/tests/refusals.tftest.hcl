# Each condition of the variables refuses what it must refuse.

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

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Dti"
  }

  expect_failures = [var.name]
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

run "two_vms_are_refused" {
  command = plan

  variables {
    zones = ["southamerica-west1-a", "southamerica-west1-b"]
  }

  expect_failures = [var.zones]
}

run "one_zone_is_refused" {
  command = plan

  variables {
    zones = ["southamerica-west1-a", "southamerica-west1-a", "southamerica-west1-a"]
  }

  expect_failures = [var.zones]
}

run "a_zone_of_another_region_is_refused" {
  command = plan

  variables {
    zones = ["southamerica-west1-a", "southamerica-west1-b", "us-central1-a"]
  }

  expect_failures = [var.zones]
}

run "two_vms_in_one_zone_are_warned_of" {
  command = plan

  variables {
    zones = ["southamerica-west1-a", "southamerica-west1-b", "southamerica-west1-a"]
  }

  expect_failures = [check.zones]
}

run "no_server_is_refused" {
  command = plan

  variables {
    server_tags = []
  }

  expect_failures = [var.server_tags]
}

run "a_domain_with_a_dot_at_its_end_is_refused" {
  command = plan

  variables {
    domain = "dti.internal."
  }

  expect_failures = [var.domain]
}

run "debian_12_is_refused" {
  command = plan

  variables {
    image = "debian-cloud/debian-12-bookworm-v20261110"
  }

  expect_failures = [var.image]
}

run "a_family_of_images_is_refused" {
  command = plan

  variables {
    image = "debian-cloud/debian-13"
  }

  expect_failures = [var.image]
}

run "a_private_key_as_the_authority_is_refused" {
  command = plan

  variables {
    ca_certificate = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\nAA==\n"
  }

  expect_failures = [var.ca_certificate]
}

run "a_disk_that_is_too_small_is_refused" {
  command = plan

  variables {
    data_disk_size = 5
  }

  expect_failures = [var.data_disk_size]
}

run "snapshots_at_seven_are_refused" {
  command = plan

  variables {
    snapshot_start_time = "07:00"
  }

  expect_failures = [var.snapshot_start_time]
}

run "snapshots_for_no_day_are_refused" {
  command = plan

  variables {
    snapshot_days = 0
  }

  expect_failures = [var.snapshot_days]
}

run "an_unknown_watchdog_is_refused" {
  command = plan

  variables {
    watchdog = "on"
  }

  expect_failures = [var.watchdog]
}
