"""deploy/monitoring fits the programs and the pages: metrics are exported, and each alert has a section that helps."""

import json
import re
import shutil
import subprocess

import pytest

from tests_py.harness.process import ROOT
from tests_py.harness.prometheus import FOLDER, is_installed, panel_queries
from tests_py.project.test_docs import anchors

needs_promtool = pytest.mark.skipif(not is_installed(), reason="Prometheus is not installed")
RULES = (FOLDER / "dti.rules.yml").read_text(encoding="utf-8")
RULE_TESTS = (FOLDER / "dti.rules.test.yml").read_text(encoding="utf-8")
DASHBOARD = json.loads((FOLDER / "grafana/dti.json").read_text(encoding="utf-8"))
QUERIES = panel_queries(semester="s", __rate_interval="1m")
ALERTS = dict(re.findall(r"^ +- alert: (\w+)\n((?: {8}.*\n)+)", RULES, re.MULTILINE))


def exported():
    """The names of the samples that servers and faculties export."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "src/monitor").rglob("*.cpp"))
    names = set(re.findall(r'"(dti_\w+)"', sources))
    histograms = set(re.findall(r'histogram\(\s*"(dti_\w+)"', sources))
    assert len(names) > 30 and len(histograms) > 2
    return names - histograms | {name + suffix for name in histograms for suffix in ("_bucket", "_sum", "_count")}


def names_in(text):
    return set(re.findall(r"\bdti_\w+", text))


def test_the_rules_name_only_metrics_that_are_exported():
    expressions = "\n".join(re.findall(r"^ +expr: (.*)$", RULES, re.MULTILINE))
    assert len(names_in(expressions)) > 8
    assert names_in(RULES) | names_in(RULE_TESTS) <= exported()


def test_the_dashboard_names_only_metrics_that_are_exported():
    assert len(QUERIES) > 30
    assert {name for _, query in QUERIES for name in names_in(query)} <= exported()
    variables = [variable["definition"] for variable in DASHBOARD["templating"]["list"] if "definition" in variable]
    assert names_in("".join(variables)) <= exported()


def test_the_rules_and_the_dashboard_name_the_jobs_of_the_example():
    named = set(re.findall(r'job="([\w-]+)"', "\n".join([RULES, *(query for _, query in QUERIES)])))
    assert named == set(re.findall(r"job_name: (\S+)", text_of("docs/monitoring.md"))) == {"dti", "dti-faculty"}


def test_each_alert_has_its_texts_and_a_section_that_exists():
    assert len(ALERTS) == RULES.count("- alert:") > 8
    for alert, body in ALERTS.items():
        texts = dict(re.findall(r"^ {10}(\w+): (.*)$", body, re.MULTILINE))
        assert set(texts) == {"severity", "summary", "description", "runbook"}, alert
        assert texts["severity"] in ("critical", "warning"), alert
        assert "$value" in body, f"{alert}: the description has the figure"
        page, _, anchor = texts["runbook"].partition("#")
        assert page == "docs/operations.md" and anchor in anchors(ROOT / page), alert
        section = re.search(rf"^### Alert: {anchor.removeprefix('alert-').replace('-', ' ')}\n(.*?)^##", text_of(page),
                            re.MULTILINE | re.DOTALL)
        assert f"`{alert}`" in section[1], f"the section {anchor} is about {alert}"


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


def test_the_page_lists_each_alert_with_its_severity_and_its_section():
    rows = re.findall(r"^\| `(Dti\w+)` \| (\w+) \|.*\(operations\.md#([\w-]+)\) \|$", text_of("docs/monitoring.md"),
                      re.MULTILINE)
    of_rules = [(alert, re.search(r"severity: (\w+)", body)[1], re.search(r"runbook: \S+#(\S+)", body)[1])
                for alert, body in ALERTS.items()]
    assert rows == of_rules


def test_the_dashboard_says_for_each_panel_what_it_shows_and_in_which_unit():
    panels = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
    for panel in panels:
        assert panel["description"] and panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert all(target["legendFormat"] for target in panel["targets"]), panel["title"]
    places = [(panel["gridPos"]["y"], panel["gridPos"]["x"]) for panel in DASHBOARD["panels"]]
    assert places == sorted(set(places)), "the panels are in the order in which they are read"
    named = {alert for panel in panels for alert in re.findall(r"\bDti\w+", panel["description"])}
    assert named == set(ALERTS) - {"DtiLedgerDiffers"}, "its events are among all others"


@needs_promtool
def test_promtool_accepts_the_rules_and_their_tests_pass():
    for command in (["check", "rules", "dti.rules.yml"], ["test", "rules", "dti.rules.test.yml"]):
        result = subprocess.run([shutil.which("promtool"), *command], cwd=FOLDER, capture_output=True, text=True, timeout=60)
        assert result.returncode == 0, result.stdout + result.stderr


def test_each_alert_has_a_test_in_which_it_fires_and_one_in_which_it_does_not():
    for alert in ALERTS:
        checks = re.findall(rf"alertname: {alert}\n +exp_alerts:(.*)", RULE_TESTS)
        assert {"", " []"} == set(checks), alert
