variable "project" {
  description = "Project in which the account of the servers may write logs and metrics."
  type        = string
}

variable "name" {
  description = "Beginning of the names: the server server-1 of dti is the VM dti-server-1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,18}[a-z0-9])?$", var.name))
    error_message = "name must have 1 to 20 characters: lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen."
  }
}

variable "region" {
  description = "Region of the servers."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as southamerica-west1, not of a zone."
  }
}

variable "labels" {
  description = "Labels of the servers."
  type        = map(string)

  validation {
    condition     = length(var.labels) > 0
    error_message = "labels must contain at least one label, so that the costs can be attributed."
  }
}

variable "servers" {
  description = "The servers, by name, with the zone of each. One of them leads, the others stand by."
  type = map(object({
    zone = string
  }))
  nullable = false

  validation {
    condition     = length(var.servers) > 0
    error_message = "servers must contain at least one server."
  }

  validation {
    condition     = alltrue([for name in keys(var.servers) : can(regex("^[a-z]([a-z0-9-]{0,14}[a-z0-9])?$", name))])
    error_message = "A server's name must have 1 to 16 characters: lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen."
  }

  validation {
    condition     = alltrue([for server in values(var.servers) : startswith(server.zone, "${var.region}-")])
    error_message = "Each server's zone must be in the region."
  }
}

variable "subnetwork" {
  description = "Subnetwork of the servers: the output subnetwork of the module network."
  type        = string
}

variable "domain" {
  description = "Domain of the servers' names: server-1 is at server-1.DOMAIN."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$", var.domain))
    error_message = "domain must be a domain without a dot at its end, such as dti.internal."
  }
}

variable "machine_type" {
  description = "Machine type of the servers. A server decides on one processor and needs less than 1 GiB."
  type        = string
  default     = "e2-small"
  nullable    = false
}

variable "image" {
  description = "Image of the VMs: see the module vm."
  type        = string
}

variable "packages" {
  description = "The output packages of the module artifacts. It must contain dti-server. With google-cloud-ops-agent, the metrics and the log reach Google's monitoring."
  type = map(object({
    version = string
    sha256  = string
    object  = string
  }))
  nullable = false

  validation {
    condition     = contains(keys(var.packages), "dti-server")
    error_message = "packages must contain dti-server."
  }
}

variable "store" {
  description = "The database: the output store of the module database. It must have no password."
  type        = string

  validation {
    condition     = can(regex("[?&]sslmode=verify-(full|ca)(&|$)", var.store))
    error_message = "store must have sslmode=verify-full or sslmode=verify-ca, so that the servers send the password to no other database."
  }

  validation {
    condition     = !can(regex("^[a-z]+://[^/@]*:[^/@]*@|[?&](ssl)?password=", var.store))
    error_message = "store must not have a password: it would be in the metadata of the VMs and in the state. The servers read it from Secret Manager."
  }
}

variable "ca_certificates" {
  description = "Certificates for the file to which sslrootcert of the store refers: the output ca_certificates of the module database."
  type        = string
}

variable "secret" {
  description = "The secret with the password of the database, as projects/PROJECT/secrets/NAME: the output secret of the module secrets."
  type        = string
}

variable "allow_plaintext" {
  description = "Listen at plain endpoints: everyone whom the firewall lets in can read the messages and act for every faculty. Otherwise, only peers with a key of the variable keys may connect."
  type        = bool
  default     = false
  nullable    = false
}

variable "keys" {
  description = "Keys that may connect, by name: the role (faculty:NAME, office or auditor) and the public half, as dtictl key new prints it. Never a secret half."
  type = map(object({
    role   = string
    public = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for key in values(var.keys) : can(regex("^[0-9a-f]{64}$", key.public))])
    error_message = "The public half of a key has 64 digits (0 to 9, a to f), as dtictl key new prints them. A key file is secret and does not belong here."
  }

  validation {
    condition     = alltrue([for name, key in var.keys : can(regex("^(office|auditor|faculty:[^\"\\\\[:cntrl:]]+)$", key.role)) && can(regex("^[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}$", name))])
    error_message = "A key must have a name of letters, digits, spaces and _ . -, and the role faculty:NAME, office or auditor."
  }
}

variable "key_secret" {
  description = "The secret with the key file of the servers, as projects/PROJECT/secrets/NAME: the output secret of the module secrets. All servers have one key. Needed unless allow_plaintext."
  type        = string
  default     = null

  validation {
    condition     = var.allow_plaintext || var.key_secret != null
    error_message = "key_secret is missing: a secured endpoint needs the key of the servers. Or set allow_plaintext."
  }
}

variable "pgpass_prefix" {
  description = "Beginning of the line in libpq's password file: the output pgpass_prefix of the module database."
  type        = string
}

variable "semester" {
  description = "The semester to open. The database keeps earlier semesters, and the servers serve them too."
  type        = string

  validation {
    condition     = trimspace(var.semester) != ""
    error_message = "semester must not be empty."
  }
}

variable "classrooms" {
  description = "How many classrooms the semester has. Fixed once the semester is open: change it together with semester."
  type        = number

  validation {
    condition     = var.classrooms >= 0 && var.classrooms <= 1000000000 && floor(var.classrooms) == var.classrooms
    error_message = "classrooms must be a whole number from 0 to 1,000,000,000."
  }
}

variable "labs" {
  description = "How many labs the semester has. Fixed once the semester is open: change it together with semester."
  type        = number

  validation {
    condition     = var.labs >= 0 && var.labs <= 1000000000 && floor(var.labs) == var.labs
    error_message = "labs must be a whole number from 0 to 1,000,000,000."
  }
}

variable "catalog" {
  description = "CSV file, in UTF-8, with the faculties and programs to add to the database. Default: the 10 faculties of a new store."
  type        = string
  default     = null

  validation {
    condition     = var.catalog == null || try(fileexists(var.catalog), false)
    error_message = "catalog must be the path of a file."
  }
}

variable "lease_seconds" {
  description = "How long after the end of a leader a standby takes over."
  type        = number
  default     = 5
  nullable    = false

  validation {
    condition     = var.lease_seconds >= 1 && var.lease_seconds <= 300
    error_message = "lease_seconds must be from 1 to 300."
  }
}

variable "port" {
  description = "Port for faculties."
  type        = number
  default     = 6000
  nullable    = false
}

variable "http_port" {
  description = "Port for metrics and health over HTTP."
  type        = number
  default     = 6080
  nullable    = false
}
