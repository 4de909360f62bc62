"""The man pages and the completions of the shells have the options of --help, with their help and defaults, and no others."""

import importlib.util
import re
import subprocess
from pathlib import Path

import pytest

from tests_py.harness.process import ROOT, binary
from tests_py.project.test_docs import LISTS, OTHERS, PROGRAMS, flags_of_the_help

# By its path: `packaging` is also a library, which pytest imports.
SPEC = importlib.util.spec_from_file_location("manual", ROOT / "packaging/manual.py")
manual = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(manual)

SOURCES = sorted((ROOT / "packaging/man").glob("*.md"))
COMMANDS = sorted({program[0] for program in PROGRAMS})
BESIDE = [words for words in LISTS + OTHERS if len(words) == 2]  # commands of dtictl that are not in PROGRAMS
# The commands of dtictl that have commands of their own.
GROUPS = {
    "key": ("new", "public", "add", "remove", "list"),
    "grant": ("list", "show", "release", "amend"),
    "semester": ("list", "open", "roll-over", "resize", "close", "reopen"),
    "ledger": ("export", "import"),
    "catalog": ("list", "plan", "apply", "rename", "retire"),
    "wait": ("list", "leave", "on", "off"),
    "hold": ("list", "confirm", "extend", "cancel"),
    "quota": ("list", "set", "clear"),
    "round": ("plan", "open", "run", "report"),
}


@pytest.fixture(scope="module")
def programs():
    return manual.Programs(Path(binary("dti_server")).parent)


def plain(markdown):
    """Markdown without its marks."""
    return re.sub(r"\\(.)", r"\1", markdown).replace("**", "")


def output_of_help(program):
    return subprocess.run([binary(program[0]), *program[1:], "--help"], capture_output=True, text=True, check=True,
                          timeout=20).stdout


def page_of(programs, name):
    return manual.page(programs, name, (ROOT / f"packaging/man/{name}.md").read_text(encoding="utf-8"))


@pytest.mark.parametrize("program, name", [(program, f"{program[0]}.{8 if program[0] == 'dti_server' else 1}")
                                           for program in PROGRAMS + BESIDE], ids=lambda it: str(it))
def test_a_page_has_the_whole_help_of_its_program(programs, program, name):
    text = " ".join(plain(page_of(programs, name)).split())
    help_text = output_of_help(program)
    options = re.findall(r"^  (--\S+)\n((?:      .*\n)+)", help_text, re.MULTILINE)
    assert len(options) == len(flags_of_the_help(program)) >= 7
    for flag, body in options:
        assert f"{flag.replace('=', '=*', 1)}{'*' if '=' in flag else ''} : {' '.join(body.split())}" in text
    for code, meaning in re.findall(r"^  (\d)  (.*(?:\n     .*)*)", help_text.split("Exit codes:")[1], re.MULTILINE):
        assert f"{code} : {' '.join(meaning.split())}" in text
    for line in re.findall(r"^  ((?:DTI_\S+ |PG\S+ )*" + program[0] + r" .*)$", help_text, re.MULTILINE):
        assert f" {' '.join(line.split())}" in text


def test_the_page_of_the_config_file_has_each_key_with_its_default(programs):
    sections = plain(page_of(programs, "dti.toml.5")).split("# KEYS OF ")[1:]
    keys = [dict(re.findall(r"^([a-z-]+) = .*\n:   (.*)$", section, re.MULTILINE)) for section in sections]
    for program, described in zip(PROGRAMS[:1] + PROGRAMS[3:] + PROGRAMS[1:3], keys, strict=True):
        flags = {flag[2:]: default for flag, default in flags_of_the_help(program).items()
                 if default and flag != "--config"}
        assert set(described) == set(flags)
        for key, default in flags.items():
            assert default in described[key]


@pytest.mark.parametrize("source", [*SOURCES, ROOT / "docs/protocol.md"], ids=lambda path: path.name)
def test_a_page_is_complete_and_names_pages_that_there_are(programs, source):
    name = "dti-protocol.7" if source.name == "protocol.md" else source.name.removesuffix(".md")
    text = manual.page(programs, name, source.read_text(encoding="utf-8"))
    title, _, section = name.rpartition(".")
    assert plain(text).startswith(f"% {title.upper()}({section}) dti ")
    assert not re.search(r"^@", text, re.MULTILINE)
    pages = {path.name.removesuffix(".md") for path in SOURCES} | {"dti-protocol.7"}
    named = {f"{page_name}.{section}" for page_name, section in re.findall(r"\*\*([a-z_.-]+)\*\*\((\d)\)", text)}
    assert named <= pages and (named or name == "dti-protocol.7")


