# Each condition refuses what it must refuse; the names are private.

mock_provider "google" {}

variables {
  name    = "dti"
  labels  = { application = "dti" }
  domain  = "dti.internal"
  network = "projects/example/global/networks/dti"
  records = { server-1 = "10.20.0.2" }
}

run "the_zone_is_private_and_each_name_has_its_address" {
  command = plan

  assert {
    condition     = google_dns_managed_zone.this.visibility == "private" && one(google_dns_managed_zone.this.private_visibility_config[0].networks).network_url == var.network
    error_message = "the network alone sees it"
  }

  assert {
    condition     = google_dns_record_set.this["server-1"].name == "server-1.dti.internal." && google_dns_record_set.this["server-1"].rrdatas == tolist(["10.20.0.2"])
    error_message = "a record of type A"
  }

  assert {
    condition     = output.names == { server-1 = "server-1.dti.internal" }
    error_message = "the full name"
  }
}

run "the_networks_of_the_clients_can_ask" {
  command = plan

  assert {
    condition     = google_dns_policy.inbound[0].enable_inbound_forwarding
    error_message = "by default"
  }
}

run "the_networks_of_the_clients_need_not_ask" {
  command = plan

  variables {
    inbound_forwarding = false
  }

  assert {
    condition     = length(google_dns_policy.inbound) == 0
    error_message = "no policy"
  }
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Dti"
  }

  expect_failures = [var.name]
}

run "no_label_is_refused" {
  command = plan

  variables {
    labels = {}
  }

  expect_failures = [var.labels]
}

run "a_domain_with_a_dot_at_its_end_is_refused" {
  command = plan

  variables {
    domain = "dti.internal."
  }

  expect_failures = [var.domain]
}

run "a_domain_of_multicast_dns_is_refused" {
  command = plan

  variables {
    domain = "dti.local"
  }

  expect_failures = [var.domain]
}

run "a_name_with_a_dot_is_refused" {
  command = plan

  variables {
    records = { "server.1" = "10.20.0.2" }
  }

  expect_failures = [var.records]
}
