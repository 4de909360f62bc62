output "store" {
  description = "The database, as --store and psql accept it. It has no password, and refers to the certificates in ca_file. hostaddr is the address, host the name that the certificate must have."
  value = join("", [
    "postgresql://${local.user}@${local.host}:${local.port}/${local.database}?",
    local.has_name ? "hostaddr=${local.address}&sslmode=verify-full" : "sslmode=verify-ca",
    "&sslrootcert=/etc/dti/database-ca.pem",
  ])

  depends_on = [google_sql_database.this, google_sql_user.this]
}

output "ca_certificates" {
  description = "The certificates that the servers trust, for /etc/dti/database-ca.pem. They are no secret."
  value       = join("\n", google_sql_database_instance.this.server_ca_cert[*].cert)
}

output "pgpass_prefix" {
  description = "The beginning of the line in libpq's password file, before the password."
  value       = "${local.host}:${local.port}:${local.database}:${local.user}"
}

output "instance" {
  description = "Name of the instance, for gcloud sql."
  value       = google_sql_database_instance.this.name
}
