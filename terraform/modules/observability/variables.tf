variable "project" {
  description = "The project with the installation."
  type        = string
}

variable "name" {
  description = "Name of the log's bucket and sink, and of the budget."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,58}[a-z0-9]$", var.name))
    error_message = "name must have 2 to 60 characters: lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen."
  }
}

variable "region" {
  description = "Region that keeps the log."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as southamerica-west1, not of a zone."
  }
}

variable "labels" {
  description = "Labels of the alerts."
  type        = map(string)

  validation {
    condition     = length(var.labels) > 0
    error_message = "labels must contain at least one label, so that the alerts can be attributed."
  }
}

variable "alert_emails" {
  description = "Email addresses that get the alerts and the messages of the budget."
  type        = set(string)
  nullable    = false

  validation {
    condition     = alltrue([for email in var.alert_emails : can(regex("^[^@[:space:]]+@[^@[:space:]]+\\.[^@[:space:]]+$", email))])
    error_message = "alert_emails must be email addresses."
  }
}

variable "rules" {
  description = "File with the rules for Prometheus. Default: those of the project."
  type        = string
  default     = null

  validation {
    condition     = var.rules == null || try(fileexists(var.rules), false)
    error_message = "rules must be the path of a file."
  }
}

variable "runbooks" {
  description = "Beginning of the address of the runbooks, such as https://git.example.org/dti/blob/main/. An alert adds docs/operations.md#alert-no-leader, for example."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = var.runbooks == "" || can(regex("^https://.*/$", var.runbooks))
    error_message = "runbooks must begin with https:// and end with a slash."
  }
}

variable "log_days" {
  description = "For how many days to keep the log."
  type        = number
  default     = 90
  nullable    = false

  validation {
    condition     = var.log_days >= 1 && var.log_days <= 3650 && floor(var.log_days) == var.log_days
    error_message = "log_days must be a whole number from 1 to 3650."
  }
}

variable "budget" {
  description = "Amount per month for the project with that number, of which 50, 90 and 100 % are reported, and the forecast of 100 %. It stops nothing. The account that runs Terraform needs roles/billing.costsManager on the billing account. Null: no budget."
  type = object({
    billing_account = string
    project_number  = string
    amount          = number
    currency        = optional(string, "USD")
  })
  default = null

  validation {
    condition     = var.budget == null || can(regex("^[0-9A-F]{6}-[0-9A-F]{6}-[0-9A-F]{6}$", var.budget.billing_account))
    error_message = "billing_account must be the ID of a billing account, such as 012345-6789AB-CDEF01."
  }

  validation {
    condition     = var.budget == null || can(regex("^[0-9]+$", var.budget.project_number))
    error_message = "project_number must have digits only: Google's budgets know a project by its number, not by its ID."
  }

  validation {
    condition     = var.budget == null || try(var.budget.amount > 0 && floor(var.budget.amount) == var.budget.amount, false)
    error_message = "The amount of the budget must be a whole number, at least 1."
  }

  validation {
    condition     = var.budget == null || can(regex("^[A-Z]{3}$", var.budget.currency))
    error_message = "The currency of the budget must be the one of the billing account, such as USD or CLP."
  }
}
