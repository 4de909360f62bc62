variable "name" {
  description = "Name of the network, and the beginning of the names of its parts."
  type        = string

  validation {
    condition     = can(regex("^[a-z]([a-z0-9-]{0,28}[a-z0-9])?$", var.name))
    error_message = "name must have 1 to 30 characters: lower-case letters, digits and hyphens, beginning with a letter and not ending with a hyphen."
  }
}

variable "region" {
  description = "Region of the subnetwork, such as southamerica-west1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "region must be the name of a region, such as southamerica-west1, not of a zone."
  }
}

variable "labels" {
  description = "Labels of the resources that can have labels."
  type        = map(string)

  validation {
    condition     = length(var.labels) > 0
    error_message = "labels must contain at least one label, so that the costs can be attributed."
  }
}

variable "subnet_cidr" {
  description = "Addresses of the VMs (CIDR), such as 10.20.0.0/24."
  type        = string
  nullable    = false

  validation {
    condition = can(regex("^[0-9.]+/[0-9]+$", var.subnet_cidr)) && try(
      cidrhost(var.subnet_cidr, 0) == split("/", var.subnet_cidr)[0] && contains(range(8, 30), tonumber(split("/", var.subnet_cidr)[1])),
      false,
    )
    error_message = "subnet_cidr must be an IPv4 network from /8 to /29 without host bits, such as 10.20.0.0/24."
  }
}

variable "services_cidr" {
  description = "Addresses that Google uses for the database (CIDR), such as 10.21.0.0/20. Google recommends /16 to /24."
  type        = string
  nullable    = false

  validation {
    condition = can(regex("^[0-9.]+/[0-9]+$", var.services_cidr)) && try(
      cidrhost(var.services_cidr, 0) == split("/", var.services_cidr)[0] && contains(range(8, 25), tonumber(split("/", var.services_cidr)[1])),
      false,
    )
    error_message = "services_cidr must be an IPv4 network from /8 to /24 without host bits, such as 10.21.0.0/20."
  }

  # Two networks overlap if they are equal when both have the shorter prefix.
  validation {
    condition = !try(
      cidrhost("${split("/", var.subnet_cidr)[0]}/${min(split("/", var.subnet_cidr)[1], split("/", var.services_cidr)[1])}", 0) ==
      cidrhost("${split("/", var.services_cidr)[0]}/${min(split("/", var.subnet_cidr)[1], split("/", var.services_cidr)[1])}", 0),
      false,
    )
    error_message = "services_cidr must not overlap subnet_cidr."
  }

}

variable "client_cidrs" {
  description = "Networks of the clients: they reach the servers and the faculties (CIDR). An empty list closes the ports for all but VMs of the installation. It has no default, because opening a port is a decision."
  type        = list(string)
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.client_cidrs : can(regex("^[0-9.]+/[0-9]+$", cidr)) && can(cidrhost(cidr, 0))])
    error_message = "Each of client_cidrs must be an IPv4 network, such as 10.50.0.0/16. The network has no IPv6."
  }

  validation {
    condition     = alltrue([for cidr in var.client_cidrs : try(cidrhost(cidr, 0) == split("/", cidr)[0], true)])
    error_message = "Each of client_cidrs must have no host bits: 10.50.0.0/16, not 10.50.0.1/16."
  }

  validation {
    condition     = alltrue([for cidr in var.client_cidrs : try(tonumber(split("/", cidr)[1]) >= 8, true)])
    error_message = "Each of client_cidrs must be /8 or narrower. 0.0.0.0/0 is the whole internet: name the networks of your campus."
  }

  validation {
    condition = !anytrue([for cidr in var.client_cidrs : try(
      cidrhost("${split("/", cidr)[0]}/${min(split("/", cidr)[1], split("/", var.services_cidr)[1])}", 0) ==
      cidrhost("${split("/", var.services_cidr)[0]}/${min(split("/", cidr)[1], split("/", var.services_cidr)[1])}", 0),
      false,
    )])
    error_message = "client_cidrs must not overlap services_cidr: the network could not answer those clients, because it has a route to the database for their addresses."
  }
}

variable "services" {
  description = "What listens, by the network tag of its VMs: its port for clients, its port for health over HTTP, and the tags of other VMs that are its clients."
  type = map(object({
    port      = number
    http_port = number
    from_tags = optional(set(string), [])
  }))
  default = {
    dti-server  = { port = 6000, http_port = 6080, from_tags = ["dti-faculty", "dti-simulation"] }
    dti-faculty = { port = 5000, http_port = 5080, from_tags = ["dti-simulation"] }
  }
  nullable = false

  validation {
    condition = alltrue([for service in values(var.services) : alltrue([
      for port in [service.port, service.http_port] : port >= 1024 && port <= 65535 && floor(port) == port
    ])])
    error_message = "A port must be a whole number from 1024 to 65535: the services have no right to use a lower one."
  }

  validation {
    condition     = alltrue([for service in values(var.services) : service.port != service.http_port])
    error_message = "port and http_port must differ."
  }
}

variable "flow_logs" {
  description = "Whether to log a sample of the connections. Logs cost money by their size."
  type        = bool
  default     = true
  nullable    = false
}
