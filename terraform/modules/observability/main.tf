# The alerts are the project's rules for Prometheus, read from their one file: same names, expressions and durations.
# Google's notifications have other templates, so that the texts are translated.

locals {
  groups = yamldecode(file(coalesce(var.rules, "${path.module}/rules.yml"))).groups
  rules  = merge([for group in local.groups : { for rule in group.rules : rule.alert => merge(rule, { group = group.name }) }]...)

  unit_seconds = { s = 1, m = 60, h = 3600 }
  for_seconds = {
    for name, rule in local.rules : name => try(
      tonumber(regex("^([0-9]+)[smh]$", rule.for)[0]) * local.unit_seconds[regex("^[0-9]+([smh])$", rule.for)[0]], 0,
    )
  }

  texts = {
    for name, rule in local.rules : name => {
      for key in ["summary", "description"] : key => replace(
        replace(rule.annotations[key], "/{{[^}]*\\$value[^}]*}}/", "$${metric.label.value}"),
        "/{{ *\\$labels\\.(\\w+) *}}/", "$${metric_or_resource.label.$1}",
      )
    }
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  display_name = "dti: ${each.key}"
  type         = "email"
  labels       = { email_address = each.key }
  user_labels  = var.labels
}

resource "google_monitoring_alert_policy" "this" {
  for_each = local.rules

  display_name          = each.key
  combiner              = "OR"
  severity              = upper(each.value.labels.severity)
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]
  user_labels           = var.labels

  conditions {
    display_name = each.key

    condition_prometheus_query_language {
      query               = each.value.expr
      duration            = "${local.for_seconds[each.key]}s"
      evaluation_interval = "30s"
      alert_rule          = each.key
      rule_group          = each.value.group
      labels              = each.value.labels

      # Google knows no metric of dti before the first server reports.
      disable_metric_validation = true
    }
  }

  documentation {
    subject   = substr(local.texts[each.key].summary, 0, 255)
    content   = "${local.texts[each.key].description}\n\nWhat to do: ${var.runbooks}${each.value.annotations.runbook}"
    mime_type = "text/markdown"
  }

  alert_strategy {
    auto_close = "1800s"
  }

  lifecycle {
    precondition {
      condition     = can(regex("^([0-9]+[smh])?$", try(each.value.for, "")))
      error_message = "The duration of ${each.key} is not understood: write it in s, m or h."
    }

    precondition {
      condition     = !strcontains("${local.texts[each.key].summary}${local.texts[each.key].description}", "{{")
      error_message = "A text of ${each.key} has a template that Google does not have."
    }
  }
}

# The log of the VMs, in a bucket of its own with its own retention.
resource "google_logging_project_bucket_config" "this" {
  project        = var.project
  location       = var.region
  bucket_id      = var.name
  description    = "The log of the dti servers and faculties"
  retention_days = var.log_days
}

resource "google_logging_project_sink" "this" {
  name                   = var.name
  description            = "The log of the dti servers and faculties"
  destination            = "logging.googleapis.com/${google_logging_project_bucket_config.this.id}"
  filter                 = "resource.type=\"gce_instance\" AND log_id(\"dti\")"
  unique_writer_identity = true
}

resource "google_billing_budget" "this" {
  count = var.budget == null ? 0 : 1

  billing_account = var.budget.billing_account
  display_name    = var.name

  budget_filter {
    projects        = ["projects/${var.budget.project_number}"]
    calendar_period = "MONTH"
  }

  amount {
    specified_amount {
      currency_code = var.budget.currency
      units         = tostring(var.budget.amount)
    }
  }

  dynamic "threshold_rules" {
    for_each = [0.5, 0.9, 1]

    content {
      threshold_percent = threshold_rules.value
    }
  }

  threshold_rules {
    threshold_percent = 1
    spend_basis       = "FORECASTED_SPEND"
  }

  # Without it, the administrators of the billing account get the messages: the provider refuses a rule without channels.
  dynamic "all_updates_rule" {
    for_each = length(var.alert_emails) == 0 ? [] : [true]

    content {
      monitoring_notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]
      disable_default_iam_recipients   = false
    }
  }

  lifecycle {
    precondition {
      condition     = length(var.alert_emails) <= 5
      error_message = "A budget of Google has at most 5 addresses: use one address of a mailing list in alert_emails, or no budget."
    }
  }
}
