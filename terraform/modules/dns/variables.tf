variable "name" {
  description = "Name of the zone."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,48}[a-z0-9])?$", var.name))
    error_message = "name must have 1 to 50 characters: lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen."
  }
}

variable "labels" {
  description = "Labels of the zone."
  type        = map(string)

  validation {
    condition     = length(var.labels) > 0
    error_message = "labels must contain at least one label, so that the costs can be attributed."
  }
}

variable "domain" {
  description = "The domain, without a dot at its end. Only the network and, with inbound_forwarding, the networks of the clients see it."
  type        = string

  validation {
    condition     = can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?(\\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)+$", var.domain))
    error_message = "domain must be a domain without a dot at its end, such as dti.internal."
  }

  validation {
    condition     = !endswith(".${var.domain}", ".local")
    error_message = "domain must not end with .local, which hosts look up by multicast DNS."
  }
}

variable "network" {
  description = "The network that sees the zone: the output network of the module network."
  type        = string
}

variable "records" {
  description = "The address of each name: server-1 = \"10.20.0.2\" is server-1.DOMAIN."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for name in keys(var.records) : can(regex("^[a-z0-9]([a-z0-9-]*[a-z0-9])?$", name))])
    error_message = "A name must have lower-case letters, digits and hyphens."
  }
}

variable "inbound_forwarding" {
  description = "Whether the networks of the clients can ask for the names. Their DNS servers then forward the domain to the addresses that `gcloud compute addresses list --filter='purpose=DNS_RESOLVER'` prints."
  type        = bool
  default     = true
  nullable    = false
}
