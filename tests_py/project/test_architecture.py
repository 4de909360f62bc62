"""The rooms of ARCHITECTURE.md are the CMake targets, and no file includes a header of a room that its room does not link."""

import re
import subprocess
from collections import Counter

import pytest

from tests_py.harness.process import ROOT

# The headers and the CMake names of the libraries, by the name that ARCHITECTURE.md uses.
LIBRARIES = {
    "utf8proc": (r"utf8proc\.h", "utf8proc"),
    "nlohmann_json": (r"nlohmann/.*", "nlohmann_json"),
    "simdjson": (r"simdjson\.h", "simdjson"),
    "Boost": (r"boost/.*", "Boost"),
    "libsystemd": (r"systemd/sd-.*", "systemd"),
    "prometheus-cpp": (r"prometheus/.*", "prometheus"),
    "CLI11": (r"CLI/.*", "CLI11"),
    "spdlog": (r"spdlog/.*", "spdlog"),
    "toml++": (r"toml\+\+/.*", None),  # headers only; the target has an include path instead
    "SQLite": (r"sqlite3\.h", "sqlite3"),
    "libpqxx": (r"pqxx/.*", "pqxx"),
    "libpq": (r"libpq.*", "libpq"),
    "libsodium": (r"sodium\.h", "sodium"),
    "libzmq": (r"zmq\.hpp?", "zmq"),
}
SYSTEM = {"dti_warnings", "Threads"}
FILES_MAX = 25  # in a folder: more is not one purpose
INDEXED = ("docs/adr", "tests/fuzz/corpus/")  # numbered, with a list in README.md; made by a program


def rooms_of_architecture():
    """room -> (rooms, libraries) that it links, as ARCHITECTURE.md says."""
    text = (ROOT / "ARCHITECTURE.md").read_text()
    rows = re.findall(r"^\| `([a-z/]+)` \| [^|]+ \| ([^|]*)\| ([^|]*)\|$", text.split("## The rooms")[1].split("## ")[0],
                      re.MULTILINE)
    assert len(rows) > 10, "the table of rooms was not found"
    names = lambda cell: {name.strip() for name in cell.split(",") if name.strip()}  # noqa: E731
    return {room: (names(rooms), names(libraries)) for room, rooms, libraries in rows}


ROOMS = rooms_of_architecture()


def target_of(room):
    return "dti_" + room.replace("/", "_")


@pytest.fixture(scope="module")
def graph(tmp_path_factory):
    """target -> what it links, from cmake --graphviz."""
    folder = tmp_path_factory.mktemp("graph")
    dot = folder / "graph.dot"
    subprocess.run(["cmake", "--preset", "release", "-B", folder / "build", f"--graphviz={dot}"], cwd=ROOT, check=True,
                   capture_output=True, timeout=180)
    graph = {}
    for source, target in re.findall(r"// (\S+) -> (\S+)$", dot.read_text(), re.MULTILINE):
        name = target.split("::")[-1] if target.startswith("PkgConfig::") else target.split("::")[0]
        graph.setdefault(source, set()).add(name)
    return graph


def test_each_room_links_what_the_architecture_says(graph):
    built = {room: sorted(graph.get(target_of(room), set()) - SYSTEM) for room in ROOMS}
    said = {room: sorted({target_of(other) for other in rooms} |
                         {LIBRARIES[library][1] for library in libraries if LIBRARIES[library][1]})
            for room, (rooms, libraries) in ROOMS.items()}
    assert built == said
    folders = {str(path.parent.relative_to(ROOT / "src")) for path in (ROOT / "src").rglob("*.cpp")}
    assert folders == set(ROOMS)


def test_faculty_and_program_link_no_store(graph):
    def everything(target):
        return {target}.union(*(everything(linked) for linked in graph.get(target, ())))

    for app in ("faculty", "program"):
        known = everything(app)
        assert "dti_cli" in known
        assert not [target for target in known if target.startswith("dti_repository")]


def product_files():
    for root in ("src", "include/dti", "apps"):
        for path in sorted((ROOT / root).rglob("*.[ch]pp")):
            yield path, path.parent.relative_to(ROOT / root).as_posix()


def includes(path):
    return re.findall(r'^#include [<"]([^>"]+)[>"]', path.read_text(), re.MULTILINE)


def room_of(header):
    """The room of a header of ours; None if it is not ours."""
    folder = header.removeprefix("dti/").rsplit("/", 1)[0]
    return folder if folder in ROOMS else None


def test_no_file_includes_a_header_that_its_room_does_not_link():
    faults = []
    for path, folder in product_files():
        if path.is_relative_to(ROOT / "apps"):
            continue
        rooms, libraries = ROOMS[folder]
        for header in includes(path):
            room = room_of(header)
            if room and room not in rooms | {folder}:
                faults.append(f"{path.relative_to(ROOT)}: {header}")
            for library, (pattern, _) in LIBRARIES.items():
                if re.fullmatch(pattern, header) and library not in libraries:
                    faults.append(f"{path.relative_to(ROOT)}: <{header}>")
    assert faults == []


def test_a_room_keeps_its_headers_unless_another_room_uses_them():
    used = {}
    for path, folder in product_files():
        where = "apps" if path.is_relative_to(ROOT / "apps") else folder
        for header in includes(path):
            used.setdefault(header, set()).add((where, path.is_relative_to(ROOT / "include")))
    faults = []
    for path, folder in product_files():
        if path.suffix != ".hpp" or path.is_relative_to(ROOT / "apps"):
            continue
        if path.is_relative_to(ROOT / "include"):
            users = used.get(path.relative_to(ROOT / "include").as_posix(), set())
            # Another room uses it, or another public header needs it.
            if not any(room != folder or is_public for room, is_public in users):
                faults.append(f"{path.relative_to(ROOT)}: no other room uses it")
        elif any(room != folder for room, _ in used.get(path.relative_to(ROOT / "src").as_posix(), set())):
            faults.append(f"{path.relative_to(ROOT)}: another room uses it")
    assert faults == []


def test_no_sentence_of_service_repository_and_transport_names_a_flag():
    """A flag is the business of the program that has it; the same code serves programs with other settings."""
    faults = []
    for path, folder in product_files():
        if folder.split("/")[0] in ("service", "repository", "transport"):
            for line in path.read_text().splitlines():
                # A whole command of another program, for the operator to run, is none of this program's flags.
                if re.search(r'"[^"]*--[a-z]', line.split("//")[0].replace("dtictl migrate --store", "")):
                    faults.append(f"{path.relative_to(ROOT)}: {line.strip()}")
    assert faults == []


def test_no_folder_has_so_many_files_that_nobody_finds_one():
    tops = ("apps", "bench", "clients", "docs", "include", "scripts", "sql", "src", "terraform", "tests", "tests_py")
    folders = Counter(path.parent.relative_to(ROOT).as_posix() for top in tops for path in (ROOT / top).rglob("*")
                      if path.is_file() and path.suffix != ".pyc" and ".state" not in path.parts)
    assert len(folders) > 30
    too_many = {folder: count for folder, count in folders.items() if count > FILES_MAX}
    assert {folder for folder in too_many if not folder.startswith(INDEXED)} == set(), too_many
