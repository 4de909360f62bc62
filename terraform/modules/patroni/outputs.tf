output "store" {
  description = "The database, as --store and psql accept it. It has no password, and refers to the certificate in ca_certificates. It lists each VM by its name, because a standby takes over under another address."
  value = join("", [
    "postgresql://${local.user}@${join(",", [for host in local.hosts : "${host}:${local.ports.postgresql}"])}/${local.database}",
    "?sslmode=verify-full&target_session_attrs=read-write&sslrootcert=/etc/dti/database-ca.pem",
  ])
}

output "ca_certificates" {
  description = "The certificate that the servers trust, for /etc/dti/database-ca.pem. It is no secret."
  value       = var.ca_certificate
}

output "pgpass_prefix" {
  description = "The beginning of the line in libpq's password file, before the password. It is for each of the VMs; verify-full keeps the password from others."
  value       = "*:${local.ports.postgresql}:${local.database}:${local.user}"
}

output "addresses" {
  description = "The address of each VM, by name, for the module dns."
  value       = { for name, vm in module.vm : name => vm.address }
}

output "service_account" {
  description = "The VMs' account, as serviceAccount:EMAIL, for the modules secrets and artifacts."
  value       = google_service_account.this.member
}

output "vms" {
  description = "Name, zone, group and template of each VM, for terraform/roll."
  value       = { for name, vm in module.vm : name => vm.vm }
}
