# The name of an object has the SHA-256 of its content, so that another package is another object, and one that VMs still
# refer to is never overwritten.

locals {
  files   = { for name, package in var.packages : name => "${var.folder}/${name}_${package.version}_${package.architecture}.deb" }
  objects = { for name, package in var.packages : name => "${name}_${package.sha256}.deb" }
}

resource "google_storage_bucket" "this" {
  name                        = var.bucket
  location                    = upper(var.region)
  labels                      = var.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = var.force_destroy

  versioning {
    enabled = true
  }

  # Versioning keeps what was deleted, for a month.
  lifecycle_rule {
    condition {
      days_since_noncurrent_time = 30
    }

    action {
      type = "Delete"
    }
  }
}

resource "google_storage_bucket_object" "package" {
  for_each = var.packages

  bucket       = google_storage_bucket.this.name
  name         = local.objects[each.key]
  source       = local.files[each.key]
  content_type = "application/vnd.debian.binary-package"

  lifecycle {
    create_before_destroy = true

    precondition {
      condition     = try(fileexists(local.files[each.key]), false)
      error_message = "There is no file ${local.files[each.key]}. scripts/package builds the packages of dti."
    }

    precondition {
      condition     = try(filesha256(local.files[each.key]), each.value.sha256) == each.value.sha256
      error_message = "The SHA-256 of ${local.files[each.key]} is ${try(filesha256(local.files[each.key]), "unknown")}, not ${each.value.sha256}."
    }
  }
}

resource "google_storage_bucket_iam_member" "reader" {
  for_each = var.readers

  bucket = google_storage_bucket.this.name
  role   = "roles/storage.objectViewer"
  member = each.value
}
