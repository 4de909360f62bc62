"""Makes the man pages (as Markdown for pandoc) and the completions of the shells from the --help of the programs.

  manual.py --programs=FOLDER --output=FILE page NAME.SECTION SOURCE.md   the page, with the lines @…@ filled in
  manual.py --programs=FOLDER --output=FILE bash|zsh|fish PROGRAM         the completions of a program
The settings are in one table of each program, and --help prints that table. So does a line `@options PROGRAM@` of a page."""

import argparse
import dataclasses
import re
import subprocess
from pathlib import Path


@dataclasses.dataclass
class Flag:
    name: str  # --log-level
    value: str  # the placeholder: text|json, PATH, N; "" for a switch
    help: str
    note: str  # default: info; environment: DTI_LOG_LEVEL

    @property
    def choices(self):
        return self.value.split("|") if "|" in self.value else []

    @property
    def key(self):
        """The key in the config file; None if it has none."""
        return self.name[2:] if self.note and self.name != "--config" else None

    @property
    def summary(self):
        """The first sentence, without its full stop."""
        return re.split(r"(?<!\.)\.(?: |$)", self.help)[0]


@dataclasses.dataclass
class Help:
    purpose: str
    groups: dict  # heading -> flags
    commands: dict  # name -> purpose; only of a program that has commands
    sources: str
    examples: list  # (purpose, command lines)
    exit_codes: list  # (code, meaning)
    flags_of: dict = dataclasses.field(default_factory=dict)  # command -> its flags, of help_with_commands()

    @property
    def flags(self):
        return [flag for flags in self.groups.values() for flag in flags]


def joined(text):
    return " ".join(text.split())


def read_flags(text):
    flags = []
    for name, value, body in re.findall(r"^  (--[a-z-]+)(?:=(\S+))?\n((?:      .*\n?)+)", text, re.MULTILINE):
        told, _, note = joined(body).partition(" (default: ")
        if not note:
            told, _, note = joined(body).partition(" (needed")
            note = "needed" + note if note else ""
        else:
            note = "default: " + note
        flags.append(Flag(name, value, told, note.removesuffix(")")))
    return flags


def read_help(text):
    """Reads the output of --help."""
    head, *rest = re.split(r"^([A-Z][^\n]*):\n", text, flags=re.MULTILINE)
    sections = dict(zip(rest[::2], rest[1::2]))
    examples = []
    for line in sections.pop("Examples", "").splitlines():
        if line.startswith("  # "):
            examples.append((line[4:], []))
        elif line:
            examples[-1][1].append(line[2:])
    exit_codes = [(code, joined(meaning)) for code, meaning in
                  re.findall(r"^  (\d)  (.*(?:\n     .*)*)", sections.pop("Exit codes", ""), re.MULTILINE)]
    commands = {name: joined(body) for name, body in
                re.findall(r"^  ([a-z-]+)\n((?:      .*\n)+)", sections.pop("Commands", ""), re.MULTILINE)}
    sources = joined(sections.pop("Sources of settings", ""))
    groups = {heading: read_flags(body) for heading, body in sections.items()}
    return Help(joined(re.sub(r"^Usage:.*\n", "", head)), groups, commands, sources, examples, exit_codes)


class Programs:
    """The programs that were built."""

    def __init__(self, folder):
        self._folder = Path(folder).resolve()

    def _output(self, *arguments):
        return subprocess.run([self._folder / arguments[0], *arguments[1:]], capture_output=True, text=True, check=True,
                              timeout=60).stdout

    def help(self, words):
        """@param words  the program, and its command if it has commands"""
        return read_help(self._output(*words.split(), "--help"))

    def help_with_commands(self, words):
        """help() with the flags of all commands, if the command has commands of its own (`dtictl key`)."""
        told = self.help(words)
        for command in told.commands:
            of_command = self.help(f"{words} {command}")
            told.flags_of[command] = of_command.flags
            for heading, flags in of_command.groups.items():
                known = {flag.name for flag in told.flags}
                told.groups.setdefault(heading, []).extend(flag for flag in flags if flag.name not in known)
        return told

    def version(self):
        return self._output("dti_server", "--version").split()[-1]


