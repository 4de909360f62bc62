# One VM whose name and address stay. Its group has this one member: it creates the VM again when the health check fails,
# but replaces a VM that is well only when an operator says so (terraform/roll), never in an apply. So no apply replaces two
# VMs, or one that leads.

locals {
  paths    = sort(keys(var.files))
  packages = [for name in sort(keys(var.packages)) : merge(var.packages[name], { name = name })]

  manifest = join("", concat(
    [for device in sort(keys(var.disks)) : "disk ${device} ${var.disks[device].path}\n"],
    [for index, path in local.paths : "file dti-file-${index} ${var.files[path].mode} ${path}\n"],
    [for name in var.debian_packages : "debian ${name}\n"],
    [for path in sort(keys(var.secrets)) : "secret ${var.secrets[path].secret} ${var.secrets[path].mode} ${var.secrets[path].owner} ${path}\n"],
    var.pgpass == null ? [] : ["pgpass ${var.pgpass.secret} ${var.pgpass.prefix} /etc/dti/credentials/pgpass\n"],
    [for package in local.packages : "package ${package.name} ${package.version} ${package.sha256} ${package.object}\n"],
    [for service in var.services : "${var.restarts_services ? "service" : "start"} ${service}\n"],
    [for path in sort(keys(var.programs)) : "run ${var.programs[path]} ${path}\n"],
  ))
}

resource "google_compute_address" "this" {
  name         = var.name
  region       = var.region
  subnetwork   = var.subnetwork
  address_type = "INTERNAL"
  purpose      = "GCE_ENDPOINT"
  labels       = var.labels
}

resource "google_compute_instance_template" "this" {
  name_prefix  = "${var.name}-"
  region       = var.region
  machine_type = var.machine_type
  tags         = var.tags
  labels       = var.labels

  disk {
    source_image = var.image
    boot         = true
    auto_delete  = true
    disk_type    = "pd-balanced"
    disk_size_gb = var.disk_size
    labels       = var.labels
  }

  # Without access_config, the VM has no external address.
  network_interface {
    subnetwork = var.subnetwork
  }

  service_account {
    email  = var.service_account
    scopes = ["cloud-platform"] # the roles of the account decide
  }

  shielded_instance_config {
    enable_secure_boot          = true
    enable_vtpm                 = true
    enable_integrity_monitoring = true
  }

  metadata = merge(
    {
      enable-oslogin         = "TRUE"
      block-project-ssh-keys = "TRUE"
      serial-port-enable     = "FALSE"
      startup-script         = file("${path.module}/startup.sh")
      dti-manifest           = local.manifest
    },
    { for index, path in local.paths : "dti-file-${index}" => var.files[path].content },
  )

  scheduling {
    automatic_restart   = true
    on_host_maintenance = "MIGRATE"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "google_compute_instance_group_manager" "this" {
  name               = var.name
  zone               = var.zone
  base_instance_name = var.name

  # The member is the per-instance configuration below, so that target_size is not set.
  version {
    instance_template = google_compute_instance_template.this.self_link_unique
  }

  # A name and an address that stay need the VM to be gone before its successor comes.
  update_policy {
    type                  = "OPPORTUNISTIC"
    minimal_action        = "REPLACE"
    replacement_method    = "RECREATE"
    max_surge_fixed       = 0
    max_unavailable_fixed = 1
  }

  # A VM that is created again, because it or its host has failed, has the newest template: the packages of an older one may
  # be gone from the bucket.
  instance_lifecycle_policy {
    default_action_on_failure = "REPAIR"
    force_update_on_repair    = "YES"
  }

  dynamic "auto_healing_policies" {
    for_each = var.health_check == null ? [] : [var.health_check]

    content {
      health_check      = auto_healing_policies.value
      initial_delay_sec = var.healing_delay
    }
  }
}

resource "google_compute_per_instance_config" "this" {
  name                       = var.name
  zone                       = var.zone
  instance_group_manager     = google_compute_instance_group_manager.this.name
  minimal_action             = "NONE"
  remove_instance_on_destroy = true

  preserved_state {
    internal_ip {
      interface_name = "nic0"
      auto_delete    = "NEVER"

      ip_address {
        address = google_compute_address.this.id
      }
    }

    # A disk that the template does not have: it stays when the VM is created again or removed.
    dynamic "disk" {
      for_each = var.disks

      content {
        device_name = disk.key
        source      = disk.value.source
        mode        = "READ_WRITE"
        delete_rule = "NEVER"
      }
    }
  }
}
