locals {
  has_agent  = contains(keys(var.packages), "google-cloud-ops-agent")
  packages   = { for name, package in var.packages : name => package if contains(["dti-clients", "google-cloud-ops-agent"], name) }
  key_list   = join("", [for name, key in var.keys : "[[key]]\nname = \"${name}\"\nrole = \"${key.role}\"\npublic = \"${key.public}\"\n"]) # as dtictl writes it
  simulation = toset([for number in range(var.simulation_hosts) : "simulation-${number + 1}"])
}

resource "google_service_account" "this" {
  account_id   = "${var.name}-clients"
  display_name = "The dti faculties of ${var.name}"
}

resource "google_project_iam_member" "this" {
  for_each = toset(["roles/logging.logWriter", "roles/monitoring.metricWriter"])

  project = var.project
  role    = each.key
  member  = google_service_account.this.member
}

resource "google_compute_health_check" "this" {
  name                = "${var.name}-faculty"
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

module "faculty" {
  source   = "../vm"
  for_each = var.faculties

  name            = "${var.name}-faculty-${each.key}"
  region          = var.region
  zone            = coalesce(each.value.zone, var.zone)
  labels          = var.labels
  subnetwork      = var.subnetwork
  tags            = ["dti-faculty"]
  service_account = google_service_account.this.email
  machine_type    = var.machine_type
  image           = var.image
  health_check    = google_compute_health_check.this.id
  secrets         = var.allow_plaintext ? {} : { "/etc/dti/faculties/${each.key}.key" = { secret = var.key_secrets[each.key], mode = "0600", owner = "root:root" } }
  packages        = local.packages
  services        = concat(["dti-faculty@${each.key}"], local.has_agent ? ["google-cloud-ops-agent"] : [])

  files = merge(
    {
      "/etc/dti/faculties/${each.key}.toml" = {
        content = join("", concat(
          ["# Written at each boot from the metadata of this VM. Change it with Terraform.\n"],
          [for key, value in {
            name          = coalesce(each.value.faculty_name, each.key)
            dti-server    = join(",", var.server_endpoints)
            min-programs  = each.value.min_programs
            batch-seconds = each.value.batch_seconds
            http          = "0.0.0.0:${var.http_port}"
            log-format    = "json"
            # The firewall decides who reaches it.
            bind            = var.allow_plaintext ? "0.0.0.0" : null
            listen-port     = var.allow_plaintext ? var.port : null
            allow-plaintext = var.allow_plaintext ? true : null
            listen          = var.allow_plaintext ? null : "curve://0.0.0.0:${var.port}"
            keys            = var.allow_plaintext ? null : "/etc/dti/keys.toml"
            key             = var.allow_plaintext ? null : "/run/credentials/dti-faculty@${each.key}.service/key"
            server-key      = var.allow_plaintext ? null : var.server_public_key
          } : "${key} = ${jsonencode(value)}\n" if value != null],
        ))
      }
    },
    # The user of the service exists only while it runs: systemd passes the key on.
    var.allow_plaintext ? {} : {
      "/etc/dti/keys.toml" = { content = local.key_list }
      "/etc/systemd/system/dti-faculty@${each.key}.service.d/key.conf" = {
        content = "[Service]\nLoadCredential=key:/etc/dti/faculties/${each.key}.key\n"
      }
    },
    local.has_agent ? {
      "/etc/google-cloud-ops-agent/config.yaml" = {
        content = templatefile("${path.module}/../vm/agent.yaml.tftpl", {
          job    = "dti-faculty"
          target = "${each.key}.${var.domain}:${var.http_port}"
        })
      }
    } : {},
  )

  depends_on = [google_project_iam_member.this]
}

# Hosts with the programs and without a service, on which an operator starts programs and faculties.
module "simulation" {
  source   = "../vm"
  for_each = local.simulation

  name            = "${var.name}-${each.key}"
  region          = var.region
  zone            = var.zone
  labels          = var.labels
  subnetwork      = var.subnetwork
  tags            = ["dti-simulation"]
  service_account = google_service_account.this.email
  machine_type    = var.machine_type
  image           = var.image
  packages        = { dti-clients = var.packages["dti-clients"] }
  services        = []

  depends_on = [google_project_iam_member.this]
}