@pytest.mark.parametrize("table, name", enumerate(["dti_server.8", "faculty.1"]))
def test_the_page_of_a_daemon_names_each_path_of_its_http(programs, table, name):
    section = (ROOT / "docs/monitoring.md").read_text(encoding="utf-8").split("\n## Paths\n")[1].split("\n## ")[0]
    rows = re.findall(r"(?:^\|.*\n)+", section, re.MULTILINE)[table]
    paths = {path for cell in re.findall(r"^\| (`/.*?) \|", rows, re.MULTILINE) for path in re.findall(r"`(/.*?)`", cell)}
    monitoring = page_of(programs, name).split("\n# MONITORING\n")[1].split("\n# ")[0]
    terms = re.findall(r"^(\*/.*)\n: ", monitoring, re.MULTILINE)
    assert {path for term in terms for path in re.findall(r"\*(/.*?)\*", term)} == paths
    assert len(paths) > 4 and "journalctl" in monitoring


def flags_of_the_command(words):
    return dict((flag, "=" in rest) for flag, rest in re.findall(r"^  (--[a-z-]+)(\S*)$", output_of_help(words), re.MULTILINE))


def flags_of(program):
    """flag -> whether it has a value, of each command of the program; of a group, those of all its commands."""
    found = {tuple(words): flags_of_the_command(words) for words in PROGRAMS + BESIDE if words[0] == program and len(words) < 3}
    for group, commands in GROUPS.items() if program == "dtictl" else ():
        of_all = [flags_of_the_command((program, group, command)) for command in commands]
        found[(program, group)] = {flag: has_value for flags in of_all for flag, has_value in flags.items()}
    return found


COMPLETE = """{functions}
compopt() {{ :; }}
COMP_WORDS=({words}) COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1))
_{program}
printf '%s\\n' "${{COMPREPLY[@]}}"
"""


def complete(programs, program, words):
    """What bash offers for the last of the words."""
    script = COMPLETE.format(functions=manual.completions(programs, "bash", program), program=program,
                             words=" ".join(f"'{word}'" for word in words))
    return subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True, cwd=ROOT / "data",
                          timeout=20).stdout.split()


def flags_of_each(program):
    """flag -> whether it has a value, of each command, and of each command of a group."""
    groups = GROUPS if program == "dtictl" else {}
    found = {words: flags for words, flags in flags_of(program).items() if words[-1] not in groups}
    of_groups = [(program, group, command) for group, commands in groups.items() for command in commands]
    return found | {words: flags_of_the_command(words) for words in of_groups}


@pytest.mark.parametrize("program", COMMANDS)
def test_bash_offers_the_flags_of_the_help(programs, program):
    for words, flags in flags_of_each(program).items():
        offered = complete(programs, program, [*words, "--"])
        assert sorted(offered) == sorted(flag + ("=" if has_value else "") for flag, has_value in flags.items())


@pytest.mark.parametrize("words, offered", [
    (["dti_server", "--log-level", "=", ""], ["debug", "info", "warning", "error"]),
    (["dti_server", "--log-level", "="], ["debug", "info", "warning", "error"]),
    (["dti_server", "--log-level", "w"], ["warning"]),
    (["dti_server", "--catalog", "=", "cat"], ["catalog.csv"]),
    (["dti_server", "--port", "=", ""], []),
    (["dtictl", "ver"], ["verify"]),
    (["dtictl", "co"], ["copy"]),
    (["dtictl", "key", ""], ["new", "public", "add", "remove", "list", "--help", "--version"]),
    (["dtictl", "grant", "sh"], ["show"]),
    (["dtictl", "key", "public", "--"], ["--log-level=", "--log-format=", "--config=", "--help", "--version"]),
    (["dtictl", "key", "add", "--ro"], ["--role="]),
    (["dtictl", "key", "list", "--format", "=", "js"], ["json", "jsonl"]),
    (["dtictl", "verify", "--js"], ["--json"]),
    (["dtictl", "copy", "--t"], ["--to="]),
    (["program", "--json", "--out"], ["--output-dir="]),
], ids=lambda it: " ".join(it))
def test_bash_completes_values(programs, words, offered):
    assert complete(programs, words[0], words) == offered


@pytest.mark.parametrize("program", COMMANDS)
@pytest.mark.parametrize("shell, flag", [("zsh", r"'(--[a-z-]+)(=?)\["), ("fish", r" -l ([a-z-]+)( -x|-rF|)")])
def test_zsh_and_fish_have_the_flags_of_the_help(programs, program, shell, flag):
    text = manual.completions(programs, shell, program)
    found = {"--" + name.removeprefix("--") for name, _ in re.findall(flag, text)}
    assert found == {name for flags in flags_of(program).values() for name in flags}


def test_the_shells_are_those_that_are_installed():
    rules = (ROOT / "packaging/CMakeLists.txt").read_text(encoding="utf-8")
    assert [shell for shell in manual.SHELLS if f" {shell} ${{program}}" in rules] == list(manual.SHELLS)