# Man pages.


def escaped(text):
    return re.sub(r"([\\*_`<>\[\]|$~^#@])", r"\\\1", text)


def definition(term, text):
    return f"{term}\n:   {text}\n"


def options(flags):
    return "\n".join(
        definition(f"**{flag.name}**" + (f"=*{escaped(flag.value)}*" if flag.value else ""),
                   escaped(flag.help) + (f" ({escaped(flag.note)})" if flag.note else "")) for flag in flags)


def keys(flags):
    return "\n".join(
        definition(f"**{flag.key}** = *{escaped(flag.value or 'true|false')}*",
                   f"{escaped(flag.help)} ({escaped(re.sub(r'; environment: DTI_[A-Z_]+', '', flag.note))})")
        for flag in flags if flag.key)


def filled(kind, told):
    """What stands in place of the line `@KIND PROGRAM@`."""
    if kind == "purpose":
        return escaped(told.purpose)
    if kind == "options":
        return "\n".join(f"## {heading}\n\n{options(flags)}" for heading, flags in told.groups.items())
    if kind == "keys":
        return keys(told.flags)
    if kind == "sources":
        return escaped(told.sources)
    if kind == "commands":
        return "\n".join(definition(f"**{name}**", escaped(purpose)) for name, purpose in told.commands.items())
    if kind == "examples":
        return "\n".join(f"{escaped(purpose)}:\n\n" + "".join(f"    {line}\n" for line in lines)
                         for purpose, lines in told.examples)
    if kind == "exit-codes":
        return "\n".join(definition(f"**{code}**", escaped(meaning)) for code, meaning in told.exit_codes)
    raise ValueError(f"a page has no line @{kind} …@")


def page_of_a_document(name, text):
    """A page of docs/ as a man page: its title is the NAME, and its sections are one level higher."""
    title, _, rest = text.partition("\n")
    code = re.split(r"(^```.*?^```$)", rest, flags=re.MULTILINE | re.DOTALL)
    code[::2] = [re.sub(r"^##", "#", part, flags=re.MULTILINE) for part in code[::2]]
    return f"# NAME\n\n{name} - {title.removeprefix('# ').lower()} of dti\n\n# DESCRIPTION\n{''.join(code)}"


def page(programs, name, text):
    """@param name  such as dti_server.8"""
    word, _, section = name.rpartition(".")
    if not text.startswith("# NAME"):
        text = page_of_a_document(word, text)
    text = re.sub(r"^@([a-z-]+) ([a-z_ -]+)@$", lambda found: filled(found[1], programs.help(found[2])), text,
                  flags=re.MULTILINE)
    return f"% {escaped(word.upper())}({section}) dti {programs.version()} | dti manual\n\n{text}"


# Completions.


def quoted(text):
    """A word of a shell."""
    return "'" + text.replace("'", "'\\''") + "'"


# Live names: what dtictl complete prints about the store that the command line names.
BASH_NAMES = r"""
# The value of a flag before the cursor. bash splits words at = : and @ too.
_dtictl_value() {
    local at value=
    for ((at = 1; at < COMP_CWORD; at++)); do
        [[ ${COMP_WORDS[at]} == "$1" ]] || continue
        ((at++))
        [[ ${COMP_WORDS[at]} != = ]] || ((at++))
        ((at < COMP_CWORD)) || break
        value=${COMP_WORDS[at]}
        while ((at + 1 < COMP_CWORD)) && [[ ${COMP_WORDS[at]}${COMP_WORDS[at + 1]} == *[:=@] || ${COMP_WORDS[at]} == [:=@] ]]; do
            ((at++))
            value+=${COMP_WORDS[at]}
        done
    done
    _dtictl_unquoted "$value"
}

_dtictl_unquoted() {
    local text=$1
    case $text in
        \'*) text=${text#\'} text=${text%\'} ;;
        \"*) text=${text#\"} text=${text%\"} ;;
        *) text=${text//\\/} ;;
    esac
    printf %s "$text"
}

# Offers the names of a kind that begin with the word. Within quotes, readline closes them.
_dtictl_names() {
    local words=("$1") flag value name
    for flag in --store --config --faculty; do
        value=$(_dtictl_value $flag)
        [[ -z $value ]] || words+=("$flag=$value")
    done
    value=$(_dtictl_unquoted "$word")
    [[ -z $value ]] || words+=("--prefix=$value")
    while IFS= read -r name; do
        [[ $word == [\'\"]* ]] || printf -v name %q "$name"
        COMPREPLY+=("$name")
    done < <("${COMP_WORDS[0]}" complete "${words[@]}" 2>/dev/null)
}
"""

