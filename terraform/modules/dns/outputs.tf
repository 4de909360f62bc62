output "names" {
  description = "The full name of each record."
  value       = { for name, record in google_dns_record_set.this : name => trimsuffix(record.name, ".") }
}
