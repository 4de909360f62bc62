# Each condition of the variables refuses what it must refuse.

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

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Dti-server-1"
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

run "the_default_account_is_refused" {
  command = plan

  variables {
    service_account = "123-compute@developer.gserviceaccount.com"
  }

  expect_failures = [var.service_account]
}

run "a_machine_type_that_is_not_one_is_refused" {
  command = plan

  variables {
    machine_type = "small"
  }

  expect_failures = [var.machine_type]
}

run "an_image_without_a_project_is_refused" {
  command = plan

  variables {
    image = "debian-12"
  }

  expect_failures = [var.image]
}

run "a_disk_that_is_too_small_is_refused" {
  command = plan

  variables {
    disk_size = 5
  }

  expect_failures = [var.disk_size]
}

run "a_relative_path_is_refused" {
  command = plan

  variables {
    files = { "etc/dti.toml" = { content = "" } }
  }

  expect_failures = [var.files]
}

run "a_path_with_a_space_is_refused" {
  command = plan

  variables {
    files = { "/etc/my file" = { content = "" } }
  }

  expect_failures = [var.files]
}

run "a_mode_that_is_not_octal_is_refused" {
  command = plan

  variables {
    files = { "/etc/a" = { content = "", mode = "0888" } }
  }

  expect_failures = [var.files]
}

run "a_file_that_is_too_large_is_refused" {
  command = plan

  variables {
    files = { "/etc/a" = { content = join("", [for i in range(1024) : join("", [for j in range(257) : "x"])]) } }
  }

  expect_failures = [var.files]
}

run "a_package_without_a_checksum_is_refused" {
  command = plan

  variables {
    packages = { dti-server = { version = "1.0", sha256 = "", object = "bucket/a.deb" } }
  }

  expect_failures = [var.packages]
}

run "a_package_without_a_version_is_refused" {
  command = plan

  variables {
    packages = { dti-server = { version = "latest", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/a.deb" } }
  }

  expect_failures = [var.packages]
}

run "a_service_with_a_space_is_refused" {
  command = plan

  variables {
    services = ["dti server"]
  }

  expect_failures = [var.services]
}

run "healing_before_the_packages_are_installed_is_refused" {
  command = plan

  variables {
    healing_delay = 60
  }

  expect_failures = [var.healing_delay]
}

run "a_secret_with_a_relative_path_is_refused" {
  command = plan

  variables {
    secrets = { "key.pem" = { secret = "projects/example/secrets/key", mode = "0640", owner = "root:ssl-cert" } }
  }

  expect_failures = [var.secrets]
}

run "a_secret_that_others_can_read_is_refused" {
  command = plan

  variables {
    secrets = { "/etc/dti/key.pem" = { secret = "projects/example/secrets/key", mode = "0644", owner = "root:ssl-cert" } }
  }

  expect_failures = [var.secrets]
}

run "a_disk_without_an_absolute_path_is_refused" {
  command = plan

  variables {
    disks = { data = { source = "projects/example/zones/southamerica-west1-a/disks/data", path = "data" } }
  }

  expect_failures = [var.disks]
}

run "a_package_of_debian_with_a_space_is_refused" {
  command = plan

  variables {
    debian_packages = ["postgresql patroni"]
  }

  expect_failures = [var.debian_packages]
}

run "a_program_with_a_relative_path_is_refused" {
  command = plan

  variables {
    programs = { "role" = "postgres" }
  }

  expect_failures = [var.programs]
}