# The flags and the commands whose values are names.
NAMES = {"--semester": "semesters", "--only-semester": "semesters", "--from": "semesters", "--confirm": "semesters",
         "--faculty": "faculties", "--program": "programs"}
OPERANDS = {"grant show": "programs", "explain": "programs"}

BASH = """# Completions of bash for {program}, made from its --help.
{names}_{program}() {{
    local word=${{COMP_WORDS[COMP_CWORD]}} flag=${{COMP_WORDS[COMP_CWORD - 1]}} flags=() at
    # bash splits --flag=value into three words.
    if [[ $word == = ]]; then
        word=
    elif [[ $flag == = ]]; then
        flag=${{COMP_WORDS[COMP_CWORD - 2]}}
    fi
    COMPREPLY=()
{commands}    case $flag in
{values}    esac
{operands}    mapfile -t COMPREPLY < <(compgen -W "${{flags[*]}}" -- "$word")
    for at in "${{!COMPREPLY[@]}}"; do
        [[ ${{COMPREPLY[at]}} != *= ]] || compopt -o nospace
    done
}}
complete -F _{program} {program}
"""


def bash_values(flags, names=()):
    """Commands may have the same flag with other choices: the shell offers those of all of them."""
    choices = {}
    for flag in flags:
        choices.setdefault(flag.name, {}).update(dict.fromkeys(flag.choices))

    def line(flag):
        if flag.name in names:
            return f'_dtictl_names {names[flag.name]}; return'
        if choices[flag.name]:
            return f'mapfile -t COMPREPLY < <(compgen -W "{" ".join(choices[flag.name])}" -- "$word"); return'
        if flag.value == "PATH":
            return 'compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$word"); return'
        return "return"
    found = {}
    for flag in flags:
        if flag.value:
            found.setdefault(line(flag), []).append(flag.name)
    return "".join(f"        {' | '.join(dict.fromkeys(names))}) {act} ;;\n" for act, names in found.items())


def bash_flags(flags):
    return " ".join(flag.name + ("=" if flag.value else "") for flag in flags)


def bash_case(name, of):
    """The words after a command: its flags; of a command that has commands of its own, first their names."""
    if not of.commands:
        return f"        {name}) flags=({bash_flags(of.flags)}) ;;\n"
    cases = "".join(f"            {command}) flags=({bash_flags(flags)}) ;;\n" for command, flags in of.flags_of.items())
    return (f"        {name})\n            case ${{COMP_WORDS[2]}} in\n{cases}            esac\n"
            f"            ((COMP_CWORD > 2)) || flags=({' '.join(of.commands)} --help --version) ;;\n")


def bash(program, told, of_commands):
    if not told.commands:
        return BASH.format(program=program, names="", operands="", commands=f"    flags=({bash_flags(told.flags)})\n",
                           values=bash_values(told.flags))
    cases = "".join(bash_case(name, of) for name, of in of_commands.items())
    commands = (f"    if ((COMP_CWORD == 1)); then\n        mapfile -t COMPREPLY < <(compgen -W "
                f'"{" ".join(of_commands)} --help --version" -- "$word")\n        return\n    fi\n'
                f"    case ${{COMP_WORDS[1]}} in\n{cases}    esac\n")
    operands = "".join(f"        '{words} '*) _dtictl_names {kind} ;;\n" for words, kind in OPERANDS.items())
    operands = ("    if [[ $word != -* ]]; then\n        local before=${COMP_WORDS[*]:1:COMP_CWORD - 1}\n"
                f"        case \"$before \" in\n{operands}        esac\n"
                "        ((${#COMPREPLY[@]} == 0)) || return\n    fi\n")
    return BASH.format(program=program, names=BASH_NAMES.lstrip("\n") + "\n", operands=operands, commands=commands,
                       values=bash_values([flag for of in of_commands.values() for flag in of.flags], NAMES))


