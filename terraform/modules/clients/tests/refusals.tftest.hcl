# Each condition of the variables refuses what it must refuse.

mock_provider "google" {}

variables {
  project           = "example"
  name              = "dti"
  region            = "southamerica-west1"
  zone              = "southamerica-west1-a"
  labels            = { application = "dti" }
  faculties         = { derecho = {}, exactas = { faculty_name = "Ciencias Naturales", min_programs = 1, batch_seconds = 5, zone = "southamerica-west1-b" } }
  subnetwork        = "projects/example/regions/southamerica-west1/subnetworks/dti"
  domain            = "dti.internal"
  server_public_key = "2a5de835f0d3347a47e8f0f23e4148d5fbd2224f94543b720138d894711a753e"
  key_secrets       = { derecho = "projects/example/secrets/dti-faculty-derecho-key", exactas = "projects/example/secrets/dti-faculty-exactas-key" }
  server_endpoints  = ["server-1.dti.internal:6000", "server-2.dti.internal:6000"]
  image             = "debian-cloud/debian-12-bookworm-v20261110"
  packages          = { dti-server = { version = "0.1.0+deb12", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/dti-server.deb" }, dti-clients = { version = "0.1.0+deb12", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/dti-clients.deb" } }
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

run "a_faculty_without_a_key_is_refused" {
  command = plan

  variables {
    key_secrets = {}
  }

  expect_failures = [var.key_secrets]
}

run "a_secured_server_without_its_public_key_is_refused" {
  command = plan

  variables {
    server_public_key = null
  }

  expect_failures = [var.server_public_key]
}

run "a_public_key_without_all_digits_is_refused" {
  command = plan

  variables {
    keys = { civil = { role = "office", public = "b49801d4" } }
  }

  expect_failures = [var.keys]
}

run "a_key_with_an_unknown_role_is_refused" {
  command = plan

  variables {
    keys = { civil = { role = "gateway:office", public = "b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22a" } }
  }

  expect_failures = [var.keys]
}
