# Each condition refuses what it must refuse; the alerts are those of Prometheus.

mock_provider "google" {}

variables {
  project      = "example"
  name         = "dti"
  region       = "southamerica-west1"
  labels       = { application = "dti" }
  alert_emails = ["ops@example.org"]
}

run "an_alert_has_the_expression_the_duration_and_the_severity_of_its_rule" {
  command = plan

  assert {
    condition     = google_monitoring_alert_policy.this["DtiNoLeader"].conditions[0].condition_prometheus_query_language[0].query == "(sum(dti_lease_left_seconds > bool 0) or vector(0)) < 1"
    error_message = "the expression"
  }

  assert {
    condition     = google_monitoring_alert_policy.this["DtiNoLeader"].conditions[0].condition_prometheus_query_language[0].duration == "30s" && google_monitoring_alert_policy.this["DtiTargetDown"].conditions[0].condition_prometheus_query_language[0].duration == "60s" && google_monitoring_alert_policy.this["DtiLeaseWanders"].conditions[0].condition_prometheus_query_language[0].duration == "0s"
    error_message = "the duration, in seconds"
  }

  assert {
    condition     = alltrue([for policy in google_monitoring_alert_policy.this : policy.conditions[0].condition_prometheus_query_language[0].disable_metric_validation])
    error_message = "the first apply comes before the first metric"
  }

  assert {
    condition     = google_monitoring_alert_policy.this["DtiNoLeader"].severity == "CRITICAL" && google_monitoring_alert_policy.this["DtiTargetDown"].severity == "WARNING"
    error_message = "the severity"
  }

  assert {
    condition     = google_monitoring_alert_policy.this["DtiTargetDown"].documentation[0].subject == "Server $${metric_or_resource.label.instance} does not answer Prometheus"
    error_message = "the text, with Google's templates"
  }
}

run "each_address_gets_the_alerts" {
  command = plan

  assert {
    condition     = google_monitoring_notification_channel.email["ops@example.org"].labels.email_address == "ops@example.org"
    error_message = "by email"
  }
}

run "the_log_has_a_bucket_of_its_own" {
  command = plan

  assert {
    condition     = google_logging_project_bucket_config.this.retention_days == 90 && strcontains(google_logging_project_sink.this.filter, "log_id(\"dti\")")
    error_message = "for 90 days"
  }
}

run "there_is_no_budget" {
  command = plan

  assert {
    condition     = length(google_billing_budget.this) == 0
    error_message = "by default"
  }
}

run "a_budget_reports_to_the_same_addresses" {
  command = plan

  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", project_number = "123456789", amount = 300 }
  }

  assert {
    condition     = one(google_billing_budget.this[0].budget_filter[0].projects) == "projects/123456789" && google_billing_budget.this[0].amount[0].specified_amount[0].units == "300"
    error_message = "of this project"
  }

  assert {
    condition     = length(google_billing_budget.this[0].threshold_rules) == 4
    error_message = "50, 90 and 100 %, and the forecast"
  }

  assert {
    condition     = length(google_billing_budget.this[0].all_updates_rule) == 1
    error_message = "by the channels of the alerts"
  }
}

run "a_budget_without_addresses_reports_to_the_administrators_of_the_billing_account" {
  command = plan

  variables {
    alert_emails = []
    budget       = { billing_account = "012345-6789AB-CDEF01", project_number = "123456789", amount = 300 }
  }

  assert {
    condition     = length(google_billing_budget.this[0].all_updates_rule) == 0
    error_message = "no rule"
  }
}

run "a_budget_with_six_addresses_is_refused" {
  command = plan

  variables {
    alert_emails = [for number in range(6) : "ops${number}@example.org"]
    budget       = { billing_account = "012345-6789AB-CDEF01", project_number = "123456789", amount = 300 }
  }

  expect_failures = [google_billing_budget.this]
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Dti"
  }

  expect_failures = [var.name]
}

run "a_zone_instead_of_a_region_is_refused" {
  command = plan

  variables {
    region = "southamerica-west1-a"
  }

  expect_failures = [var.region]
}

run "no_label_is_refused" {
  command = plan

  variables {
    labels = {}
  }

  expect_failures = [var.labels]
}

run "other_rules_can_be_given" {
  command = plan

  variables {
    rules = "tests/more.yml"
  }

  assert {
    condition     = keys(google_monitoring_alert_policy.this) == ["Down"] && google_monitoring_alert_policy.this["Down"].conditions[0].condition_prometheus_query_language[0].duration == "3600s"
    error_message = "and no other"
  }

  assert {
    condition     = strcontains(google_monitoring_alert_policy.this["Down"].documentation[0].content, "The value is $${metric.label.value}\n")
    error_message = "the value, with Google's template"
  }
}

run "a_file_of_rules_that_does_not_exist_is_refused" {
  command = plan

  variables {
    rules = "no-such-file.yml"
  }

  expect_failures = [var.rules]
}

run "a_duration_that_is_not_understood_is_refused" {
  command = plan

  variables {
    rules = "tests/duration.yml"
  }

  expect_failures = [google_monitoring_alert_policy.this]
}

run "a_template_that_google_does_not_have_is_refused" {
  command = plan

  variables {
    rules = "tests/template.yml"
  }

  expect_failures = [google_monitoring_alert_policy.this]
}

run "an_address_that_is_not_one_is_refused" {
  command = plan

  variables {
    alert_emails = ["ops"]
  }

  expect_failures = [var.alert_emails]
}

run "an_address_of_the_runbooks_without_a_slash_at_its_end_is_refused" {
  command = plan

  variables {
    runbooks = "https://git.example.org/dti"
  }

  expect_failures = [var.runbooks]
}

run "no_day_of_log_is_refused" {
  command = plan

  variables {
    log_days = 0
  }

  expect_failures = [var.log_days]
}

run "a_billing_account_that_is_not_one_is_refused" {
  command = plan

  variables {
    budget = { billing_account = "mine", project_number = "123456789", amount = 300 }
  }

  expect_failures = [var.budget]
}

run "the_id_of_a_project_instead_of_its_number_is_refused" {
  command = plan

  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", project_number = "example", amount = 300 }
  }

  expect_failures = [var.budget]
}

run "a_budget_of_nothing_is_refused" {
  command = plan

  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", project_number = "123456789", amount = 0 }
  }

  expect_failures = [var.budget]
}

run "a_currency_that_is_not_one_is_refused" {
  command = plan

  variables {
    budget = { billing_account = "012345-6789AB-CDEF01", project_number = "123456789", amount = 300, currency = "pesos" }
  }

  expect_failures = [var.budget]
}