def zsh_arguments(flags, commands=()):
    def argument(flag):
        summary = re.sub(r"([\[\]\\:])", r"\\\1", flag.summary)
        if not flag.value:
            return f"{flag.name}[{summary}]"
        does = f"({' '.join(flag.choices)})" if flag.choices else "_files" if flag.value == "PATH" else " "
        value = "value" if flag.choices else flag.value.replace(":", "\\:")
        return f"{flag.name}=[{summary}]:{value}:{does}"
    words = [f"1:command:({' '.join(commands)})"] if commands else []
    return " \\\n".join(f"    {quoted(text)}" for text in [*words, *map(argument, flags)])


def zsh(program, told, of_commands):
    head = f"#compdef {program}\n# Completions of zsh for {program}, made from its --help.\n"
    if not told.commands:
        return f"{head}_arguments \\\n{zsh_arguments(told.flags)}\n"
    names = " ".join(quoted(f"{name}:{purpose}") for name, purpose in told.commands.items())
    cases = "".join(f"  {name})\n    shift words\n    ((CURRENT--))\n    _arguments \\\n"
                    f"{zsh_arguments(of.flags, of.commands)}\n    ;;\n"
                    for name, of in of_commands.items())
    return (f"{head}local -a commands=({names})\nif ((CURRENT == 2)); then\n  _describe command commands\n"
            f"  _arguments --help --version\n  return\nfi\ncase $words[2] in\n{cases}esac\n")


def fish_lines(program, flags, condition=""):
    def line(flag):
        parts = [f"complete -c {program}", condition, f"-l {flag.name[2:]}"]
        if flag.choices:
            parts.append(f"-xa {quoted(' '.join(flag.choices))}")
        elif flag.value:
            parts.append("-rF" if flag.value == "PATH" else "-x")
        return " ".join(part for part in [*parts, f"-d {quoted(flag.summary)}"] if part)
    return "".join(line(flag) + "\n" for flag in flags)


def fish(program, told, of_commands):
    text = f"# Completions of fish for {program}, made from its --help.\ncomplete -c {program} -f\n"
    if not told.commands:
        return text + fish_lines(program, told.flags)
    for name, purpose in told.commands.items():
        text += f"complete -c {program} -n __fish_use_subcommand -a {name} -d {quoted(purpose)}\n"
    for flag in ("help", "version"):
        text += f"complete -c {program} -n __fish_use_subcommand -l {flag}\n"
    for name, of in of_commands.items():
        condition = f"-n '__fish_seen_subcommand_from {name}'"
        if of.commands:
            text += f"complete -c {program} {condition} -a {quoted(' '.join(of.commands))}\n"
        text += fish_lines(program, of.flags, condition)
    return text


SHELLS = {"bash": bash, "zsh": zsh, "fish": fish}


def completions(programs, shell, program):
    told = programs.help(program)
    return SHELLS[shell](program, told, {name: programs.help_with_commands(f"{program} {name}") for name in told.commands})


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--programs", required=True, metavar="FOLDER")
    parser.add_argument("--output", required=True, type=Path, metavar="FILE")
    parser.add_argument("what", choices=["page", *SHELLS])
    parser.add_argument("name")
    parser.add_argument("source", nargs="?", type=Path)
    wanted = parser.parse_args()
    programs = Programs(wanted.programs)
    text = (page(programs, wanted.name, wanted.source.read_text(encoding="utf-8")) if wanted.what == "page" else
            completions(programs, wanted.what, wanted.name))
    wanted.output.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
