# The whole installation in one project, small and easy to remove: a closed network, a database in one zone, one server or
# more, and a VM for each faculty. environments/gcp-prod has the same parts.

locals {
  name = "dti"
  # Google's services that the project uses.
  apis = [
    "billingbudgets", "cloudresourcemanager", "compute", "dns", "iam", "iap", "logging", "monitoring", "oslogin",
    "secretmanager", "servicenetworking", "sqladmin", "storage",
  ]
  domain = "dti.internal"
  labels = merge(var.labels, { application = "dti", environment = "dev" })
}

provider "google" {
  project = var.project
  region  = var.region

  # Google accounts calls for a budget to the project of the caller: this one.
  user_project_override = true
  billing_project       = var.project
}

# A destroy leaves them on, because other parts of the project may use them.
resource "google_project_service" "this" {
  for_each = toset(local.apis)

  service            = "${each.key}.googleapis.com"
  disable_on_destroy = false
}

module "network" {
  source = "../../modules/network"

  name          = local.name
  region        = var.region
  labels        = local.labels
  subnet_cidr   = var.subnet_cidr
  services_cidr = var.services_cidr
  client_cidrs  = var.client_cidrs
  flow_logs     = false

  depends_on = [google_project_service.this]
}

module "artifacts" {
  source = "../../modules/artifacts"

  bucket        = "${var.project}-dti-packages"
  region        = var.region
  labels        = local.labels
  folder        = var.packages_folder
  packages      = var.packages
  readers       = { servers = module.server.service_account, clients = module.clients.service_account }
  force_destroy = true

  depends_on = [google_project_service.this]
}

module "secrets" {
  source = "../../modules/secrets"

  name          = "${local.name}-db-password"
  region        = var.region
  labels        = local.labels
  value         = var.db_password
  value_version = var.db_password_version
  accessors     = { servers = module.server.service_account }

  depends_on = [google_project_service.this]
}

module "database" {
  source = "../../modules/database"

  region               = var.region
  labels               = local.labels
  network              = module.network.services_network
  password             = var.db_password
  password_version     = var.db_password_version
  edition              = "ENTERPRISE"
  tier                 = "db-f1-micro"
  availability_type    = var.db_availability_type
  backups              = 7
  transaction_log_days = 1
  disk_size_max        = 20
  deletion_protection  = false

  depends_on = [google_project_service.this]
}

module "server_key" {
  source = "../../modules/secrets"
  count  = var.allow_plaintext ? 0 : 1

  name          = "${local.name}-server-key"
  region        = var.region
  labels        = local.labels
  value         = var.server_key
  value_version = var.keys_version
  accessors     = { servers = module.server.service_account }

  depends_on = [google_project_service.this]
}

module "faculty_key" {
  source   = "../../modules/secrets"
  for_each = var.allow_plaintext ? {} : var.faculties

  name          = "${local.name}-faculty-${each.key}-key"
  region        = var.region
  labels        = local.labels
  value         = lookup(var.faculty_keys, each.key, "")
  value_version = var.keys_version
  accessors     = { clients = module.clients.service_account }

  depends_on = [google_project_service.this]
}

module "server" {
  source = "../../modules/server"

  project         = var.project
  name            = local.name
  region          = var.region
  labels          = local.labels
  servers         = var.servers
  subnetwork      = module.network.subnetwork
  domain          = local.domain
  image           = var.image
  packages        = module.artifacts.packages
  store           = module.database.store
  ca_certificates = module.database.ca_certificates
  pgpass_prefix   = module.database.pgpass_prefix
  secret          = module.secrets.secret
  semester        = var.semester
  classrooms      = var.classrooms
  labs            = var.labs
  catalog         = var.catalog

  allow_plaintext = var.allow_plaintext
  key_secret      = one(module.server_key[*].secret)
  keys            = var.keys

  depends_on = [google_project_service.this]
}

module "clients" {
  source = "../../modules/clients"

  project          = var.project
  name             = local.name
  region           = var.region
  zone             = values(var.servers)[0].zone
  labels           = local.labels
  faculties        = var.faculties
  simulation_hosts = var.simulation_hosts
  subnetwork       = module.network.subnetwork
  domain           = local.domain
  server_endpoints = module.server.endpoints
  image            = var.image
  packages         = module.artifacts.packages

  allow_plaintext   = var.allow_plaintext
  key_secrets       = { for name, key in module.faculty_key : name => key.secret }
  server_public_key = var.server_public_key
  keys              = var.program_keys

  depends_on = [google_project_service.this]
}

module "dns" {
  source = "../../modules/dns"

  name    = local.name
  labels  = local.labels
  domain  = local.domain
  network = module.network.network
  records = merge(module.server.addresses, module.clients.addresses)

  depends_on = [google_project_service.this]
}

module "observability" {
  source = "../../modules/observability"

  project      = var.project
  name         = local.name
  region       = var.region
  labels       = local.labels
  alert_emails = var.alert_emails
  log_days     = 7
  budget       = var.budget

  depends_on = [google_project_service.this]
}

check "monitoring" {
  assert {
    condition     = contains(keys(var.packages), "google-cloud-ops-agent")
    error_message = "packages has no google-cloud-ops-agent: the metrics of the servers do not reach Google's monitoring, so that the alert DtiNoLeader fires and the others do not work."
  }
}
