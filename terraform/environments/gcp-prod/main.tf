# The whole installation in one project: a closed network, a database in two or three zones, servers in two or more zones.

locals {
  name = "dti"
  # Google's services that the project uses.
  apis = [
    "billingbudgets", "cloudresourcemanager", "compute", "dns", "iam", "iap", "logging", "monitoring", "oslogin",
    "secretmanager", "servicenetworking", "sqladmin", "storage",
  ]
  labels = merge(var.labels, { application = "dti", environment = "prod" })

  has_patroni = var.database == "patroni"
  store       = local.has_patroni ? module.patroni[0].store : module.database[0].store

  database_accounts = local.has_patroni ? { database = module.patroni[0].service_account } : {}
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

# Another database is empty: a server that is created again would grant all rooms a second time.
resource "terraform_data" "database" {
  input = var.database

  lifecycle {
    ignore_changes = [input] # the choice of the first apply, which a plan compares

    postcondition {
      condition     = !var.deletion_protection || self.output == var.database
      error_message = "database is not that of the first apply, and the other one is empty. Nothing was changed. To move, set deletion_protection to false, and apply, first; then move the grants (docs/deployment.md)."
    }
  }
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
  readers  = merge({ servers = module.server.service_account, clients = module.clients.service_account }, local.database_accounts)

  depends_on = [google_project_service.this]
}

module "secrets" {
  source = "../../modules/secrets"

  name          = "${local.name}-db-password"
  region        = var.region
  labels        = local.labels
  value         = var.db_password
  value_version = var.db_password_version
  accessors     = merge({ servers = module.server.service_account }, local.database_accounts)

  depends_on = [google_project_service.this]
}

module "database" {
  source = "../../modules/database"
  count  = local.has_patroni ? 0 : 1

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

module "certificate" {
  source = "../../modules/secrets"
  count  = local.has_patroni ? 1 : 0

  name          = "${local.name}-database-certificate"
  region        = var.region
  labels        = local.labels
  value         = var.database_certificate
  value_version = var.database_certificate_version
  accessors     = local.database_accounts

  depends_on = [google_project_service.this]
}

module "patroni" {
  source = "../../modules/patroni"
  count  = local.has_patroni ? 1 : 0

  name                = local.name
  region              = var.region
  labels              = local.labels
  zones               = var.database_zones
  network             = module.network.network
  subnetwork          = module.network.subnetwork
  domain              = var.domain
  machine_type        = var.database_machine_type
  image               = var.database_image
  packages            = module.artifacts.packages
  ca_certificate      = var.database_ca_certificate
  certificate_secret  = module.certificate[0].secret
  password_secret     = module.secrets.secret
  deletion_protection = var.deletion_protection

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
  domain          = var.domain
  machine_type    = var.server_machine_type
  image           = var.image
  packages        = module.artifacts.packages
  store           = local.store
  ca_certificates = local.has_patroni ? module.patroni[0].ca_certificates : module.database[0].ca_certificates
  pgpass_prefix   = local.has_patroni ? module.patroni[0].pgpass_prefix : module.database[0].pgpass_prefix
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
  domain           = var.domain
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
  domain  = var.domain
  network = module.network.network
  records = merge(module.server.addresses, module.clients.addresses, local.has_patroni ? module.patroni[0].addresses : {})

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
