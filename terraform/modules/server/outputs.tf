output "endpoints" {
  description = "Where faculties reach the servers: HOST:PORT of each, in the order of the servers' names."
  value       = [for name in sort(keys(var.servers)) : "${name}.${var.domain}:${var.port}"]
}

output "addresses" {
  description = "The address of each server, by name, for the module dns."
  value       = { for name, vm in module.vm : name => vm.address }
}

output "service_account" {
  description = "The servers' account, as serviceAccount:EMAIL, for the modules secrets and artifacts."
  value       = google_service_account.this.member
}

output "vms" {
  description = "Name, zone, group and template of each VM, for terraform/roll."
  value       = { for name, vm in module.vm : name => merge(vm.vm, { http_port = var.http_port }) }
}
