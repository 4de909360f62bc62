# Each condition of the variables refuses what it must refuse.

mock_provider "google" {}

variables {
  project          = "example"
  name             = "dti"
  region           = "southamerica-west1"
  zone             = "southamerica-west1-a"
  labels           = { application = "dti" }
  faculties        = { derecho = {}, exactas = { faculty_name = "Ciencias Naturales", min_programs = 1, batch_seconds = 5, zone = "southamerica-west1-b" } }
  subnetwork       = "projects/example/regions/southamerica-west1/subnetworks/dti"
  domain           = "dti.internal"
  server_endpoints = ["server-1.dti.internal:6000", "server-2.dti.internal:6000"]
  image            = "debian-cloud/debian-12-bookworm-v20261110"
  packages         = { dti-server = { version = "0.1.0+deb12", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/dti-server.deb" }, dti-clients = { version = "0.1.0+deb12", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/dti-clients.deb" } }
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

run "a_zone_of_another_region_is_refused" {
  command = plan

  variables {
    zone = "us-central1-a"
  }

  expect_failures = [var.zone]
}

run "a_faculty_with_spaces_in_its_key_is_refused" {
  command = plan

  variables {
    faculties = { "Ciencias Sociales" = {} }
  }

  expect_failures = [var.faculties]
}

run "a_faculty_that_waits_for_no_program_is_refused" {
  command = plan

  variables {
    faculties = { derecho = { min_programs = 0 } }
  }

  expect_failures = [var.faculties]
}

run "a_faculty_that_waits_for_no_time_is_refused" {
  command = plan

  variables {
    faculties = { derecho = { batch_seconds = 0 } }
  }

  expect_failures = [var.faculties]
}

run "a_faculty_with_an_empty_name_is_refused" {
  command = plan

  variables {
    faculties = { derecho = { faculty_name = " " } }
  }

  expect_failures = [var.faculties]
}

run "half_a_simulation_host_is_refused" {
  command = plan

  variables {
    simulation_hosts = 0.5
  }

  expect_failures = [var.simulation_hosts]
}

run "a_domain_with_a_dot_at_its_end_is_refused" {
  command = plan

  variables {
    domain = "dti.internal."
  }

  expect_failures = [var.domain]
}

run "no_server_is_refused" {
  command = plan

  variables {
    server_endpoints = []
  }

  expect_failures = [var.server_endpoints]
}

run "packages_without_the_clients_are_refused" {
  command = plan

  variables {
    packages = { dti-server = { version = "0.1.0+deb12", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/dti-server.deb" } }
  }

  expect_failures = [var.packages]
}
