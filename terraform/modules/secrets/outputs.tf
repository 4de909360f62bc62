output "secret" {
  description = "The secret, as projects/PROJECT/secrets/NAME. Read its version \"latest\"."
  value       = google_secret_manager_secret.this.id

  # A VM that knows the name may read the value.
  depends_on = [google_secret_manager_secret_version.this, google_secret_manager_secret_iam_member.accessor]
}
