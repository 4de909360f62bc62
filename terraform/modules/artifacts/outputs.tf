output "packages" {
  description = "The packages by name: version, SHA-256, and the object as BUCKET/OBJECT, for the modules server and clients."
  value = {
    for name, package in var.packages : name => {
      version = package.version
      sha256  = package.sha256
      object  = "${google_storage_bucket.this.name}/${google_storage_bucket_object.package[name].name}"
    }
  }

  # A VM that knows the name may read the object.
  depends_on = [google_storage_bucket_iam_member.reader]
}
