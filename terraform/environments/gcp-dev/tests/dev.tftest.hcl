# The whole environment is planned, and each of its conditions refuses what it must refuse.

mock_provider "google" {}

variables {
  project         = "example-project"
  region          = "southamerica-west1"
  client_cidrs    = ["10.50.0.0/16"]
  servers         = { server-1 = { zone = "southamerica-west1-a" }, server-2 = { zone = "southamerica-west1-b" } }
  packages_folder = "../../modules/artifacts/tests/packages"
  packages        = { dti-server = { version = "1.0", sha256 = "4c3ebbd11378f44ced13ac389bcbb3115659911527548750c89b1a5c6a0fbca9" }, dti-clients = { version = "1.0", sha256 = "1cb2de770d9d0e81f8babbcb0aa6f32fdffeb3e83862baae882db32781b036dd" }, google-cloud-ops-agent = { version = "2.0", sha256 = "a9f1b713b5632d456da48b9405e18b363a584d9cb54bdeb69de41c5de24056ca" } }
  db_password     = "correct-horse-battery"

  server_key        = "name = \"dti\"\npublic = \"abababababababababababababababababababababababababababababababab\"\nsecret = \"0123012301230123012301230123012301230123012301230123012301230123\"\n"
  faculty_keys      = { for name in ["ciencias-sociales", "ciencias-naturales", "ingenieria", "medicina", "derecho"] : name => "name = \"f\"\npublic = \"abababababababababababababababababababababababababababababababab\"\nsecret = \"0123012301230123012301230123012301230123012301230123012301230123\"\n" }
  server_public_key = "2a5de835f0d3347a47e8f0f23e4148d5fbd2224f94543b720138d894711a753e"
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
    condition     = output.faculty_endpoints == { for name in keys(var.faculties) : name => "${name}.dti.internal:5000" }
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

run "one_server_and_no_faculty_are_accepted" {
  command = plan

  variables {
    servers              = { server-1 = { zone = "southamerica-west1-a" } }
    faculties            = {}
    db_availability_type = "REGIONAL"
  }

  assert {
    condition     = output.server_endpoints == ["server-1.dti.internal:6000"] && output.faculty_endpoints == {}
    error_message = "as small as you like"
  }
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
