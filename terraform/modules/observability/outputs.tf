output "alerts" {
  description = "The alert policies, by the name of their rule."
  value       = { for name, policy in google_monitoring_alert_policy.this : name => policy.id }
}

output "log_bucket" {
  description = "The bucket with the log."
  value       = google_logging_project_bucket_config.this.id
}
