# Three VMs with PostgreSQL under Patroni. A commit returns only when two of them have it, and only a VM that has it becomes
# the primary.

locals {
  tag      = "dti-database"
  database = "dti"
  user     = "dti"
  folder   = "/etc/dti-database"
  ports    = { postgresql = 5432, patroni = 8008, etcd = 2379, etcd_peer = 2380 }

  nodes = { for index, zone in var.zones : "database-${index + 1}" => {
    zone = zone
    host = "database-${index + 1}.${var.domain}"
  } }
  names = sort(keys(local.nodes))
  hosts = [for name in local.names : local.nodes[name].host]

  # PostgreSQL and etcd do not share a disk: a full disk of PostgreSQL must not stop the vote about its successor.
  paths = { data = "/srv/dti/data", etcd = "/srv/dti/etcd" }
  disks = { for disk in flatten([for name, node in local.nodes : [
    { name = name, device = "data", zone = node.zone, size = var.data_disk_size },
    { name = name, device = "etcd", zone = node.zone, size = 10 },
  ]]) : "${disk.name}-${disk.device}" => disk }

  # A newer Patroni than Debian's, if there is one.
  packages = { for name, package in var.packages : name => package if name == "patroni" }
}

resource "google_service_account" "this" {
  account_id   = "${var.name}-database"
  display_name = "The database VMs of ${var.name}"
}

# Each commit waits for a flush on two of these disks.
resource "google_compute_disk" "this" {
  for_each = local.disks

  name   = "${var.name}-${each.key}"
  zone   = each.value.zone
  type   = "pd-ssd"
  size   = each.value.size
  labels = var.labels

  create_snapshot_before_destroy = var.deletion_protection
}

# Google has no protection of disks, and prevent_destroy cannot be a variable. This is destroyed before the VMs and disks,
# and before a disk is replaced, or else none of them is.
resource "terraform_data" "protection" {
  input            = var.deletion_protection
  triggers_replace = [for disk in google_compute_disk.this : disk.disk_id]

  provisioner "local-exec" {
    when    = destroy
    command = self.input ? "echo 'The disks of the database are protected: set deletion_protection to false, and apply, first.' >&2; exit 1" : "true"
  }

  depends_on = [
    module.vm, google_compute_firewall.nodes, google_compute_firewall.servers,
    google_compute_disk_resource_policy_attachment.snapshots,
  ]
}

resource "google_compute_resource_policy" "snapshots" {
  name        = "${var.name}-database-snapshots"
  region      = var.region
  description = "Daily snapshots of PostgreSQL's disks."

  snapshot_schedule_policy {
    schedule {
      daily_schedule {
        days_in_cycle = 1
        start_time    = var.snapshot_start_time
      }
    }

    retention_policy {
      max_retention_days    = var.snapshot_days
      on_source_disk_delete = "KEEP_AUTO_SNAPSHOTS"
    }

    snapshot_properties {
      labels            = var.labels
      storage_locations = [var.region]
    }
  }
}

resource "google_compute_disk_resource_policy_attachment" "snapshots" {
  for_each = local.nodes

  name = google_compute_resource_policy.snapshots.name
  disk = google_compute_disk.this["${each.key}-data"].name
  zone = each.value.zone
}

# The group creates a VM again only if Google has lost it. A health check could not do better: Patroni knows which node is
# well, and to create one again heals no standby that is behind, but can take away the only one that has each commit.
module "vm" {
  source   = "../vm"
  for_each = local.nodes

  name            = "${var.name}-${each.key}"
  region          = var.region
  zone            = each.value.zone
  labels          = var.labels
  subnetwork      = var.subnetwork
  tags            = [local.tag]
  service_account = google_service_account.this.email
  machine_type    = var.machine_type
  image           = var.image
  debian_packages = concat(["etcd-client", "etcd-server", "postgresql", "python3-etcd"], contains(keys(local.packages), "patroni") ? [] : ["patroni"])
  packages        = local.packages
  files           = { for path, content in local.files[each.key] : path => { content = content, mode = path == local.role ? "0755" : "0644" } }
  programs        = { (local.role) = "postgres" }

  # An operator restarts PostgreSQL, one VM after the other. etcd is first: it is ready when it has found another member.
  services          = ["etcd", "patroni"]
  restarts_services = false

  secrets = {
    "${local.folder}/node.pem" = { secret = var.certificate_secret, mode = "0640", owner = "root:ssl-cert" }
    "${local.folder}/password" = { secret = var.password_secret, mode = "0640", owner = "root:postgres" }
  }

  disks = { for device, path in local.paths : device => {
    source = google_compute_disk.this["${each.key}-${device}"].id
    path   = path
  } }
}

resource "google_compute_firewall" "nodes" {
  name        = "${var.name}-database-to-database"
  description = "The database VMs reach PostgreSQL, Patroni and etcd of each other."
  network     = var.network
  direction   = "INGRESS"
  source_tags = [local.tag]
  target_tags = [local.tag]

  allow {
    protocol = "tcp"
    ports    = [for port in values(local.ports) : tostring(port)]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

resource "google_compute_firewall" "servers" {
  name        = "${var.name}-servers-to-database"
  description = "The servers reach PostgreSQL."
  network     = var.network
  direction   = "INGRESS"
  source_tags = var.server_tags
  target_tags = [local.tag]

  allow {
    protocol = "tcp"
    ports    = [tostring(local.ports.postgresql)]
  }

  log_config {
    metadata = "INCLUDE_ALL_METADATA"
  }
}

check "zones" {
  assert {
    condition     = length(toset(var.zones)) == 3
    error_message = "Two of the database VMs are in one zone: if it fails, the third one has no majority, and no request is answered until the zone is back."
  }
}
