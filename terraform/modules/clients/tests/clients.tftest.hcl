# What each faculty gets, and each switch on and off.

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

run "each_faculty_has_all_servers_and_its_own_settings" {
  command = plan

  assert {
    condition     = strcontains(module.faculty["exactas"].files["/etc/dti/faculties/exactas.toml"], "dti-server = \"server-1.dti.internal:6000,server-2.dti.internal:6000\"\n")
    error_message = "it finds the leader"
  }

  assert {
    condition     = strcontains(module.faculty["exactas"].files["/etc/dti/faculties/exactas.toml"], "name = \"Ciencias Naturales\"\n") && strcontains(module.faculty["derecho"].files["/etc/dti/faculties/derecho.toml"], "name = \"derecho\"\n")
    error_message = "the name in the catalogue"
  }

  assert {
    condition     = strcontains(module.faculty["exactas"].files["/etc/dti/faculties/exactas.toml"], "min-programs = 1\n") && strcontains(module.faculty["derecho"].files["/etc/dti/faculties/derecho.toml"], "min-programs = 5\n")
    error_message = "as given, or the default"
  }

  assert {
    condition     = output.endpoints == { derecho = "derecho.dti.internal:5000", exactas = "exactas.dti.internal:5000" }
    error_message = "where programs reach them"
  }

  assert {
    condition     = output.vms["exactas"].zone == "southamerica-west1-b" && output.vms["derecho"].zone == "southamerica-west1-a"
    error_message = "as given, or the default"
  }
}

run "there_is_no_simulation_host" {
  command = plan

  assert {
    condition     = length(module.simulation) == 0
    error_message = "none by default"
  }
}

run "simulation_hosts_have_the_programs_and_no_service" {
  command = plan

  variables {
    simulation_hosts = 3
  }

  assert {
    condition     = toset(keys(module.simulation)) == toset(["simulation-1", "simulation-2", "simulation-3"])
    error_message = "as many as asked for"
  }

  assert {
    condition     = join(" ", module.simulation["simulation-3"].packages) == "dti-clients" && length(module.simulation["simulation-3"].services) == 0
    error_message = "the programs alone"
  }
}

run "without_faculties_there_is_no_vm" {
  command = plan

  variables {
    faculties = {}
  }

  assert {
    condition     = length(module.faculty) == 0 && output.endpoints == {}
    error_message = "they run elsewhere"
  }
}

run "without_the_agent_a_faculty_has_its_own_package_only" {
  command = plan

  assert {
    condition     = join(" ", module.faculty["derecho"].packages) == join(" ", ["dti-clients"])
    error_message = "not the server"
  }
}

run "with_the_agent_the_metrics_have_another_job_than_those_of_servers" {
  command = plan

  variables {
    packages = { dti-clients = { version = "0.1.0+deb12", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/dti-server.deb" }, google-cloud-ops-agent = { version = "0.1.0+deb12", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", object = "bucket/agent.deb" } }
  }

  assert {
    condition     = yamldecode(module.faculty["derecho"].files["/etc/google-cloud-ops-agent/config.yaml"]).metrics.receivers.dti.config.scrape_configs[0].job_name == "dti-faculty"
    error_message = "the alerts count the servers"
  }

  assert {
    condition     = join(" ", module.faculty["derecho"].services) == join(" ", ["dti-faculty@derecho", "google-cloud-ops-agent"])
    error_message = "both services"
  }
}

run "a_faculty_uses_its_own_key_and_lets_the_programs_of_its_list_in" {
  command = plan

  variables {
    keys = { civil = { role = "faculty:Derecho", public = "b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22a" } }
  }

  assert {
    condition     = strcontains(module.faculty["derecho"].files["/etc/dti/faculties/derecho.toml"], "server-key = \"2a5de835f0d3347a47e8f0f23e4148d5fbd2224f94543b720138d894711a753e\"\n") && strcontains(module.faculty["derecho"].files["/etc/dti/faculties/derecho.toml"], "listen = \"curve://0.0.0.0:5000\"\n")
    error_message = "secured at both sides"
  }

  assert {
    condition     = module.faculty["derecho"].secrets["/etc/dti/faculties/derecho.key"].secret == "projects/example/secrets/dti-faculty-derecho-key" && module.faculty["derecho"].secrets["/etc/dti/faculties/derecho.key"].owner == "root:root"
    error_message = "its own secret"
  }

  assert {
    condition     = strcontains(module.faculty["derecho"].files["/etc/systemd/system/dti-faculty@derecho.service.d/key.conf"], "LoadCredential=key:/etc/dti/faculties/derecho.key\n") && strcontains(module.faculty["derecho"].files["/etc/dti/keys.toml"], "b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22a")
    error_message = "the way of the key to the service, and the list"
  }
}

run "a_plain_endpoint_is_a_decision" {
  command = plan

  variables {
    allow_plaintext   = true
    server_public_key = null
    key_secrets       = {}
  }

  assert {
    condition     = strcontains(module.faculty["derecho"].files["/etc/dti/faculties/derecho.toml"], "allow-plaintext = true\n") && length(module.faculty["derecho"].secrets) == 0
    error_message = "plain, and said so"
  }
}
