# What the firewall opens, and nothing else.

mock_provider "google" {}

variables {
  name          = "dti"
  region        = "southamerica-west1"
  labels        = { application = "dti" }
  subnet_cidr   = "10.20.0.0/24"
  services_cidr = "10.21.0.0/20"
  client_cidrs  = ["10.50.0.0/16", "192.168.7.0/24"]
}

run "the_named_networks_reach_the_ports_for_clients" {
  command = plan

  assert {
    condition     = { for tag, rule in google_compute_firewall.clients : tag => one(one(rule.allow).ports) } == { dti-server = "6000", dti-faculty = "5000" }
    error_message = "one port for each service"
  }

  assert {
    condition     = alltrue([for rule in google_compute_firewall.clients : rule.source_ranges == toset(var.client_cidrs)])
    error_message = "exactly the named networks"
  }

  assert {
    condition     = alltrue([for tag, rule in google_compute_firewall.clients : one(rule.target_tags) == tag])
    error_message = "only the VMs of the service"
  }
}

run "the_vms_of_the_installation_reach_each_other_by_their_tags" {
  command = plan

  assert {
    condition     = google_compute_firewall.peers["dti-server"].source_tags == toset(["dti-faculty", "dti-simulation"])
    error_message = "faculties and simulations reach the servers"
  }

  assert {
    condition     = google_compute_firewall.peers["dti-faculty"].source_tags == toset(["dti-simulation"])
    error_message = "simulations reach the faculties"
  }
}

run "a_service_without_peers_has_no_rule_for_them" {
  command = plan

  variables {
    services = { dti-server = { port = 6000, http_port = 6080 } }
  }

  assert {
    condition     = length(google_compute_firewall.peers) == 0
    error_message = "no rule without a source"
  }
}

run "health_checks_reach_the_health_ports" {
  command = plan

  assert {
    condition     = { for tag, rule in google_compute_firewall.health_checks : tag => one(one(rule.allow).ports) } == { dti-server = "6080", dti-faculty = "5080" }
    error_message = "one health port for each service"
  }

  assert {
    condition     = alltrue([for rule in google_compute_firewall.health_checks : rule.source_ranges == toset(["35.191.0.0/16", "130.211.0.0/22"])])
    error_message = "the ranges of Google's health checks"
  }
}

run "identity_aware_proxy_reaches_ssh" {
  command = plan

  assert {
    condition     = one(google_compute_firewall.iap.source_ranges) == "35.235.240.0/20" && one(one(google_compute_firewall.iap.allow).ports) == "22"
    error_message = "SSH for Identity-Aware Proxy alone"
  }
}

# Google takes a rule without a source for one that is open to the whole internet.
run "without_client_networks_there_is_no_rule_for_them" {
  command = plan

  variables {
    client_cidrs = []
  }

  assert {
    condition     = length(google_compute_firewall.clients) == 0
    error_message = "no rule without a source"
  }
}

run "a_network_of_8_bits_is_accepted" {
  command = plan

  variables {
    client_cidrs = ["11.0.0.0/8"]
  }

  assert {
    condition     = one(google_compute_firewall.clients["dti-server"].source_ranges) == "11.0.0.0/8"
    error_message = "/8 is the widest network"
  }
}

run "the_network_is_private_and_reaches_google_and_debian" {
  command = plan

  assert {
    condition     = !google_compute_network.this.auto_create_subnetworks && google_compute_subnetwork.this.private_ip_google_access
    error_message = "no other subnetwork; Google's services without an external address"
  }

  assert {
    condition     = google_compute_router_nat.this.source_subnetwork_ip_ranges_to_nat == "LIST_OF_SUBNETWORKS"
    error_message = "Cloud NAT for the one subnetwork"
  }

  assert {
    condition     = google_compute_global_address.services.address == "10.21.0.0" && google_compute_global_address.services.prefix_length == 20
    error_message = "the range of the database"
  }

  assert {
    condition     = google_service_networking_connection.services.deletion_policy == "ABANDON"
    error_message = "a destroy must not wait for the peering"
  }
}

run "flow_logs_are_on" {
  command = plan

  assert {
    condition     = length(google_compute_subnetwork.this.log_config) == 1
    error_message = "flow logs by default"
  }
}

run "flow_logs_can_be_off" {
  command = plan

  variables {
    flow_logs = false
  }

  assert {
    condition     = length(google_compute_subnetwork.this.log_config) == 0
    error_message = "no flow logs"
  }
}
