"""The pages say what the code has: flags and defaults, log events, scripts, tests; and their links lead somewhere."""

import re
import subprocess

import pytest

from tests_py.harness.process import ROOT, binary

PAGES = sorted(path for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("bench/*.md"),
                                *ROOT.glob("clients/*/*.md"), *ROOT.glob("terraform/**/*.md"),
                                *ROOT.glob("deploy/**/*.md")))
SOURCES = sorted(path for folder in ("src", "apps") for path in (ROOT / folder).rglob("*.cpp"))
LEVELS = {"kDebug": "debug", "kInfo": "info", "kWarning": "warning", "kError": "error"}


def text_of(page):
    return (ROOT / page).read_text(encoding="utf-8")


# Log events.

def events_of_the_code():
    """(level, event): `log(LogLevel::kX, "event"`, `{LogLevel::kX, "event"`, and log_some(), which warns."""
    sources = "\n".join(path.read_text(encoding="utf-8") for path in SOURCES)
    leveled = re.findall(r'LogLevel::(k\w+),\s*"([a-z]+(?:-[a-z]+)*)"', sources)
    some = re.findall(r'log_some\("([a-z-]+)"', sources)
    return {*((LEVELS[level], event) for level, event in leveled), *(("warning", event) for event in some)}


def events_of_the_page():
    section = text_of("docs/operations.md").split("## Log events")[1].split("\n## ")[0]
    rows = re.findall(r"^\| (`[a-z-]+`(?:, `[a-z-]+`)*) \| ([a-z, ]+) \|", section, re.MULTILINE)
    found = set()
    for events, levels in rows:
        events, levels = re.findall(r"[a-z-]+", events), levels.split(", ")
        found |= set(zip(levels * len(events) if len(levels) == 1 else levels, events, strict=False))
    return found | set((level, event) for event, level in re.findall(r"`([a-z-]+)` \((debug|warning)\)", section))


def test_each_log_event_is_on_the_operators_page_with_its_level_and_no_other_is():
    code = events_of_the_code()
    assert len(code) > 30
    assert events_of_the_page() == code


ENDS_THE_PROCESS = {"fatal", "fault", "not-announced"}
OF_THE_LOG_ITSELF = {"log-dropped"}  # dti_log_lines_dropped_total counts them
OF_HTTP = {"http-not-loopback", "http-limit-reached", "http-accept-failed", "http-request-failed", "http-connection-failed"}


def warnings_of_the_page(headings):
    """The warnings and errors in the tables below these lines of the page."""
    section = text_of("docs/operations.md").split("## Log events")[1].split("\n## ")[0]
    tables = "".join(re.search(rf"^{re.escape(heading)}\n\n((?:\|.*\n)+)", section, re.MULTILINE)[1] for heading in headings)
    names = set(re.findall(r"`([a-z-]+)`", "\n".join(re.findall(r"^\| (`[^|]*) \|", tables, re.MULTILINE))))
    serious = {event for level, event in events_of_the_page() if level in ("warning", "error")}
    return (names & serious) - ENDS_THE_PROCESS - OF_THE_LOG_ITSELF


@pytest.mark.parametrize("daemon, headings, more", [
    ("server", ("Every program:", "`dti_server` and `faculty`:", "`dti_server`:"), set()),
    ("faculty", ("Every program:", "`dti_server` and `faculty`:", "`faculty`:"), OF_HTTP)])
def test_each_warning_and_error_of_a_daemon_is_counted_for_monitoring_from_its_start(daemon, headings, more):
    header = text_of(f"include/dti/monitor/{daemon}/{daemon}_events.hpp")
    counted = re.findall(r'^    "([a-z-]+)",$', header, re.MULTILINE)
    assert len(counted) == len(set(counted))
    assert set(counted) == warnings_of_the_page(headings) | more


# Flags.

def flags_of_the_help(program):
    """flag -> its default, as --help has them."""
    output = subprocess.run([binary(program[0]), *program[1:], "--help"], capture_output=True, text=True, check=True,
                            timeout=20).stdout
    found = {}
    for flag, body in re.findall(r"^  (--[a-z-]+)(?:=\S+)?\n((?:      .*\n)+)", output, re.MULTILINE):
        said = re.search(r".*\((?:default: )?(.*?); environment", " ".join(body.split()))
        found[flag] = said[1] if said else ""
    return found


COMMON = {"--config", "--log-level", "--log-format", "--help", "--version", "--check-config", "--print-config",
          "--check-health"}
PROGRAMS = [("dti_server",), ("faculty",), ("program",), ("dtictl", "verify"), ("dtictl", "head"), ("dtictl", "copy"),
            ("dtictl", "migrate")]


