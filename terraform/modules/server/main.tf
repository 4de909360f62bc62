locals {
  tag      = "dti-server"
  services = concat(["dti-server"], local.has_agent ? ["google-cloud-ops-agent"] : [])
  packages = { for name, package in var.packages : name => package if contains(["dti-server", "google-cloud-ops-agent"], name) }

  # Google's agent brings the metrics and the log of the server to Cloud Monitoring and Cloud Logging.
  has_agent = contains(keys(var.packages), "google-cloud-ops-agent")

  settings = merge(
    {
      semester      = var.semester
      classrooms    = var.classrooms
      labs          = var.labs
      store         = var.store
      lease-seconds = var.lease_seconds
      log-format    = "json"
    },
    var.catalog == null ? {} : { catalog = "/etc/dti/catalog.csv" },
    # The firewall decides who reaches it.
    { for name, value in {
      bind            = var.allow_plaintext ? "0.0.0.0" : null
      port            = var.allow_plaintext ? var.port : null
      allow-plaintext = var.allow_plaintext ? true : null
      listen          = var.allow_plaintext ? null : "curve://0.0.0.0:${var.port}"
      key             = var.allow_plaintext ? null : local.key
      keys            = var.allow_plaintext ? null : "/etc/dti/keys.toml"
    } : name => value if value != null },
  )

  key = "/etc/dti/server.key"

  # The list of keys, as dtictl writes it.
  key_list = join("", [for name, key in var.keys : "[[key]]\nname = \"${name}\"\nrole = \"${key.role}\"\npublic = \"${key.public}\"\n"])
}

resource "google_service_account" "this" {
  account_id   = "${var.name}-server"
  display_name = "The dti servers of ${var.name}"
}

resource "google_project_iam_member" "this" {
  for_each = toset(["roles/logging.logWriter", "roles/monitoring.metricWriter"])

  project = var.project
  role    = each.key
  member  = google_service_account.this.member
}

# /livez depends neither on the database nor on who leads: an outage of the database must not replace every server.
resource "google_compute_health_check" "this" {
  name                = "${var.name}-server"
  check_interval_sec  = 10
  timeout_sec         = 5
  healthy_threshold   = 1
  unhealthy_threshold = 6

  http_health_check {
    port         = var.http_port
    request_path = "/livez"
  }

  log_config {
    enable = true
  }
}

module "vm" {
  source   = "../vm"
  for_each = var.servers

  name            = "${var.name}-${each.key}"
  region          = var.region
  zone            = each.value.zone
  labels          = var.labels
  subnetwork      = var.subnetwork
  tags            = [local.tag]
  service_account = google_service_account.this.email
  machine_type    = var.machine_type
  image           = var.image
  health_check    = google_compute_health_check.this.id
  secrets         = var.allow_plaintext ? {} : { (local.key) = { secret = var.key_secret, mode = "0600", owner = "dti:dti" } }
  pgpass          = { secret = var.secret, prefix = var.pgpass_prefix }
  packages        = local.packages
  services        = local.services

  files = merge(
    {
      "/etc/dti/dti.toml" = {
        content = join("", concat(
          ["# Written at each boot from the metadata of this VM. Change it with Terraform.\n"],
          [for key, value in merge(local.settings, {
            http      = "0.0.0.0:${var.http_port}"
            advertise = "${each.key}.${var.domain}:${var.port}"
          }) : "${key} = ${jsonencode(value)}\n"],
        ))
      }
      "/etc/dti/database-ca.pem" = { content = var.ca_certificates }
    },
    var.allow_plaintext ? {} : { "/etc/dti/keys.toml" = { content = local.key_list } },
    var.catalog == null ? {} : { "/etc/dti/catalog.csv" = { content = file(var.catalog) } },
    local.has_agent ? {
      "/etc/google-cloud-ops-agent/config.yaml" = {
        content = templatefile("${path.module}/../vm/agent.yaml.tftpl", {
          job    = "dti"
          target = "${each.key}.${var.domain}:${var.http_port}"
        })
      }
    } : {},
  )

  depends_on = [google_project_iam_member.this]
}
