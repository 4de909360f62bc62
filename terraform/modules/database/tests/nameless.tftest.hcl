# Google gives a database no name, although its authority is the regional one.

mock_provider "google" {}

variables {
  region           = "southamerica-west1"
  labels           = { application = "dti" }
  network          = "projects/example/global/networks/dti"
  password         = "correct-horse-battery"
  password_version = 1
}

run "a_database_that_got_no_name_is_refused" {
  command = apply

  override_resource {
    target = google_sql_database_instance.this
    values = {
      name               = "dti-1"
      dns_name           = ""
      private_ip_address = "10.21.0.3"
      server_ca_cert     = [{ cert = "CERTIFICATE", common_name = "", create_time = "", expiration_time = "", sha1_fingerprint = "" }]
    }
  }

  expect_failures = [google_sql_database_instance.this]
}
