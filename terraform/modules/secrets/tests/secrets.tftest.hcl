# Each condition refuses what it must refuse; the plan has the number of the secret, and not the secret.

mock_provider "google" {}

variables {
  name          = "dti-db-password"
  region        = "southamerica-west1"
  labels        = { application = "dti" }
  value         = "correct-horse-battery"
  value_version = 1
  accessors     = { servers = "serviceAccount:dti-server@example.iam.gserviceaccount.com" }
}

run "the_servers_may_read_this_secret_and_no_other" {
  command = plan

  assert {
    condition     = google_secret_manager_secret_iam_member.accessor["servers"].role == "roles/secretmanager.secretAccessor"
    error_message = "the right to read, on the one secret"
  }

  assert {
    condition     = google_secret_manager_secret_version.this.secret_data_wo == null && google_secret_manager_secret_version.this.secret_data == null
    error_message = "no secret in the plan"
  }

  assert {
    condition     = google_secret_manager_secret_version.this.secret_data_wo_version == 1
    error_message = "its number"
  }
}

run "a_secret_that_no_account_reads_is_accepted" {
  command = plan

  variables {
    accessors = {}
  }

  assert {
    condition     = length(google_secret_manager_secret_iam_member.accessor) == 0
    error_message = "no grant"
  }
}

run "a_name_with_a_slash_is_refused" {
  command = plan

  variables {
    name = "dti/password"
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

run "a_short_value_is_refused" {
  command = plan

  variables {
    value = "short"
  }

  expect_failures = [var.value]
}

run "a_value_with_a_line_break_is_refused" {
  command = plan

  variables {
    value = "correct-horse\nbattery-staple"
  }

  expect_failures = [var.value]
}

run "version_0_is_refused" {
  command = plan

  variables {
    value_version = 0
  }

  expect_failures = [var.value_version]
}

run "half_a_version_is_refused" {
  command = plan

  variables {
    value_version = 1.5
  }

  expect_failures = [var.value_version]
}

run "a_person_as_accessor_is_refused" {
  command = plan

  variables {
    accessors = { ana = "user:ana@example.org" }
  }

  expect_failures = [var.accessors]
}

run "all_users_as_accessor_are_refused" {
  command = plan

  variables {
    accessors = { all = "allAuthenticatedUsers" }
  }

  expect_failures = [var.accessors]
}

run "a_private_key_is_accepted" {
  command = plan

  variables {
    value = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
  }

  assert {
    condition     = google_secret_manager_secret_version.this.secret_data_wo == null
    error_message = "no key in the plan"
  }
}

run "a_key_file_is_accepted" {
  command = plan

  variables {
    value = "# secret\nname = \"dti\"\npublic = \"abababababababababababababababababababababababababababababababab\"\nsecret = \"0123012301230123012301230123012301230123012301230123012301230123\"\n"
  }

  assert {
    condition     = google_secret_manager_secret_version.this.secret_data_wo == null
    error_message = "no key in the plan"
  }
}

run "a_key_file_without_its_secret_half_is_refused" {
  command = plan

  variables {
    value = "name = \"dti\"\npublic = \"abababababababababababababababababababababababababababababababab\"\n"
  }

  expect_failures = [var.value]
}
