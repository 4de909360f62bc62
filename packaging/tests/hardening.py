"""Prints the protections that programs lack: hardening.py PROGRAM... Exit code 1 if one lacks any.

It reads the binaries with readelf and objdump. docs/packages.md describes the protections."""

import re
import subprocess
import sys

LANDING = {"x86-64": r"\bendbr64\b", "AArch64": r"\b(?:paciasp|bti)\b"}  # where calls may arrive, by machine
PROBE = {"x86-64": r"\bor[a-z]*\s+\$0x0,(?:0x[0-9a-f]+)?\(%rsp\)", "AArch64": r"\bstr\s+xzr, \[sp"}  # of a large frame


def output_of(*command):
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


def missing(program):
    """The names of the protections that a program lacks."""
    elf = output_of("readelf", "--wide", "--file-header", "--program-headers", "--dynamic", "--dyn-syms", str(program))
    machine = "AArch64" if "AArch64" in elf else "x86-64"
    code = output_of("objdump", "--disassemble", "--no-show-raw-insn", str(program))
    functions = output_of("readelf", "--debug-dump=frames", str(program)).count(" FDE ")
    found = {
        "PIE": re.search(r"\(FLAGS_1\).*\bPIE\b", elf),
        "RELRO": "GNU_RELRO" in elf,
        "BIND_NOW": re.search(r"\(FLAGS_1\).*\bNOW\b", elf),
        "stack that is not executable": re.search(r"GNU_STACK(?: +0x\w+){5} RW ", elf),
        "stack protector": "__stack_chk_fail" in elf,
        "_FORTIFY_SOURCE": re.search(r" __\w+_chk(?:@|$)", elf, re.MULTILINE),
        "assertions of libstdc++": "__glibcxx_assert_fail" in elf,
        "control-flow protection": len(re.findall(LANDING[machine], code)) > functions / 2,
        "stack clash protection": re.search(PROBE[machine], code),
    }
    return [name for name, is_there in found.items() if not is_there]


def main():
    faults = [f"{program}: no {name}" for program in sys.argv[1:] for name in missing(program)]
    print("\n".join(faults) or f"{len(sys.argv) - 1} programs have all protections")
    sys.exit(1 if faults or len(sys.argv) == 1 else 0)


if __name__ == "__main__":
    main()
