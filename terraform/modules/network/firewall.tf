# A network drops everything that no rule allows. Without a source, Google's default would be the whole internet: each
# rule has one.

locals {
  health_check_cidrs = ["35.191.0.0/16", "130.211.0.0/22"]
  iap_cidrs          = ["35.235.240.0/20"]
}

resource "google_compute_firewall" "clients" {
  for_each = length(var.client_cidrs) == 0 ? {} : var.services

  name          = "${var.name}-clients-to-${each.key}"
  description   = "The named networks reach ${each.key}."
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  source_ranges = var.client_cidrs
  target_tags   = [each.key]

  allow {
    protocol = "tcp"
    ports    = [tostring(each.value.port)]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "peers" {
  for_each = { for tag, service in var.services : tag => service if length(service.from_tags) > 0 }

  name        = "${var.name}-peers-to-${each.key}"
  description = "Other VMs of the installation reach ${each.key}."
  network     = google_compute_network.this.id
  direction   = "INGRESS"
  source_tags = each.value.from_tags
  target_tags = [each.key]

  allow {
    protocol = "tcp"
    ports    = [tostring(each.value.port)]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "health_checks" {
  for_each = var.services

  name          = "${var.name}-health-checks-to-${each.key}"
  description   = "Google's health checks reach the health port of ${each.key}."
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  source_ranges = local.health_check_cidrs
  target_tags   = [each.key]

  allow {
    protocol = "tcp"
    ports    = [tostring(each.value.http_port)]
  }
}

resource "google_compute_firewall" "iap" {
  name          = "${var.name}-iap-to-ssh"
  description   = "Operators reach SSH through Identity-Aware Proxy, which checks who they are."
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  source_ranges = local.iap_cidrs

  allow {
    protocol = "tcp"
    ports    = ["22"]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}
