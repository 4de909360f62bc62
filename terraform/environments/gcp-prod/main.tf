# The whole installation in one project: a closed network, a database in two zones, servers in two or more zones.

locals {
  name = "dti"
  # Google's services that the project uses.
  apis = [
    "billingbudgets", "cloudresourcemanager", "compute", "dns", "iam", "iap", "logging", "monitoring", "oslogin",
    "secretmanager", "servicenetworking", "sqladmin", "storage",
  ]
  labels = merge(var.labels, { application = "dti", environment = "prod" })
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

  depends_on = [google_project_service.this]
}

module "artifacts" {
  source = "../../modules/artifacts"

  bucket   = "${var.project}-dti-packages"
  region   = var.region
  labels   = local.labels
  folder   = var.packages_folder
  packages = var.packages
  readers  = { servers = module.server.service_account, clients = module.clients.service_account }

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
  edition              = var.db_edition
  tier                 = var.db_tier
  availability_type    = "REGIONAL"
  transaction_log_days = var.db_transaction_log_days
  deletion_protection  = var.deletion_protection
  maintenance          = var.db_maintenance
  deny_maintenance     = var.db_deny_maintenance

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
  domain          = var.domain
  machine_type    = var.server_machine_type
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
  domain           = var.domain
  server_endpoints = module.server.endpoints
  image            = var.image
  packages         = module.artifacts.packages

  depends_on = [google_project_service.this]
}

module "dns" {
  source = "../../modules/dns"

  name    = local.name
  labels  = local.labels
  domain  = var.domain
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
  runbooks     = var.runbooks
  log_days     = var.log_days
  budget       = var.budget

  depends_on = [google_project_service.this]
}

check "monitoring" {
  assert {
    condition     = contains(keys(var.packages), "google-cloud-ops-agent")
    error_message = "packages has no google-cloud-ops-agent: the metrics of the servers do not reach Google's monitoring, so that the alert DtiNoLeader fires and the others do not work."
  }
}
