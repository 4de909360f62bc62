variable "region" {
  description = "Region of the database."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as southamerica-west1, not of a zone."
  }
}

variable "labels" {
  description = "Labels of the database."
  type        = map(string)

  validation {
    condition     = length(var.labels) > 0
    error_message = "labels must contain at least one label, so that the costs can be attributed."
  }
}

variable "network" {
  description = "The network with the peering: the output services_network of the module network."
  type        = string
}

variable "password" {
  description = "Password of the user dti. It is ephemeral: neither the plan nor the state contains it."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = can(regex("^[!-~]{16,200}$", var.password))
    error_message = "The password must have 16 to 200 printable ASCII characters without spaces."
  }
}

variable "password_version" {
  description = "Number of the password. Increase it to write another password: Terraform cannot see that an ephemeral value has changed."
  type        = number

  validation {
    condition     = var.password_version >= 1 && floor(var.password_version) == var.password_version
    error_message = "password_version must be a whole number, at least 1."
  }
}

variable "database_version" {
  description = "Version of PostgreSQL, such as POSTGRES_17."
  type        = string
  default     = "POSTGRES_17"
  nullable    = false

  validation {
    condition     = contains(["POSTGRES_15", "POSTGRES_16", "POSTGRES_17"], var.database_version)
    error_message = "database_version must be POSTGRES_15, POSTGRES_16 or POSTGRES_17: those that dti is tested with or between them."
  }
}

variable "edition" {
  description = "Edition of Cloud SQL: ENTERPRISE or ENTERPRISE_PLUS. Google's default depends on the version, so that it is always stated."
  type        = string
  default     = "ENTERPRISE"
  nullable    = false

  validation {
    condition     = contains(["ENTERPRISE", "ENTERPRISE_PLUS"], var.edition)
    error_message = "edition must be ENTERPRISE or ENTERPRISE_PLUS."
  }
}

variable "tier" {
  description = "Machine of the database, such as db-custom-2-7680: 2 processors and 7,680 MiB."
  type        = string
  default     = "db-custom-2-7680"
  nullable    = false
}

variable "availability_type" {
  description = "REGIONAL: a second machine in another zone takes over, and no commit is lost. ZONAL: one machine."
  type        = string
  default     = "REGIONAL"
  nullable    = false

  validation {
    condition     = contains(["REGIONAL", "ZONAL"], var.availability_type)
    error_message = "availability_type must be REGIONAL or ZONAL."
  }
}

variable "disk_size_max" {
  description = "Size in GB up to which the disk may grow. 0 means no limit."
  type        = number
  default     = 100
  nullable    = false

  validation {
    condition     = var.disk_size_max == 0 || (var.disk_size_max >= 10 && floor(var.disk_size_max) == var.disk_size_max)
    error_message = "disk_size_max must be 0 or a whole number, at least 10."
  }
}

variable "deletion_protection" {
  description = "Whether to protect the database from deletion, by Terraform and by every other way, and to keep its backups if it is deleted nevertheless."
  type        = bool
  default     = true
  nullable    = false
}

variable "server_ca_mode" {
  description = "Who signs the certificate of the database. GOOGLE_MANAGED_CAS_CA: Google's regional authority, which the servers check with sslmode=verify-full. GOOGLE_MANAGED_INTERNAL_CA: an authority of this database alone; its certificate has no name, so that the servers use verify-ca."
  type        = string
  default     = "GOOGLE_MANAGED_CAS_CA"
  nullable    = false

  validation {
    condition     = contains(["GOOGLE_MANAGED_CAS_CA", "GOOGLE_MANAGED_INTERNAL_CA"], var.server_ca_mode)
    error_message = "server_ca_mode must be GOOGLE_MANAGED_CAS_CA or GOOGLE_MANAGED_INTERNAL_CA."
  }
}

variable "backup_start_time" {
  description = "When the daily backup starts: HH:MM, in UTC."
  type        = string
  default     = "07:00"
  nullable    = false

  validation {
    condition     = can(regex("^([01][0-9]|2[0-3]):[0-5][0-9]$", var.backup_start_time))
    error_message = "backup_start_time must be HH:MM, such as 07:00."
  }
}

variable "backups" {
  description = "How many daily backups to keep; at least one for each of transaction_log_days."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = var.backups >= 1 && var.backups <= 365 && floor(var.backups) == var.backups
    error_message = "backups must be a whole number from 1 to 365."
  }
}

variable "transaction_log_days" {
  description = "For how many days the database can be restored to any second. At most 7 with the edition ENTERPRISE, 35 with ENTERPRISE_PLUS."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition     = var.transaction_log_days >= 1 && floor(var.transaction_log_days) == var.transaction_log_days
    error_message = "transaction_log_days must be a whole number, at least 1."
  }
}

variable "maintenance" {
  description = "When Google may restart the database for maintenance, in UTC: day (1 is Monday, 7 is Sunday) and hour."
  type = object({
    day  = number
    hour = number
  })
  default  = { day = 7, hour = 8 }
  nullable = false

  validation {
    condition     = contains(range(1, 8), var.maintenance.day) && contains(range(0, 24), var.maintenance.hour)
    error_message = "maintenance must have a day from 1 (Monday) to 7 (Sunday) and an hour from 0 to 23."
  }
}

variable "deny_maintenance" {
  description = "Days without maintenance, such as those of the registration: start_date and end_date, as MM-DD for each year or as YYYY-MM-DD. Google accepts at most 90 days."
  type = object({
    start_date = string
    end_date   = string
  })
  default = null

  validation {
    condition = var.deny_maintenance == null || alltrue([
      for date in try(values(var.deny_maintenance), []) : can(regex("^([0-9]{4}-)?(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])$", date))
    ])
    error_message = "deny_maintenance must have a start_date and an end_date, as MM-DD or as YYYY-MM-DD."
  }
}

variable "database_flags" {
  description = "Flags of PostgreSQL. The servers set what they rely on in each session, so that it needs no flag."
  type        = map(string)
  default = {
    log_checkpoints    = "on"
    log_connections    = "on"
    log_disconnections = "on"
    log_lock_waits     = "on"
    log_temp_files     = "0"
  }
  nullable = false

  validation {
    condition     = length(setintersection(keys(var.database_flags), ["fsync", "full_page_writes", "synchronous_commit"])) == 0
    error_message = "database_flags must not contain fsync, full_page_writes or synchronous_commit: a grant that was answered must survive a crash."
  }
}
