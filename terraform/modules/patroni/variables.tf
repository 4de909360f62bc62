variable "name" {
  description = "Beginning of the names: database-1 of dti is the VM dti-database-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", var.name))
    error_message = "name must have 1 to 20 characters: lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen."
  }
}

variable "region" {
  description = "Region of the VMs."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as southamerica-west1, not of a zone."
  }
}

variable "labels" {
  description = "Labels of the VMs, their disks and the snapshots."
  type        = map(string)

  validation {
    condition     = length(var.labels) > 0
    error_message = "labels must contain at least one label, so that the costs can be attributed."
  }
}

variable "zones" {
  description = "The zones of database-1, database-2 and database-3. Three zones survive the failure of each one; with two zones, one of them has two VMs, and its failure stops the database."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.zones) == 3
    error_message = "zones must have three zones, one for each VM: two of three can decide which one leads."
  }

  validation {
    condition     = length(toset(var.zones)) >= 2
    error_message = "The VMs must be in at least two zones."
  }

  validation {
    condition     = alltrue([for zone in var.zones : startswith(zone, "${var.region}-")])
    error_message = "Each zone must be in the region."
  }
}

variable "network" {
  description = "The network: the output network of the module network."
  type        = string
}

variable "subnetwork" {
  description = "Subnetwork of the VMs: the output subnetwork of the module network."
  type        = string
}

variable "server_tags" {
  description = "Network tags of the VMs that may reach PostgreSQL."
  type        = set(string)
  default     = ["dti-server"]
  nullable    = false

  validation {
    condition     = length(var.server_tags) > 0
    error_message = "server_tags must contain at least one tag: a rule without a source would be open to the internet."
  }
}

variable "domain" {
  description = "Domain of the VMs' names: database-1 is at database-1.DOMAIN. The certificate has these names."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$", var.domain))
    error_message = "domain must be a domain without a dot at its end, such as dti.internal."
  }
}

variable "machine_type" {
  description = "Machine type of the VMs."
  type        = string
  default     = "e2-standard-2"
  nullable    = false
}

variable "image" {
  description = "Image of Debian 13, by its full name, such as debian-cloud/debian-13-trixie-v20261110. Debian 12 has a Patroni that lost commits."
  type        = string

  validation {
    condition     = can(regex("/debian-13-[a-z0-9-]*-v[0-9]{8}$", var.image))
    error_message = "image must be the name of one image of Debian 13, which ends with its date, such as debian-cloud/debian-13-trixie-v20261110."
  }
}

variable "packages" {
  description = "The output packages of the module artifacts. If it contains patroni, the VMs install that package instead of Debian's."
  type = map(object({
    version = string
    sha256  = string
    object  = string
  }))
  default  = {}
  nullable = false
}

variable "ca_certificate" {
  description = "Certificate of the authority that has signed the certificate of the VMs, in PEM: ca.pem of terraform/certificates. It is no secret."
  type        = string

  validation {
    condition     = startswith(var.ca_certificate, "-----BEGIN CERTIFICATE-----\n") && !strcontains(var.ca_certificate, "PRIVATE KEY")
    error_message = "ca_certificate must be a certificate in PEM, without a private key."
  }
}

variable "certificate_secret" {
  description = "The secret with the private key and the certificate of the VMs (node.pem of terraform/certificates), as projects/PROJECT/secrets/NAME: the output secret of a module secrets."
  type        = string
}

variable "password_secret" {
  description = "The secret with the password of the user dti, as projects/PROJECT/secrets/NAME: the output secret of a module secrets."
  type        = string
}

variable "data_disk_size" {
  description = "Size in GB of the disk of PostgreSQL on each VM. It can grow, not shrink: apply, and run the startup script on each VM. A standby that is behind by more than a third of it must be copied again."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.data_disk_size >= 10 && floor(var.data_disk_size) == var.data_disk_size
    error_message = "data_disk_size must be a whole number, at least 10."
  }
}

variable "snapshot_start_time" {
  description = "When the daily snapshots start, in UTC: 00:00, 04:00, 08:00, 12:00, 16:00 or 20:00."
  type        = string
  default     = "08:00"
  nullable    = false

  validation {
    condition     = contains(["00:00", "04:00", "08:00", "12:00", "16:00", "20:00"], var.snapshot_start_time)
    error_message = "snapshot_start_time must be 00:00, 04:00, 08:00, 12:00, 16:00 or 20:00."
  }
}

variable "snapshot_days" {
  description = "For how many days to keep a snapshot."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.snapshot_days >= 1 && floor(var.snapshot_days) == var.snapshot_days
    error_message = "snapshot_days must be a whole number, at least 1."
  }
}

variable "watchdog" {
  description = "automatic: Patroni uses the watchdog of the kernel (softdog) if it can be loaded, which resets a VM whose Patroni hangs while it is the primary. required: without one, a VM does not become the primary. off: never."
  type        = string
  default     = "automatic"
  nullable    = false

  validation {
    condition     = contains(["automatic", "required", "off"], var.watchdog)
    error_message = "watchdog must be automatic, required or off."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to destroy or replace the disks, and takes a snapshot of one that is removed nevertheless."
  type        = bool
  default     = true
  nullable    = false
}
