variable "directory" {
  description = "Folder for everything that this environment writes: database, logs, ports. It must be empty or not exist; its parent must exist. Another folder means a new, empty database. Default: .state in the folder of the environment; /var/lib/dti-local-ID if the checkout is below /root, where the user postgres has no access."
  type        = string
  default     = null
}

variable "binaries" {
  description = "Folder of dti_server and faculty. Default: the first of /usr/bin, build/release/bin and build/dev/bin of the checkout that has the program."
  type        = string
  default     = null

  validation {
    condition     = var.binaries == null || can(regex("[^[:space:]]", var.binaries))
    error_message = "binaries must be the path of a folder. Omit it to use the default."
  }
}

variable "process_manager" {
  description = "What watches the supervisors of the processes. systemd: each is a transient unit of the system's manager, if root runs Terraform, else of the user's manager. none: each is a process group of its own. auto: systemd where it runs, for a user only if the user lingers (loginctl enable-linger); else none."
  type        = string
  default     = "auto"
  nullable    = false

  validation {
    condition     = contains(["auto", "systemd", "none"], var.process_manager)
    error_message = "process_manager must be auto, systemd or none."
  }
}

variable "servers" {
  description = "Names of the dti_server processes. One of them leads, the others stand by."
  type        = set(string)
  default     = ["server-1", "server-2"]

  validation {
    condition     = length(var.servers) > 0
    error_message = "servers must contain at least one name."
  }

  validation {
    condition     = alltrue([for name in var.servers : can(regex("^[a-z][a-z0-9-]{0,39}$", name)) && name != "database"])
    error_message = "A server's name must have 1 to 40 characters: lower-case letters, digits and hyphens, beginning with a letter. \"database\" is taken."
  }
}

variable "faculties" {
  description = "The faculty processes, by name. faculty_name: the faculty in the catalogue, if it differs from the key (case, spaces, _ and - do not count). min_programs and batch_seconds: a batch is sent when this many programs have made a request, or this long after the first request."
  type = map(object({
    faculty_name  = optional(string)
    min_programs  = optional(number, 5)
    batch_seconds = optional(number, 30)
  }))
  default = {
    ciencias-sociales  = {}
    ciencias-naturales = {}
    ingenieria         = {}
    medicina           = {}
    derecho            = {}
  }
  nullable = false

  validation {
    condition     = alltrue([for name in keys(var.faculties) : can(regex("^[a-z][a-z0-9-]{0,39}$", name)) && name != "database"])
    error_message = "The key of a faculty must have 1 to 40 characters: lower-case letters, digits and hyphens, beginning with a letter. \"database\" is taken. The name in the catalogue may differ: set faculty_name."
  }

  validation {
    condition     = length(setintersection(keys(var.faculties), var.servers)) == 0
    error_message = "A faculty and a server must not have the same name."
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

variable "keys" {
  description = "Keys that may connect to the servers besides those of the faculties here, by name: the role (faculty:NAME, office or auditor) and the public half, as dtictl key new prints it. Never a secret half."
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
    condition     = alltrue([for key in values(var.keys) : can(regex("^(office|auditor|faculty:[^\"\\\\[:cntrl:]]+)$", key.role))])
    error_message = "The role of a key must be faculty:NAME, office or auditor."
  }

  validation {
    condition     = alltrue([for name in keys(var.keys) : can(regex("^[a-z][a-z0-9-]{0,39}$", name)) && !contains(keys(var.faculties), name)])
    error_message = "The name of a key must have 1 to 40 characters: lower-case letters, digits and hyphens, beginning with a letter, and must not be that of a faculty here."
  }
}

variable "semester" {
  description = "The semester to open. The database keeps earlier semesters, and the servers serve them too."
  type        = string
  default     = "2025-10"
  nullable    = false

  validation {
    condition     = trimspace(var.semester) != ""
    error_message = "semester must not be empty."
  }
}

variable "classrooms" {
  description = "How many classrooms the semester has. Fixed once the semester is open: change it together with semester."
  type        = number
  default     = 380
  nullable    = false

  validation {
    condition     = var.classrooms >= 0 && var.classrooms <= 1000000000 && floor(var.classrooms) == var.classrooms
    error_message = "classrooms must be a whole number from 0 to 1,000,000,000."
  }
}

variable "labs" {
  description = "How many labs the semester has. Fixed once the semester is open: change it together with semester."
  type        = number
  default     = 60
  nullable    = false

  validation {
    condition     = var.labs >= 0 && var.labs <= 1000000000 && floor(var.labs) == var.labs
    error_message = "labs must be a whole number from 0 to 1,000,000,000."
  }
}

variable "catalog" {
  description = "CSV file with the faculties and programs to add to the database. Default: the 10 faculties of a new store."
  type        = string
  default     = null

  validation {
    condition     = var.catalog == null || try(fileexists(var.catalog), false)
    error_message = "catalog must be the path of a file."
  }
}
