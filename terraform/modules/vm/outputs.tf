output "address" {
  description = "The address of the VM. It stays when the VM is replaced."
  value       = google_compute_address.this.address
}

output "vm" {
  description = "Name, zone, group and template of the VM, for terraform/roll."
  value = {
    name     = var.name
    zone     = var.zone
    group    = google_compute_instance_group_manager.this.name
    template = google_compute_instance_template.this.self_link_unique
  }
}

output "files" {
  description = "The content of each file of the VM, by its path."
  value       = { for path, file in var.files : path => file.content }
}

output "secrets" {
  description = "The path of each secret file of the VM, and the secret, mode and owner."
  value       = var.secrets
}

output "packages" {
  description = "The names of the packages that the VM installs."
  value       = sort(keys(var.packages))
}

output "services" {
  description = "The services that the VM starts."
  value       = var.services
}
