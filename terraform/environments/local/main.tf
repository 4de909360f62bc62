# One machine, no network, no provider: each process is a terraform_data, whose provisioners start and stop it under a
# supervisor (processes/), which is a unit of systemd or a process group. A provisioner gets the whole description of its process as one argument of JSON, and reads
# it from self: the destroy provisioner stops what the create provisioner started, also if the variables have other values now.

locals {
  # The user postgres, as which PostgreSQL runs if Terraform runs as root, has no access to what is below /root.
  environment_id    = substr(sha256(abspath(path.module)), 0, 8)
  directory_default = startswith(abspath(path.module), "/root/") ? "/var/lib/dti-local-${local.environment_id}" : "${abspath(path.module)}/.state"
  directory         = var.directory == null ? local.directory_default : abspath(pathexpand(var.directory))

  binaries         = var.binaries == null ? null : abspath(pathexpand(var.binaries))
  catalog          = var.catalog == null ? null : abspath(var.catalog)
  database_address = "postgresql:///dti?host=${replace(urlencode("${local.directory}/database/run"), "+", "%20")}&user=dti"

  # Unknown only for a port that is chosen in this run, so that a new process replaces no other one. Null if the folder
  # was removed by hand.
  ports            = { for name, port in terraform_data.port : name => try(tonumber(trimspace(file(port.output.file))), null) }
  server_endpoints = [for name in sort(var.servers) : "127.0.0.1:${coalesce(local.ports[name], 0)}"]
}

# Terraform runs no destroy provisioner for a process that it failed to create. This one ends and removes what is left.
resource "terraform_data" "folder" {
  triggers_replace = { directory = local.directory }

  lifecycle {
    # Linux limits the path of a socket to 107 bytes. base64 counts bytes: 4 characters stand for 3 of them.
    precondition {
      condition     = length(base64encode("${local.directory}/database/run/.s.PGSQL.5432")) <= 140
      error_message = "The path ${local.directory} is too long for the socket of PostgreSQL below it: it may have 78 bytes. Name a folder with a shorter path, for example: -var directory=/var/tmp/dti-local"
    }

    precondition {
      condition     = !can(regex("[,'\"[:cntrl:]]", local.directory))
      error_message = "The path of the folder, ${local.directory}, must not contain a comma, a quotation mark or a control character. Name another one with: -var directory=PATH"
    }
  }

  provisioner "local-exec" {
    interpreter = ["/usr/bin/python3", "-B", "${path.module}/processes", "make"]
    command     = jsonencode(self.triggers_replace)
    quiet       = true
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["/usr/bin/python3", "-B", "${path.module}/processes", "clear"]
    command     = jsonencode(self.triggers_replace)
    quiet       = true
  }
}

# A port is the address of one process. It is chosen once, and stays when its process is replaced or restarted.
resource "terraform_data" "port" {
  for_each = toset(concat(tolist(var.servers), keys(var.faculties)))

  input            = { file = "${local.directory}/${each.key}.port" }
  triggers_replace = { directory = local.directory, name = each.key, folder = terraform_data.folder.id }

  provisioner "local-exec" {
    interpreter = ["/usr/bin/python3", "-B", "${path.module}/processes", "reserve"]
    command     = jsonencode(self.triggers_replace)
    quiet       = true
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["/usr/bin/python3", "-B", "${path.module}/processes", "release"]
    command     = jsonencode(self.triggers_replace)
    quiet       = true
  }
}

resource "terraform_data" "database" {
  input = { ready = "${local.directory}/database/ready" }
  triggers_replace = {
    directory       = local.directory
    name            = "database"
    kind            = "database"
    process_manager = var.process_manager
    folder          = terraform_data.folder.id
  }

  provisioner "local-exec" {
    interpreter = ["/usr/bin/python3", "-B", "${path.module}/processes", "start"]
    command     = jsonencode(self.triggers_replace)
    quiet       = true
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["/usr/bin/python3", "-B", "${path.module}/processes", "stop"]
    command     = jsonencode(self.triggers_replace)
    quiet       = true
  }
}

resource "terraform_data" "server" {
  for_each = var.servers

  input = { ready = "${local.directory}/${each.key}/ready" }
  triggers_replace = {
    directory       = local.directory
    name            = each.key
    kind            = "server"
    process_manager = var.process_manager
    binaries        = local.binaries
    flags = concat([
      "--semester=${var.semester}",
      "--classrooms=${var.classrooms}",
      "--labs=${var.labs}",
      "--store=${local.database_address}",
      "--listen=curve://127.0.0.1:${coalesce(local.ports[each.key], 0)}",
      "--key=${local.directory}/${each.key}.key",
      "--make-key",
      "--keys=${local.directory}/${each.key}/keys.toml",
    ], local.catalog == null ? [] : ["--catalog=${local.catalog}"])

    # These are no flags. The supervisor writes the keys into the list of the server. A new database, or a new content of the catalogue, needs new servers.
    keys           = var.keys
    database       = terraform_data.database.id
    catalog_sha256 = local.catalog == null ? null : filesha256(local.catalog)
  }

  provisioner "local-exec" {
    interpreter = ["/usr/bin/python3", "-B", "${path.module}/processes", "start"]
    command     = jsonencode(self.triggers_replace)
    quiet       = true
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["/usr/bin/python3", "-B", "${path.module}/processes", "stop"]
    command     = jsonencode(self.triggers_replace)
    quiet       = true
  }
}

resource "terraform_data" "faculty" {
  for_each = var.faculties

  input = { ready = "${local.directory}/${each.key}/ready" }
  triggers_replace = {
    directory       = local.directory
    name            = each.key
    kind            = "faculty"
    process_manager = var.process_manager
    binaries        = local.binaries
    flags = [
      "--name=${coalesce(each.value.faculty_name, each.key)}",
      "--dti-server=${join(",", local.server_endpoints)}",
      "--min-programs=${each.value.min_programs}",
      "--batch-seconds=${each.value.batch_seconds}",
      "--bind=127.0.0.1",
      "--listen-port=${coalesce(local.ports[each.key], 0)}",
      "--key=${local.directory}/${each.key}.key",
      "--make-key",
    ]

    # The supervisor lets the faculty into the servers, and gives it their public keys.
    faculty_name = coalesce(each.value.faculty_name, each.key)
    servers      = sort(var.servers)
  }

  depends_on = [terraform_data.server]

  provisioner "local-exec" {
    interpreter = ["/usr/bin/python3", "-B", "${path.module}/processes", "start"]
    command     = jsonencode(self.triggers_replace)
    quiet       = true
  }

  provisioner "local-exec" {
    when        = destroy
    interpreter = ["/usr/bin/python3", "-B", "${path.module}/processes", "stop"]
    command     = jsonencode(self.triggers_replace)
    quiet       = true
  }
}
