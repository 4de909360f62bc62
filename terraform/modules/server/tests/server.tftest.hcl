# What each server gets, and each switch on and off.

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

run "each_server_has_its_own_name_and_advertises_it" {
  command = plan

  assert {
    condition     = strcontains(module.vm["server-2"].files["/etc/dti/dti.toml"], "advertise = \"server-2.dti.internal:6000\"\n")
    error_message = "the name of this server"
  }

  assert {
    condition     = output.endpoints == ["server-1.dti.internal:6000", "server-2.dti.internal:6000"]
    error_message = "in the order of the names"
  }

  assert {
    condition     = output.vms["server-2"].name == "dti-server-2" && output.vms["server-2"].zone == "southamerica-west1-b"
    error_message = "in its own zone"
  }
}

run "the_health_check_depends_neither_on_the_database_nor_on_who_leads" {
  command = plan

  assert {
    condition     = google_compute_health_check.this.http_health_check[0].request_path == "/livez" && google_compute_health_check.this.http_health_check[0].port == 6080
    error_message = "/livez on the health port"
  }
}

run "the_account_writes_logs_and_metrics_and_nothing_else" {
  command = plan

  assert {
    condition     = toset(keys(google_project_iam_member.this)) == toset(["roles/logging.logWriter", "roles/monitoring.metricWriter"])
    error_message = "two narrow roles"
  }
}

run "without_the_agent_a_server_has_its_own_package_only" {
  command = plan

  assert {
    condition     = join(" ", module.vm["server-1"].packages) == join(" ", ["dti-server"])
    error_message = "not the clients"
  }

  assert {
    condition     = !contains(keys(module.vm["server-1"].files), "/etc/google-cloud-ops-agent/config.yaml")
    error_message = "no settings of the agent"
  }
}

run "with_the_agent_its_metrics_have_the_name_of_the_server" {
  command = plan

  variables {
    packages = { dti-server = { version = "0.1.0+deb12", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/dti-server.deb" }, google-cloud-ops-agent = { version = "0.1.0+deb12", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/agent.deb" } }
  }

  assert {
    condition     = join(" ", module.vm["server-1"].packages) == join(" ", ["dti-server", "google-cloud-ops-agent"])
    error_message = "both packages"
  }

  assert {
    condition     = yamldecode(module.vm["server-1"].files["/etc/google-cloud-ops-agent/config.yaml"]).metrics.receivers.dti.config.scrape_configs[0].static_configs[0].targets == ["server-1.dti.internal:6080"]
    error_message = "the label instance"
  }
}

run "without_a_catalogue_there_is_no_file_for_it" {
  command = plan

  assert {
    condition     = !strcontains(module.vm["server-1"].files["/etc/dti/dti.toml"], "catalog")
    error_message = "the default of the server"
  }
}

run "a_catalogue_is_a_file_of_the_server" {
  command = plan

  variables {
    catalog = "tests/catalog.csv"
  }

  assert {
    condition     = strcontains(module.vm["server-1"].files["/etc/dti/dti.toml"], "catalog = \"/etc/dti/catalog.csv\"\n")
    error_message = "the setting"
  }

  assert {
    condition     = startswith(module.vm["server-1"].files["/etc/dti/catalog.csv"], "faculty,program\n")
    error_message = "the content"
  }
}

run "a_server_listens_at_a_secured_endpoint_with_the_keys_of_its_list" {
  command = plan

  variables {
    keys = { derecho = { role = "faculty:Derecho", public = "b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22a" } }
  }

  assert {
    condition     = strcontains(module.vm["server-1"].files["/etc/dti/dti.toml"], "listen = \"curve://0.0.0.0:6000\"\n") && !strcontains(module.vm["server-1"].files["/etc/dti/dti.toml"], "allow-plaintext")
    error_message = "no plain endpoint"
  }

  assert {
    condition     = module.vm["server-1"].files["/etc/dti/keys.toml"] == "[[key]]\nname = \"derecho\"\nrole = \"faculty:Derecho\"\npublic = \"b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22a\"\n"
    error_message = "the list"
  }

  assert {
    condition     = module.vm["server-1"].secrets["/etc/dti/server.key"].mode == "0600" && module.vm["server-1"].secrets["/etc/dti/server.key"].owner == "dti:dti"
    error_message = "the key comes from Secret Manager, for the user of the service alone"
  }
}

run "a_plain_endpoint_is_a_decision" {
  command = plan

  variables {
    allow_plaintext = true
    key_secret      = null
  }

  assert {
    condition     = strcontains(module.vm["server-1"].files["/etc/dti/dti.toml"], "allow-plaintext = true\n") && strcontains(module.vm["server-1"].files["/etc/dti/dti.toml"], "bind = \"0.0.0.0\"\n") && !strcontains(module.vm["server-1"].files["/etc/dti/dti.toml"], "curve")
    error_message = "plain, and said so"
  }

  assert {
    condition     = length(module.vm["server-1"].secrets) == 0 && !contains(keys(module.vm["server-1"].files), "/etc/dti/keys.toml")
    error_message = "no key"
  }
}
