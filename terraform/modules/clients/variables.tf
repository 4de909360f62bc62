variable "project" {
  description = "Project in which the account of the faculties may write logs and metrics."
  type        = string
}

variable "name" {
  description = "Beginning of the names: the faculty derecho of dti is the VM dti-faculty-derecho."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,8}[a-z0-9])?$", var.name))
    error_message = "name must have 1 to 10 characters: lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen."
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

variable "zone" {
  description = "Zone of the simulation hosts, and of the faculties without a zone."
  type        = string

  validation {
    condition     = startswith(var.zone, "${var.region}-")
    error_message = "zone must be a zone of the region, such as southamerica-west1-a."
  }
}

variable "labels" {
  description = "Labels of the VMs."
  type        = map(string)

  validation {
    condition     = length(var.labels) > 0
    error_message = "labels must contain at least one label, so that the costs can be attributed."
  }
}

variable "faculties" {
  description = "The faculties, by name: one VM each. faculty_name: the faculty in the catalogue, if it differs from the key (case, spaces, _ and - do not count). min_programs and batch_seconds: a batch is sent when this many programs have made a request, or this long after the first request. An empty map: the faculties run elsewhere, in the networks of the clients."
  type = map(object({
    faculty_name  = optional(string)
    min_programs  = optional(number, 5)
    batch_seconds = optional(number, 30)
    zone          = optional(string)
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.faculties) : can(regex("^[a-z]([a-z0-9-]{0,16}[a-z0-9])?$", name))])
    error_message = "The key of a faculty must have 1 to 18 characters: lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen. The name in the catalogue may differ: set faculty_name."
  }

  validation {
    condition = alltrue([
      for faculty in values(var.faculties) : faculty.min_programs >= 1 && floor(faculty.min_programs) == faculty.min_programs
    ])
    error_message = "min_programs must be a whole number, at least 1."
  }

  validation {
    condition     = alltrue([for faculty in values(var.faculties) : faculty.batch_seconds > 0])
    error_message = "batch_seconds must be greater than 0."
  }

  validation {
    condition     = alltrue([for faculty in values(var.faculties) : faculty.faculty_name == null || try(trimspace(faculty.faculty_name) != "", false)])
    error_message = "faculty_name must not be empty. Omit it if the key is the name."
  }
}

variable "simulation_hosts" {
  description = "How many hosts to create for simulations. They have the programs, but no service."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.simulation_hosts >= 0 && var.simulation_hosts <= 100 && floor(var.simulation_hosts) == var.simulation_hosts
    error_message = "simulation_hosts must be a whole number from 0 to 100."
  }
}

variable "subnetwork" {
  description = "Subnetwork of the VMs: the output subnetwork of the module network."
  type        = string
}

variable "domain" {
  description = "Domain of the faculties' names: derecho is at derecho.DOMAIN."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$", var.domain))
    error_message = "domain must be a domain without a dot at its end, such as dti.internal."
  }
}

variable "server_endpoints" {
  description = "All servers, as HOST:PORT: the output endpoints of the module server. A faculty finds the one that leads."
  type        = list(string)

  validation {
    condition     = length(var.server_endpoints) > 0
    error_message = "server_endpoints must contain at least one server."
  }
}

variable "allow_plaintext" {
  description = "Listen at plain endpoints: everyone whom the firewall lets in can read the messages and act for every faculty. Otherwise, only peers with a key of the variable keys may connect."
  type        = bool
  default     = false
  nullable    = false
}

variable "keys" {
  description = "Keys of programs that may connect to the faculties, by name: the role (program:NAME, faculty:NAME or office) and the public half, as dtictl key new prints it. Never a secret half."
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
    condition     = alltrue([for name, key in var.keys : can(regex("^(office|auditor|(faculty|program):[^\"\\\\[:cntrl:]]+)$", key.role)) && can(regex("^[A-Za-z0-9][A-Za-z0-9 _.-]{0,63}$", name))])
    error_message = "A key must have a name of letters, digits, spaces and _ . -, and the role program:NAME, faculty:NAME, office or auditor."
  }
}

variable "key_secrets" {
  description = "The secret with the key file of each faculty, by its key in faculties, as projects/PROJECT/secrets/NAME. Needed unless allow_plaintext."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = var.allow_plaintext || length(setsubtract(keys(var.faculties), keys(var.key_secrets))) == 0
    error_message = "key_secrets must have a secret for each faculty. Or set allow_plaintext."
  }
}

variable "server_public_key" {
  description = "The public half of the key of the servers: 64 digits, which dtictl key new has printed. Needed unless allow_plaintext."
  type        = string
  default     = null

  validation {
    condition     = var.allow_plaintext || length(var.faculties) == 0 || can(regex("^[0-9a-f]{64}$", var.server_public_key))
    error_message = "server_public_key must have 64 digits (0 to 9, a to f). Or set allow_plaintext."
  }
}

variable "machine_type" {
  description = "Machine type of the VMs."
  type        = string
  default     = "e2-micro"
  nullable    = false
}

variable "image" {
  description = "Image of the VMs: see the module vm."
  type        = string
}

variable "packages" {
  description = "The output packages of the module artifacts. It must contain dti-clients. With google-cloud-ops-agent, the metrics and the log reach Google's monitoring."
  type = map(object({
    version = string
    sha256  = string
    object  = string
  }))
  nullable = false

  validation {
    condition     = contains(keys(var.packages), "dti-clients")
    error_message = "packages must contain dti-clients."
  }
}

variable "port" {
  description = "Port for programs."
  type        = number
  default     = 5000
  nullable    = false
}

variable "http_port" {
  description = "Port for metrics and health over HTTP."
  type        = number
  default     = 5080
  nullable    = false
}
