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

variable "domain" {
  description = "Domain of the names of the servers and faculties. Only this network and those of the clients see it."
  type        = string
  default     = "dti.internal"
  nullable    = false
}

variable "servers" {
  description = "The servers, by name, with the zone of each. One of them leads, the others stand by."
  type = map(object({
    zone = string
  }))
  nullable = false

  validation {
    condition     = length(var.servers) >= 2
    error_message = "servers must contain at least two servers: one leads, another stands by."
  }

  validation {
    condition     = length(toset([for server in values(var.servers) : server.zone])) >= 2
    error_message = "The servers must be in at least two zones: the failure of a zone must leave one."
  }
}

variable "server_machine_type" {
  description = "Machine type of the servers."
  type        = string
  default     = "e2-standard-2"
  nullable    = false
}

variable "faculties" {
  description = "The faculties, by name: one VM each. faculty_name: the faculty in the catalogue, if it differs from the key. min_programs and batch_seconds: a batch is sent when this many programs have made a request, or this long after the first request. Default: none, because the faculties run in the networks of the clients."
  type = map(object({
    faculty_name  = optional(string)
    min_programs  = optional(number, 5)
    batch_seconds = optional(number, 30)
    zone          = optional(string)
  }))
  default  = {}
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
}

variable "classrooms" {
  description = "How many classrooms the semester has. Fixed once the semester is open: change it together with semester."
  type        = number
}

variable "labs" {
  description = "How many labs the semester has. Fixed once the semester is open: change it together with semester."
  type        = number
}

variable "catalog" {
  description = "CSV file, in UTF-8, with the faculties and programs to add to the database. Default: the 10 faculties of a new store."
  type        = string
  default     = null
}

variable "image" {
  description = "Image of the VMs, by its full name, as `gcloud compute images list --filter=family=debian-12` prints it: debian-cloud/debian-12-bookworm-v20261110, for example. Another image is a change that you see in a plan."
  type        = string

  validation {
    condition     = can(regex("-v[0-9]{8}$", var.image))
    error_message = "image must be the name of one image, which ends with its date (-v20261110), not of a family: a family means another image each month."
  }
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

variable "database" {
  description = "cloud-sql: PostgreSQL of Google, which also makes the backups. patroni: three VMs of your own with PostgreSQL under Patroni. Choose before the first apply: another value makes an empty database."
  type        = string
  default     = "cloud-sql"
  nullable    = false

  validation {
    condition     = contains(["cloud-sql", "patroni"], var.database)
    error_message = "database must be cloud-sql or patroni."
  }

  validation {
    condition     = var.database != "patroni" || (var.database_zones != null && var.database_image != null && var.database_ca_certificate != null && var.database_certificate != null)
    error_message = "database = \"patroni\" needs database_zones, database_image, database_ca_certificate and database_certificate."
  }
}

variable "database_zones" {
  description = "With patroni: the zones of the three database VMs, such as those that end with a, b and c."
  type        = list(string)
  default     = null
}

variable "database_image" {
  description = "With patroni: image of the database VMs, Debian 13, by its full name: debian-cloud/debian-13-trixie-v20261110, for example."
  type        = string
  default     = null
}

variable "database_machine_type" {
  description = "With patroni: machine type of the database VMs."
  type        = string
  default     = "e2-standard-2"
  nullable    = false
}

variable "database_ca_certificate" {
  description = "With patroni: the content of ca.pem of terraform/certificates. It is no secret."
  type        = string
  default     = null
}

variable "database_certificate" {
  description = "With patroni: the content of node.pem of terraform/certificates, with the private key. Set it in the environment, as TF_VAR_database_certificate, for each plan and apply. It is in no plan, state or metadata."
  type        = string
  default     = null
  sensitive   = true
  ephemeral   = true
}

variable "database_certificate_version" {
  description = "With patroni: number of database_certificate. Increase it together with another certificate."
  type        = number
  default     = 1
  nullable    = false
}

variable "db_edition" {
  description = "Edition of Cloud SQL: ENTERPRISE or ENTERPRISE_PLUS."
  type        = string
  default     = "ENTERPRISE"
  nullable    = false
}

variable "db_tier" {
  description = "Machine of the database."
  type        = string
  default     = "db-custom-2-7680"
  nullable    = false
}

variable "db_transaction_log_days" {
  description = "For how many days the database can be restored to any second."
  type        = number
  default     = 7
  nullable    = false
}

variable "db_maintenance" {
  description = "When Google may restart the database for maintenance, in UTC: day (1 is Monday, 7 is Sunday) and hour."
  type = object({
    day  = number
    hour = number
  })
  default  = { day = 7, hour = 8 }
  nullable = false
}

variable "db_deny_maintenance" {
  description = "Days without maintenance, such as those of the registration: start_date and end_date, as MM-DD for each year or as YYYY-MM-DD."
  type = object({
    start_date = string
    end_date   = string
  })
  default = null
}

variable "deletion_protection" {
  description = "Whether the database is protected from deletion. Set it to false, and apply, before a destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "alert_emails" {
  description = "Email addresses that get the alerts."
  type        = set(string)

  validation {
    condition     = length(var.alert_emails) > 0
    error_message = "alert_emails must contain at least one address: an alert that reaches no person does not help."
  }
}

variable "runbooks" {
  description = "Beginning of the address of the runbooks: see the module observability."
  type        = string
  default     = ""
  nullable    = false
}

variable "log_days" {
  description = "For how many days to keep the log."
  type        = number
  default     = 90
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
