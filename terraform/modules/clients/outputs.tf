output "endpoints" {
  description = "Where programs reach their faculty: its key in the variable faculties, and its HOST:PORT."
  value       = { for name in keys(var.faculties) : name => "${name}.${var.domain}:${var.port}" }
}

output "addresses" {
  description = "The address of each faculty and simulation host, by name, for the module dns."
  value       = { for name, vm in merge(module.faculty, module.simulation) : name => vm.address }
}

output "service_account" {
  description = "The account of these VMs, as serviceAccount:EMAIL, for the module artifacts."
  value       = google_service_account.this.member
}

output "vms" {
  description = "Name, zone, group and template of each faculty's VM, for terraform/roll."
  value       = { for name, vm in module.faculty : name => merge(vm.vm, { http_port = var.http_port }) }
}
