variable "bucket" {
  description = "Name of the bucket. It is unique in the whole of Google Cloud: begin it with the name of the project."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$", var.bucket))
    error_message = "bucket must have 3 to 63 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of the bucket."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as southamerica-west1, not of a zone."
  }
}

variable "labels" {
  description = "Labels of the bucket."
  type        = map(string)

  validation {
    condition     = length(var.labels) > 0
    error_message = "labels must contain at least one label, so that the costs can be attributed."
  }
}

variable "folder" {
  description = "Folder with the packages, such as build/packages: NAME_VERSION_ARCHITECTURE.deb."
  type        = string
}

variable "packages" {
  description = "The packages to store, by name: version, SHA-256 (as sha256sum prints it), and the architecture if it is not amd64."
  type = map(object({
    version      = string
    sha256       = string
    architecture = optional(string, "amd64")
  }))
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.packages) : can(regex("^[a-z0-9][a-z0-9+.-]+$", name))])
    error_message = "The key of a package must be the name of a Debian package, such as dti-server."
  }

  validation {
    condition     = alltrue([for package in values(var.packages) : can(regex("^[0-9a-f]{64}$", package.sha256))])
    error_message = "sha256 must have 64 hexadecimal digits in lower case, as sha256sum prints them."
  }

  validation {
    condition     = alltrue([for package in values(var.packages) : can(regex("^[0-9][A-Za-z0-9.+~-]*$", package.version))])
    error_message = "version must be the version of a Debian package, such as 0.1.0+deb12."
  }
}

variable "readers" {
  description = "Service accounts that may read the packages, as serviceAccount:EMAIL, each under a name of your choice."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.readers) : startswith(member, "serviceAccount:")])
    error_message = "readers must be service accounts (serviceAccount:EMAIL)."
  }
}

variable "force_destroy" {
  description = "Whether a destroy may delete the bucket with the packages in it."
  type        = bool
  default     = false
  nullable    = false
}
