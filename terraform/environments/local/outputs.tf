output "server_endpoints" {
  description = "Where faculties reach the servers: HOST:PORT of each, in the order of the servers' names."
  value       = local.server_endpoints

  # It stops each plan but that of destroy.
  precondition {
    condition     = alltrue([for port in values(local.ports) : port != null])
    error_message = "The folder ${local.directory} was removed, or a part of it, and the database with it. Run: terraform destroy, then: terraform apply"
  }
}

output "faculty_endpoints" {
  description = "Where programs reach their faculty: its key in the variable faculties, and its HOST:PORT."
  value       = { for name in keys(var.faculties) : name => "127.0.0.1:${coalesce(local.ports[name], 0)}" }
}

output "database_address" {
  description = "The database, as --store and psql accept it. It has no password: PostgreSQL checks the user of the process that connects."
  value       = local.database_address
}

output "semester" {
  description = "The semester that the servers opened."
  value       = var.semester
}

output "directory" {
  description = "The folder with the database, the logs and the ports. The commands status and repair need it."
  value       = local.directory
}
