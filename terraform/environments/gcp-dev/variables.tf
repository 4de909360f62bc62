variable "project" {
  description = "ID of the project. It needs a billing account."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "project must be the ID of a project: 6 to 30 lower-case letters, digits and hyphens."
  }
}

variable "region" {
  description = "Region of everything, such as southamerica-west1 (Santiago)."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as southamerica-west1, not of a zone."
  }
}

variable "labels" {
  description = "More labels for all resources that can have labels, such as a cost centre. application and environment are there already."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "subnet_cidr" {
  description = "Addresses of the VMs (CIDR). They must be free in the networks of the clients."
  type        = string
  default     = "10.20.0.0/24"
  nullable    = false
}

variable "services_cidr" {
  description = "Addresses that Google uses for the database (CIDR). They must be free in the networks of the clients."
  type        = string
  default     = "10.21.0.0/20"
  nullable    = false
}

variable "client_cidrs" {
  description = "Networks of the clients: they reach the servers and the faculties (CIDR). It has no default, because opening a port is a decision."
  type        = list(string)
}

variable "servers" {
  description = "The servers, by name, with the zone of each. One of them leads, the others stand by."
  type = map(object({
    zone = string
  }))
  nullable = false
}

variable "faculties" {
  description = "The faculties, by name: one VM each. faculty_name: the faculty in the catalogue, if it differs from the key. min_programs and batch_seconds: a batch is sent when this many programs have made a request, or this long after the first request."
  type = map(object({
    faculty_name  = optional(string)
    min_programs  = optional(number, 5)
    batch_seconds = optional(number, 30)
    zone          = optional(string)
  }))
  default = {
    ciencias-sociales  = {}
    ciencias-naturales = {}
    ingenieria         = {}
    medicina           = {}
    derecho            = {}
  }
  nullable = false
}

variable "simulation_hosts" {
  description = "How many hosts to create for simulations."
  type        = number
  default     = 0
  nullable    = false
}

variable "semester" {
  description = "The semester to open. The database keeps earlier semesters, and the servers serve them too."
  type        = string
  default     = "2025-10"
  nullable    = false
}

variable "classrooms" {
  description = "How many classrooms the semester has. Fixed once the semester is open: change it together with semester."
  type        = number
  default     = 380
  nullable    = false
}

variable "labs" {
  description = "How many labs the semester has. Fixed once the semester is open: change it together with semester."
  type        = number
  default     = 60
  nullable    = false
}

variable "catalog" {
  description = "CSV file, in UTF-8, with the faculties and programs to add to the database. Default: the 10 faculties of a new store."
  type        = string
  default     = null
}

variable "image" {
  description = "Image of the VMs. A family means the newest image of that family at each apply."
  type        = string
  default     = "debian-cloud/debian-12"
  nullable    = false
}

variable "packages_folder" {
  description = "Folder with the Debian packages, such as build/packages."
  type        = string
}

variable "packages" {
  description = "The packages to install, by name: version and SHA-256. dti-server, dti-clients, and Google's google-cloud-ops-agent, without which no alert works."
  type = map(object({
    version      = string
    sha256       = string
    architecture = optional(string, "amd64")
  }))
}

variable "db_password" {
  description = "Password of the database. Set it in the environment, as TF_VAR_db_password, for each plan and apply. It is in no plan, state or metadata."
  type        = string
  sensitive   = true
  ephemeral   = true
}

variable "db_password_version" {
  description = "Number of the password. Increase it together with another password."
  type        = number
  default     = 1
  nullable    = false
}

variable "alert_emails" {
  description = "Email addresses that get the alerts."
  type        = set(string)
  default     = []
  nullable    = false
}

variable "db_availability_type" {
  description = "ZONAL: one database machine. REGIONAL: two, as in production."
  type        = string
  default     = "ZONAL"
  nullable    = false
}

variable "budget" {
  description = "Amount per month for the project with that number; at 50, 90 and 100 % of it, alert_emails get a message. Null: no budget."
  type = object({
    billing_account = string
    project_number  = string
    amount          = number
    currency        = optional(string, "USD")
  })
  default = null
}

variable "allow_plaintext" {
  description = "Let servers and faculties listen at plain endpoints: everyone whom the firewall lets in can read the messages and act for every faculty. Otherwise, only peers with a key may connect."
  type        = bool
  default     = false
  nullable    = false
}

variable "server_key" {
  description = "The key file of the servers, which dtictl key new makes. Set it in the environment, as TF_VAR_server_key, for each plan and apply. It is in no plan, state or metadata. Needed unless allow_plaintext."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "faculty_keys" {
  description = "The key file of each faculty, by its key in faculties. Set it in the environment, as TF_VAR_faculty_keys, in JSON. It is in no plan, state or metadata. Needed unless allow_plaintext."
  type        = map(string)
  default     = {}
  nullable    = false
  sensitive   = true
  ephemeral   = true
}

variable "keys_version" {
  description = "Number of the key files. Increase it together with another server_key or faculty_keys."
  type        = number
  default     = 1
  nullable    = false
}

variable "server_public_key" {
  description = "The public half of server_key: 64 digits, which dtictl key new has printed. Needed unless allow_plaintext."
  type        = string
  default     = null

  validation {
    condition     = var.allow_plaintext || can(regex("^[0-9a-f]{64}$", var.server_public_key))
    error_message = "server_public_key must have 64 digits (0 to 9, a to f), as dtictl key new prints them. For plain endpoints, set allow_plaintext = true."
  }
}

variable "keys" {
  description = "Keys that may connect to the servers, those of the faculties here included, by name: the role (faculty:NAME, office or auditor) and the public half, as dtictl key new prints it. Never a secret half."
  type = map(object({
    role   = string
    public = string
  }))
  default  = {}
  nullable = false
}

variable "program_keys" {
  description = "Keys of programs that may connect to the faculties here, as keys."
  type = map(object({
    role   = string
    public = string
  }))
  default  = {}
  nullable = false
}
