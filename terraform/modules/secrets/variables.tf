variable "name" {
  description = "Name of the secret."
  type        = string

  validation {
    condition     = can(regex("^[a-zA-Z0-9_-]{1,255}$", var.name))
    error_message = "name must have 1 to 255 letters, digits, hyphens and underscores."
  }
}

variable "region" {
  description = "Region in which Secret Manager keeps the secret."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as southamerica-west1, not of a zone."
  }
}

variable "labels" {
  description = "Labels of the secret."
  type        = map(string)

  validation {
    condition     = length(var.labels) > 0
    error_message = "labels must contain at least one label, so that the costs can be attributed."
  }
}

variable "value" {
  description = "The secret. It is ephemeral: neither the plan nor the state contains it."
  type        = string
  sensitive   = true
  ephemeral   = true

  validation {
    condition     = can(regex("^[!-~]{16,200}$", var.value)) || can(regex("^-----BEGIN [A-Z ]*PRIVATE KEY-----\n[-A-Za-z0-9+/= \n]+$", var.value)) || can(regex("^(#[^\n]*\n)*name = \"[^\"\n]+\"\npublic = \"[0-9a-f]{64}\"\nsecret = \"[0-9a-f]{64}\"\n?$", var.value))
    error_message = "The secret must have 16 to 200 printable ASCII characters without spaces, or be a private key in PEM, with or without certificates, or be a key file of dtictl key new."
  }
}

variable "value_version" {
  description = "Number of the secret. Increase it to write another value: Terraform cannot see that an ephemeral value has changed."
  type        = number

  validation {
    condition     = var.value_version >= 1 && floor(var.value_version) == var.value_version
    error_message = "value_version must be a whole number, at least 1."
  }
}

variable "accessors" {
  description = "Service accounts that may read the secret, as serviceAccount:EMAIL, each under a name of your choice."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for member in values(var.accessors) : startswith(member, "serviceAccount:")])
    error_message = "accessors must be service accounts (serviceAccount:EMAIL). Persons do not need the password."
  }
}
