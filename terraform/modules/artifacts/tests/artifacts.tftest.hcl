# Each condition refuses what it must refuse; the bucket is private.

mock_provider "google" {}

variables {
  bucket   = "example-dti-packages"
  region   = "southamerica-west1"
  labels   = { application = "dti" }
  folder   = "tests/packages"
  packages = { dti-server = { version = "1.0", sha256 = "4c3ebbd11378f44ced13ac389bcbb3115659911527548750c89b1a5c6a0fbca9" } }
  readers  = { servers = "serviceAccount:dti-server@example.iam.gserviceaccount.com" }
}

run "the_bucket_is_private_and_the_servers_may_read_it" {
  command = plan

  assert {
    condition     = google_storage_bucket.this.public_access_prevention == "enforced" && google_storage_bucket.this.uniform_bucket_level_access
    error_message = "never public"
  }

  assert {
    condition     = google_storage_bucket_iam_member.reader["servers"].role == "roles/storage.objectViewer"
    error_message = "the right to read, on this bucket"
  }

  assert {
    condition     = google_storage_bucket.this.versioning[0].enabled
    error_message = "what was deleted is kept for a month"
  }
}

run "the_name_of_an_object_has_the_checksum" {
  command = plan

  assert {
    condition     = google_storage_bucket_object.package["dti-server"].name == "dti-server_4c3ebbd11378f44ced13ac389bcbb3115659911527548750c89b1a5c6a0fbca9.deb" && output.packages["dti-server"].object == "example-dti-packages/dti-server_4c3ebbd11378f44ced13ac389bcbb3115659911527548750c89b1a5c6a0fbca9.deb"
    error_message = "another content is another object"
  }
}

run "a_destroy_keeps_packages" {
  command = plan

  assert {
    condition     = !google_storage_bucket.this.force_destroy
    error_message = "by default"
  }
}

run "a_destroy_can_delete_packages" {
  command = plan

  variables {
    force_destroy = true
  }

  assert {
    condition     = google_storage_bucket.this.force_destroy
    error_message = "if you say so"
  }
}

run "a_bucket_with_capitals_is_refused" {
  command = plan

  variables {
    bucket = "Packages"
  }

  expect_failures = [var.bucket]
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

run "a_package_with_a_space_in_its_name_is_refused" {
  command = plan

  variables {
    packages = { "dti server" = { version = "1.0", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" } }
  }

  expect_failures = [var.packages]
}

run "a_package_without_a_checksum_is_refused" {
  command = plan

  variables {
    packages = { dti-server = { version = "1.0", sha256 = "" } }
  }

  expect_failures = [var.packages]
}

run "a_package_without_a_version_is_refused" {
  command = plan

  variables {
    packages = { dti-server = { version = "newest", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" } }
  }

  expect_failures = [var.packages]
}

run "a_person_as_reader_is_refused" {
  command = plan

  variables {
    readers = { all = "allUsers" }
  }

  expect_failures = [var.readers]
}

run "a_package_that_is_not_there_is_refused" {
  command = plan

  variables {
    packages = { dti-server = { version = "9.9", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" } }
  }

  expect_failures = [google_storage_bucket_object.package]
}

run "a_package_with_another_checksum_is_refused" {
  command = plan

  variables {
    packages = { dti-server = { version = "1.0", sha256 = "0000000000000000000000000000000000000000000000000000000000000000" } }
  }

  expect_failures = [google_storage_bucket_object.package]
}
