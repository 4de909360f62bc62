output "server_endpoints" {
  description = "Where faculties reach the servers: HOST:PORT of each, in the order of the servers' names."
  value       = module.server.endpoints
}

output "faculty_endpoints" {
  description = "Where programs reach their faculty: its key in the variable faculties, and its HOST:PORT."
  value       = module.clients.endpoints
}

output "database_address" {
  description = "The database, as --store and psql accept it on a server. It has no password."
  value       = local.store
}

output "semester" {
  description = "The semester that the servers opened."
  value       = var.semester
}

output "project" {
  description = "The project."
  value       = var.project
}

output "servers" {
  description = "Name, zone, group and template of each server's VM, for terraform/roll."
  value       = module.server.vms
}

output "databases" {
  description = "Name, zone, group and template of each database VM, for terraform/roll. None with Cloud SQL."
  value       = local.has_patroni ? module.patroni[0].vms : {}
}

output "faculties" {
  description = "Name, zone, group and template of each faculty's VM, for terraform/roll."
  value       = module.clients.vms
}
