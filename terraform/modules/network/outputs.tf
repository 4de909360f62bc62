output "network" {
  description = "The network."
  value       = google_compute_network.this.id
}

output "services_network" {
  description = "The network, once its peering with Google's network is there. Create a database in this one: Google refuses a private database before the peering exists."
  value       = google_compute_network.this.id

  depends_on = [google_service_networking_connection.services]
}

output "subnetwork" {
  description = "The subnetwork of the VMs."
  value       = google_compute_subnetwork.this.id

  # A VM downloads packages at its first boot.
  depends_on = [google_compute_router_nat.this]
}