def flags_of_the_page(page, program):
    """flag -> its default, from the table of that program; the flags and the defaults of a row have the same order."""
    name = re.escape(f"`{' '.join(program)}`")
    table = re.search(rf"^{name}:\n\n\| flag \| default \|.*\n((?:\|.*\n)+)", text_of(page), re.MULTILINE)
    found = {}
    for flags, defaults in re.findall(r"^\| (`--.*?) \| (.*?) \|", table[1], re.MULTILINE):
        flags = re.findall(r"--[a-z-]+", flags)
        several = defaults.split(", ") if len(defaults.split(", ")) == len(flags) else [defaults] * len(flags)
        found.update(zip(flags, several))
    return found


OFFICE = [("dtictl", *words) for words in (("status",), ("semester", "list"), ("grant", "list"), ("grant", "show"), ("wait", "list"), ("hold", "list"), ("quota", "list"), ("history",),
                                           ("totals",), ("alerts",), ("catalog", "list"), ("catalog", "plan"), ("round", "plan"), ("round", "report"))]
LISTS = [("dtictl", "key", "list"), *OFFICE, ("dtictl", "what-if")]
OTHERS = [("dtictl", "explain"), ("dtictl", "watch"), ("dtictl", "ledger", "export"), ("dtictl", "ledger", "import")]


@pytest.mark.parametrize("program", PROGRAMS + LISTS + OTHERS, ids=" ".join)
def test_the_page_of_settings_has_each_flag_and_no_other(program):
    assert set(flags_of_the_page("docs/settings.md", program)) == set(flags_of_the_help(program)) - COMMON


def numbers(defaults):
    return {flag: match[0] for flag, said in defaults.items() if (match := re.match(r"\d[\d.]*", said))}


@pytest.mark.parametrize("program", LISTS, ids=" ".join)
def test_the_page_of_settings_has_the_columns_of_each_list(program):
    row = re.search(rf"^\| `{' '.join(program)}` \| (.*) \|$", text_of("docs/settings.md").split("\n## Lists\n")[1], re.MULTILINE)
    assert re.findall(r"`([a-z-]+)`", row[1]) == flags_of_the_help(program)["--columns"].split(", ")


@pytest.mark.parametrize("program", PROGRAMS, ids=" ".join)
def test_the_defaults_on_the_page_are_those_of_the_help(program):
    of_help = flags_of_the_help(program)
    of_page = flags_of_the_page("docs/settings.md", program)
    told = {flag for flag, said in of_page.items() if not said.startswith("as for")}
    assert numbers(of_page) == {flag: number for flag, number in numbers(of_help).items() if flag in told}


def test_the_commands_of_the_readme_use_flags_of_their_programs():
    commands = re.findall(r"^    build/release/bin/(dtictl \w+|\w+)((?:.*\\\n)*.*)$", text_of("README.md"),
                          re.MULTILINE)
    assert {tuple(name.split()) for name, _ in commands} == set(PROGRAMS)
    for name, arguments in commands:
        assert set(re.findall(r"--[a-z-]+", arguments)) <= set(flags_of_the_help(tuple(name.split())))


# Names of scripts and tests.

def test_each_script_is_on_a_page_and_in_the_map():
    scripts = {path.name for path in (ROOT / "scripts").iterdir() if path.is_file() and not path.suffix}
    pages = "\n".join(text_of(page) for page in PAGES)
    assert {name for name in scripts if f"scripts/{name}" not in pages} == set()
    row = re.search(r"^\| `scripts` \| (.*) \|$", text_of("ARCHITECTURE.md"), re.MULTILINE)[1]
    assert set(re.findall(r"`([a-z0-9-]+)`", row)) == scripts


def test_the_tests_that_pages_name_are_there():
    sources = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("*.cpp"))
    there = {".".join(found) for found in re.findall(r"TEST(?:_F|_P)?\(\s*(\w+),\s*(\w+)\)", sources)}
    named = {name for page in PAGES for name in re.findall(r"\b([A-Z]\w+\.[A-Z]\w{12,})\b", text_of(page))}
    assert len(named) > 20
    assert {name for name in named if not any(test.startswith(name) for test in there)} == set()
    files = {name for page in PAGES for name in re.findall(r"\btest_\w+\.py\b", text_of(page))}
    tests = {path.name for pattern in ("tests_py/*/test_*.py", "clients/*/tests/test_*.py") for path in ROOT.glob(pattern)}
    assert files - tests == set()
    paths = {path for page in PAGES for path in re.findall(r"\btests_py/[\w/]+\.py\b", text_of(page))}
    assert {path for path in paths if not (ROOT / path).exists()} == set()


def anchors(page):
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8")):
        if re.match(r"[a-z]+:", target):
            continue
        path, _, anchor = target.partition("#")
        there = (page.parent / path).resolve() if path else page
        if not there.exists() or (anchor and anchor not in anchors(there)):
            broken.append(target)
    assert broken == []
