variable "name" {
  description = "Name of the VM, its group and its address."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,35}[a-z0-9])?$", var.name))
    error_message = "name must have 1 to 37 characters: lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen."
  }
}

variable "region" {
  description = "Region of the address and of the template."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as southamerica-west1, not of a zone."
  }
}

variable "zone" {
  description = "Zone of the VM, in the region."
  type        = string

  validation {
    condition     = startswith(var.zone, "${var.region}-") && can(regex("-[a-z]$", var.zone))
    error_message = "zone must be a zone of the region, such as southamerica-west1-a."
  }
}

variable "labels" {
  description = "Labels of the VM, its disk and its address."
  type        = map(string)

  validation {
    condition     = length(var.labels) > 0
    error_message = "labels must contain at least one label, so that the costs can be attributed."
  }
}

variable "subnetwork" {
  description = "Subnetwork of the VM."
  type        = string
}

variable "tags" {
  description = "Network tags, which the rules of the firewall name."
  type        = set(string)
}

variable "service_account" {
  description = "Email of the VM's own account."
  type        = string

  validation {
    condition     = !endswith(var.service_account, "-compute@developer.gserviceaccount.com")
    error_message = "service_account must not be the default account of the project, which may have far-reaching roles."
  }
}

variable "machine_type" {
  description = "Machine type, such as e2-small."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]*-[a-z0-9-]+$", var.machine_type))
    error_message = "machine_type must be the name of a machine type, such as e2-small."
  }
}

variable "image" {
  description = "Debian 12 or 13, as PROJECT/IMAGE or projects/PROJECT/global/images/IMAGE. A family (debian-cloud/debian-12) means another image each month."
  type        = string

  validation {
    condition     = can(regex("^(projects/)?[a-z0-9-]+/(global/images/(family/)?)?[a-z0-9-]+$", var.image))
    error_message = "image must be PROJECT/IMAGE or projects/PROJECT/global/images/IMAGE."
  }
}

variable "disk_size" {
  description = "Size of the disk in GB. It has the system and the logs; the ledger is in the database."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.disk_size >= 10 && floor(var.disk_size) == var.disk_size
    error_message = "disk_size must be a whole number, at least 10: Debian's image needs that."
  }
}

variable "files" {
  description = "Files of the VM, by their absolute path: content, and mode (default 0644). They are in the metadata of the VM, so they must not be secrets."
  type = map(object({
    content = string
    mode    = optional(string, "0644")
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for path in keys(var.files) : can(regex("^/[A-Za-z0-9@._/-]+$", path))])
    error_message = "The path of a file must be absolute, and must have letters, digits and @ . _ / - only."
  }

  validation {
    condition     = alltrue([for file in values(var.files) : can(regex("^0[0-7]{3}$", file.mode))])
    error_message = "The mode of a file must be octal, such as 0644."
  }

  # base64 counts bytes: 4 characters stand for 3 of them.
  validation {
    condition     = alltrue([for file in values(var.files) : length(base64encode(file.content)) <= 262144 * 4 / 3])
    error_message = "A file may have 256 KiB, because Google accepts no larger metadata."
  }
}

variable "pgpass" {
  description = "How the VM gets libpq's password file: the secret (projects/PROJECT/secrets/NAME) and the beginning of the line, before the password."
  type = object({
    secret = string
    prefix = string
  })
  default = null
}

variable "secrets" {
  description = "Files of the VM with a secret, by their absolute path: the secret (projects/PROJECT/secrets/NAME), and who may read the file: mode, and owner as USER:GROUP. Written after the packages are installed, which create users and groups."
  type = map(object({
    secret = string
    mode   = string
    owner  = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for path in keys(var.secrets) : can(regex("^/[A-Za-z0-9@._/-]+$", path))])
    error_message = "The path of a secret must be absolute, and must have letters, digits and @ . _ / - only."
  }

  validation {
    condition     = alltrue([for secret in values(var.secrets) : can(regex("^0[0-7]{2}0$", secret.mode)) && can(regex("^[a-z0-9_-]+:[a-z0-9_-]+$", secret.owner))])
    error_message = "A secret must have an octal mode that gives others no right, such as 0640, and an owner such as root:postgres."
  }
}

variable "disks" {
  description = "Disks that stay when the VM is created again, by the name of the device: source (the disk) and the path at which the VM mounts it. A disk without content gets a file system (ext4)."
  type = map(object({
    source = string
    path   = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name, disk in var.disks : can(regex("^[a-z]([a-z0-9-]{0,61}[a-z0-9])?$", name)) && can(regex("^/[A-Za-z0-9._/-]+$", disk.path))])
    error_message = "The name of a device must have lower-case letters, digits and hyphens; the path of a disk must be absolute."
  }
}

variable "debian_packages" {
  description = "Packages to install from Debian's own archive, in the version that it has at that time. Their services do not start before the files and secrets are there."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.debian_packages : can(regex("^[a-z0-9][a-z0-9+.-]+$", name))])
    error_message = "A package must be the name of a Debian package, such as postgresql."
  }
}

variable "packages" {
  description = "Debian packages to install, by name: version, SHA-256, and the object in Cloud Storage as BUCKET/OBJECT."
  type = map(object({
    version = string
    sha256  = string
    object  = string
  }))
  nullable = false

  validation {
    condition     = alltrue([for package in values(var.packages) : can(regex("^[0-9a-f]{64}$", package.sha256))])
    error_message = "sha256 must have 64 hexadecimal digits in lower case, as sha256sum prints them."
  }

  validation {
    condition     = alltrue([for package in values(var.packages) : can(regex("^[0-9][A-Za-z0-9.+~:-]*$", package.version))])
    error_message = "version must be the version of a Debian package, such as 0.1.0+deb12."
  }
}

variable "services" {
  description = "Units of systemd to start, in this order: each after the one before it is ready."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for service in var.services : can(regex("^[A-Za-z0-9@._-]+$", service))])
    error_message = "A service must be the name of a unit, such as dti-server."
  }
}

variable "restarts_services" {
  description = "Whether a change of a file or package restarts the services. If not, the script says that they need a restart, and an operator decides when."
  type        = bool
  default     = true
  nullable    = false
}

variable "programs" {
  description = "Programs to run after the services have started, by their absolute path: the user that runs them. The VM repeats one that fails, for some minutes; each must change nothing that is as it should be."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = alltrue([for path, user in var.programs : can(regex("^/[A-Za-z0-9@._/-]+$", path)) && can(regex("^[a-z0-9_-]+$", user))])
    error_message = "The path of a program must be absolute, and its user must be the name of a user."
  }
}

variable "health_check" {
  description = "Health check after whose failure the group creates the VM again. Null: the group does not watch the VM."
  type        = string
  default     = null
}

variable "healing_delay" {
  description = "How many seconds a new VM has until the health check counts."
  type        = number
  default     = 900
  nullable    = false

  validation {
    condition     = var.healing_delay >= 300 && var.healing_delay <= 3600
    error_message = "healing_delay must be from 300 to 3600: a VM that installs packages needs some minutes."
  }
}
