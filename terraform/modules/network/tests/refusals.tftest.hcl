# Each condition of the variables refuses what it must refuse.

mock_provider "google" {}

variables {
  name          = "dti"
  region        = "southamerica-west1"
  labels        = { application = "dti" }
  subnet_cidr   = "10.20.0.0/24"
  services_cidr = "10.21.0.0/20"
  client_cidrs  = ["10.50.0.0/16", "192.168.7.0/24"]
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

run "a_subnetwork_with_host_bits_is_refused" {
  command = plan

  variables {
    subnet_cidr = "10.20.0.1/24"
  }

  expect_failures = [var.subnet_cidr]
}

run "a_subnetwork_of_ipv6_is_refused" {
  command = plan

  variables {
    subnet_cidr = "fd20::/64"
  }

  expect_failures = [var.subnet_cidr]
}

run "a_subnetwork_wider_than_8_is_refused" {
  command = plan

  variables {
    subnet_cidr = "0.0.0.0/0"
  }

  expect_failures = [var.subnet_cidr]
}

run "a_range_of_the_database_that_is_too_narrow_is_refused" {
  command = plan

  variables {
    services_cidr = "10.21.0.0/28"
  }

  expect_failures = [var.services_cidr]
}

run "a_range_of_the_database_that_is_not_a_network_is_refused" {
  command = plan

  variables {
    services_cidr = "database"
  }

  expect_failures = [var.services_cidr]
}

run "a_range_of_the_database_in_the_subnetwork_is_refused" {
  command = plan

  variables {
    subnet_cidr = "10.16.0.0/12"
  }

  expect_failures = [var.services_cidr]
}

run "the_whole_internet_is_refused" {
  command = plan

  variables {
    client_cidrs = ["0.0.0.0/0"]
  }

  expect_failures = [var.client_cidrs]
}

run "the_whole_internet_of_ipv6_is_refused" {
  command = plan

  variables {
    client_cidrs = ["::/0"]
  }

  expect_failures = [var.client_cidrs]
}

run "half_of_the_internet_is_refused" {
  command = plan

  variables {
    client_cidrs = ["10.50.0.0/16", "128.0.0.0/1"]
  }

  expect_failures = [var.client_cidrs]
}

run "a_network_wider_than_8_is_refused" {
  command = plan

  variables {
    client_cidrs = ["10.0.0.0/7"]
  }

  expect_failures = [var.client_cidrs]
}

run "a_network_that_is_not_one_is_refused" {
  command = plan

  variables {
    client_cidrs = ["campus"]
  }

  expect_failures = [var.client_cidrs]
}

run "an_address_out_of_range_is_refused" {
  command = plan

  variables {
    client_cidrs = ["10.300.0.0/16"]
  }

  expect_failures = [var.client_cidrs]
}

run "a_client_network_with_host_bits_is_refused" {
  command = plan

  variables {
    client_cidrs = ["10.50.3.1/16"]
  }

  expect_failures = [var.client_cidrs]
}

run "a_client_network_that_contains_the_range_of_the_database_is_refused" {
  command = plan

  variables {
    client_cidrs = ["10.0.0.0/8"]
  }

  expect_failures = [var.client_cidrs]
}

run "a_client_network_within_the_range_of_the_database_is_refused" {
  command = plan

  variables {
    client_cidrs = ["10.21.8.0/24"]
  }

  expect_failures = [var.client_cidrs]
}

run "a_privileged_port_is_refused" {
  command = plan

  variables {
    services = { dti-server = { port = 443, http_port = 6080 } }
  }

  expect_failures = [var.services]
}

run "half_a_port_is_refused" {
  command = plan

  variables {
    services = { dti-server = { port = 6000.5, http_port = 6080 } }
  }

  expect_failures = [var.services]
}

run "one_port_for_two_purposes_is_refused" {
  command = plan

  variables {
    services = { dti-server = { port = 6000, http_port = 6000 } }
  }

  expect_failures = [var.services]
}
