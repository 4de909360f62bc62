# Each condition of the variables refuses what it must refuse.

mock_provider "google" {}

variables {
  project         = "example"
  name            = "dti"
  region          = "southamerica-west1"
  labels          = { application = "dti" }
  servers         = { server-1 = { zone = "southamerica-west1-a" }, server-2 = { zone = "southamerica-west1-b" } }
  subnetwork      = "projects/example/regions/southamerica-west1/subnetworks/dti"
  domain          = "dti.internal"
  image           = "debian-cloud/debian-12-bookworm-v20261110"
  packages        = { dti-server = { version = "0.1.0+deb12", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/dti-server.deb" }, dti-clients = { version = "0.1.0+deb12", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/dti-clients.deb" } }
  store           = "postgresql://dti@db.example.org:5432/dti?hostaddr=10.21.0.3&sslmode=verify-full&sslrootcert=/etc/dti/database-ca.pem"
  ca_certificates = "CERTIFICATE"
  secret          = "projects/example/secrets/dti-db-password"
  key_secret      = "projects/example/secrets/dti-server-key"
  pgpass_prefix   = "db.example.org:5432:dti:dti"
  semester        = "2025-10"
  classrooms      = 380
  labs            = 60
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

run "no_server_is_refused" {
  command = plan

  variables {
    servers = {}
  }

  expect_failures = [var.servers]
}

run "a_server_with_a_long_name_is_refused" {
  command = plan

  variables {
    servers = { the-first-of-all-servers = { zone = "southamerica-west1-a" } }
  }

  expect_failures = [var.servers]
}

run "a_server_in_another_region_is_refused" {
  command = plan

  variables {
    servers = { server-1 = { zone = "us-central1-a" } }
  }

  expect_failures = [var.servers]
}

run "a_domain_with_a_dot_at_its_end_is_refused" {
  command = plan

  variables {
    domain = "dti.internal."
  }

  expect_failures = [var.domain]
}

run "packages_without_the_server_are_refused" {
  command = plan

  variables {
    packages = { dti-clients = { version = "0.1.0+deb12", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/dti-server.deb" } }
  }

  expect_failures = [var.packages]
}

run "a_database_whose_certificate_is_not_checked_is_refused" {
  command = plan

  variables {
    store = "postgresql://dti@10.21.0.3/dti?sslmode=require"
  }

  expect_failures = [var.store]
}

run "a_password_in_the_address_of_the_database_is_refused" {
  command = plan

  variables {
    store = "postgresql://dti:secret@10.21.0.3/dti?sslmode=verify-ca"
  }

  expect_failures = [var.store]
}

run "a_password_as_a_parameter_is_refused" {
  command = plan

  variables {
    store = "postgresql://dti@10.21.0.3/dti?sslmode=verify-ca&password=secret"
  }

  expect_failures = [var.store]
}

run "a_semester_without_a_name_is_refused" {
  command = plan

  variables {
    semester = " "
  }

  expect_failures = [var.semester]
}

run "fewer_classrooms_than_none_are_refused" {
  command = plan

  variables {
    classrooms = -1
  }

  expect_failures = [var.classrooms]
}

run "half_a_lab_is_refused" {
  command = plan

  variables {
    labs = 0.5
  }

  expect_failures = [var.labs]
}

run "a_catalogue_that_does_not_exist_is_refused" {
  command = plan

  variables {
    catalog = "no-such-file.csv"
  }

  expect_failures = [var.catalog]
}

run "a_lease_of_no_time_is_refused" {
  command = plan

  variables {
    lease_seconds = 0
  }

  expect_failures = [var.lease_seconds]
}

run "a_secured_endpoint_without_the_key_of_the_servers_is_refused" {
  command = plan

  variables {
    key_secret = null
  }

  expect_failures = [var.key_secret]
}

run "a_public_key_without_all_digits_is_refused" {
  command = plan

  variables {
    keys = { derecho = { role = "office", public = "b49801d4" } }
  }

  expect_failures = [var.keys]
}

run "a_key_with_an_unknown_role_is_refused" {
  command = plan

  variables {
    keys = { derecho = { role = "gateway:office", public = "b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22a" } }
  }

  expect_failures = [var.keys]
}
