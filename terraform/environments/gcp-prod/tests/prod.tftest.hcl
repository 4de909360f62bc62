# The whole environment is planned, and each of its conditions refuses what it must refuse.

mock_provider "google" {}

variables {
  project         = "example-project"
  region          = "southamerica-west1"
  client_cidrs    = ["10.50.0.0/16"]
  servers         = { server-1 = { zone = "southamerica-west1-a" }, server-2 = { zone = "southamerica-west1-b" } }
  image           = "debian-cloud/debian-12-bookworm-v20261110"
  packages_folder = "../../modules/artifacts/tests/packages"
  packages        = { dti-server = { version = "1.0", sha256 = "4c3ebbd11378f44ced13ac389bcbb3115659911527548750c89b1a5c6a0fbca9" }, dti-clients = { version = "1.0", sha256 = "1cb2de770d9d0e81f8babbcb0aa6f32fdffeb3e83862baae882db32781b036dd" }, google-cloud-ops-agent = { version = "2.0", sha256 = "a9f1b713b5632d456da48b9405e18b363a584d9cb54bdeb69de41c5de24056ca" } }
  db_password     = "correct-horse-battery"

  server_key        = "name = \"dti\"\npublic = \"abababababababababababababababababababababababababababababababab\"\nsecret = \"0123012301230123012301230123012301230123012301230123012301230123\"\n"
  faculty_keys      = { for name in ["ciencias-sociales", "ciencias-naturales", "ingenieria", "medicina", "derecho"] : name => "name = \"f\"\npublic = \"abababababababababababababababababababababababababababababababab\"\nsecret = \"0123012301230123012301230123012301230123012301230123012301230123\"\n" }
  server_public_key = "2a5de835f0d3347a47e8f0f23e4148d5fbd2224f94543b720138d894711a753e"
  semester          = "2025-10"
  classrooms        = 380
  labs              = 60
  alert_emails      = ["ops@example.org"]
}

run "the_outputs_are_those_of_the_local_environment" {
  command = plan

  assert {
    condition     = output.server_endpoints == ["server-1.dti.internal:6000", "server-2.dti.internal:6000"]
    error_message = "HOST:PORT of each server"
  }

  assert {
    condition     = output.semester == "2025-10"
    error_message = "the semester"
  }

  assert {
    condition     = output.faculty_endpoints == {}
    error_message = "HOST:PORT of each faculty"
  }
}

run "each_server_can_be_rolled_by_its_name" {
  command = plan

  assert {
    condition     = output.servers["server-1"].name == "dti-server-1" && output.servers["server-1"].group == "dti-server-1" && output.project == "example-project"
    error_message = "what terraform/roll needs"
  }
}

run "faculties_and_simulation_hosts_can_be_added" {
  command = plan

  variables {
    faculties        = { derecho = {} }
    simulation_hosts = 2
  }

  assert {
    condition     = output.faculty_endpoints == { derecho = "derecho.dti.internal:5000" }
    error_message = "one VM for a faculty"
  }
}

run "the_database_is_cloud_sql" {
  command = plan

  assert {
    condition     = length(module.database) == 1 && length(module.patroni) == 0 && length(module.certificate) == 0
    error_message = "no VM of a database"
  }

  assert {
    condition     = output.databases == {}
    error_message = "none for terraform/roll"
  }
}

run "the_database_can_be_three_vms" {
  command = plan

  variables {
    database                = "patroni"
    database_zones          = ["southamerica-west1-a", "southamerica-west1-b", "southamerica-west1-c"]
    database_image          = "debian-cloud/debian-13-trixie-v20261110"
    database_ca_certificate = "-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
    database_certificate    = "-----BEGIN PRIVATE KEY-----\nAA==\n-----END PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n"
  }

  assert {
    condition     = length(module.database) == 0 && toset(keys(output.databases)) == toset(["database-1", "database-2", "database-3"])
    error_message = "no Cloud SQL"
  }

  assert {
    condition     = startswith(output.database_address, "postgresql://dti@database-1.dti.internal:5432,database-2.dti.internal:5432,database-3.dti.internal:5432/dti?sslmode=verify-full")
    error_message = "the servers know the three by their names"
  }

  assert {
    condition     = alltrue([for name in ["database-1", "database-2", "database-3"] : contains(keys(module.dns.names), name)])
    error_message = "each has a name"
  }
}

run "another_database_is_refused" {
  command = plan

  variables {
    database = "sqlite"
  }

  expect_failures = [var.database]
}

run "patroni_without_its_zones_is_refused" {
  command = plan

  variables {
    database = "patroni"
  }

  expect_failures = [var.database]
}

run "one_server_is_refused" {
  command = plan

  variables {
    servers = { server-1 = { zone = "southamerica-west1-a" } }
  }

  expect_failures = [var.servers]
}

run "servers_in_one_zone_are_refused" {
  command = plan

  variables {
    servers = { server-1 = { zone = "southamerica-west1-a" }, server-2 = { zone = "southamerica-west1-a" } }
  }

  expect_failures = [var.servers]
}

run "a_family_of_images_is_refused" {
  command = plan

  variables {
    image = "debian-cloud/debian-12"
  }

  expect_failures = [var.image]
}

run "alerts_that_reach_no_person_are_refused" {
  command = plan

  variables {
    alert_emails = []
  }

  expect_failures = [var.alert_emails]
}

run "a_project_with_capitals_is_refused" {
  command = plan

  variables {
    project = "Example"
  }

  expect_failures = [var.project]
}

run "a_zone_instead_of_a_region_is_refused" {
  command = plan

  variables {
    region = "southamerica-west1-a"
  }

  expect_failures = [var.region]
}

run "packages_without_the_agent_are_warned_of" {
  command = plan

  variables {
    packages = { dti-server = { version = "1.0", sha256 = "4c3ebbd11378f44ced13ac389bcbb3115659911527548750c89b1a5c6a0fbca9" }, dti-clients = { version = "1.0", sha256 = "1cb2de770d9d0e81f8babbcb0aa6f32fdffeb3e83862baae882db32781b036dd" } }
  }

  expect_failures = [check.monitoring]
}

run "the_database_of_the_first_apply_stays" {
  command = plan

  override_resource {
    target          = terraform_data.database
    override_during = plan
    values          = { output = "patroni" }
  }

  expect_failures = [terraform_data.database]
}

run "a_key_of_the_servers_without_all_digits_is_refused" {
  command = plan

  variables {
    server_public_key = "2a5de835"
  }

  expect_failures = [var.server_public_key]
}

run "plain_endpoints_need_no_key" {
  command = plan

  variables {
    allow_plaintext   = true
    server_key        = null
    faculty_keys      = {}
    server_public_key = null
  }

  assert {
    condition     = length(module.server_key) == 0 && length(module.faculty_key) == 0
    error_message = "no secret for a key"
  }
}

run "each_vm_reads_its_own_key_only" {
  command = plan

  variables {
    faculties    = { derecho = {} }
    keys         = { derecho = { role = "faculty:Derecho", public = "b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22a" } }
    program_keys = { civil = { role = "faculty:Derecho", public = "b49801d4c334a1145219bf8c09b5387e9d9922db381789f075163691bf71f22a" } }
    keys_version = 2
  }

  assert {
    condition     = length(module.server_key) == 1 && keys(module.faculty_key) == ["derecho"]
    error_message = "one for the servers, and one for each faculty"
  }
}
