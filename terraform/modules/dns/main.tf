resource "google_dns_managed_zone" "this" {
  name        = var.name
  description = "Names of the servers and faculties of ${var.name}."
  dns_name    = "${var.domain}."
  visibility  = "private"
  labels      = var.labels

  private_visibility_config {
    networks {
      network_url = var.network
    }
  }
}

# Few seconds, so that a name that changes is not remembered. An address stays for the life of its VM's name.
resource "google_dns_record_set" "this" {
  for_each = var.records

  managed_zone = google_dns_managed_zone.this.name
  name         = "${each.key}.${var.domain}."
  type         = "A"
  ttl          = 30
  rrdatas      = [each.value]
}

# An address in the network at which the campus asks for these names.
resource "google_dns_policy" "inbound" {
  count = var.inbound_forwarding ? 1 : 0

  name                      = "${var.name}-inbound"
  description               = "The networks of the clients ask for the names of ${var.name}."
  enable_inbound_forwarding = true
  enable_logging            = true

  networks {
    network_url = var.network
  }
}
