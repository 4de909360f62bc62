# Terraform does not watch a terraform_data. In the folder of each process, its supervisor keeps `ready`: a link that
# leads to a file only while the supervisor runs and the process is ready.

locals {
  ready = merge(
    { database = terraform_data.database.output.ready },
    { for name, server in terraform_data.server : name => server.output.ready },
    { for name, faculty in terraform_data.faculty : name => faculty.output.ready },
  )
}

check "processes" {
  assert {
    condition     = alltrue([for file in values(local.ready) : try(fileexists(file), false)])
    error_message = "These processes are not ready: ${join(", ", [for name, file in local.ready : name if !try(fileexists(file), false)])}. A supervisor restarts its process within 30 s. If the supervisor has ended too, run: /usr/bin/python3 -B '${abspath(path.module)}/processes' repair '${local.directory}'"
  }
}
