"""The link graph of the CMake targets is the architecture: only the arrows that ARCHITECTURE.md names."""

import re
import subprocess

import pytest

from harness.process import ROOT

# What each layer may know, and the libraries that it alone is given.
ALLOWED = {
    "dti_domain": {"utf8proc"},
    "dti_protocol": {"dti_domain", "nlohmann_json", "simdjson"},
    "dti_service": {"dti_domain", "Threads"},
    "dti_repository": {"dti_service", "dti_domain", "pqxx", "libpq", "sqlite3"},
    "dti_transport": {"dti_protocol", "dti_service", "dti_domain", "zmq", "Threads"},
    "dti_app": {"dti_repository", "dti_service", "dti_protocol", "dti_domain", "CLI11", "spdlog", "Threads"},
}
APPS = {"dti_server", "faculty", "program", "dtictl"}
EVERYWHERE = {"dti_warnings"}


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


def test_each_layer_links_only_what_it_may_know(graph):
    assert set(ALLOWED) <= set(graph), "a layer has no links at all: was the graph read?"
    arrows = {layer: sorted(graph[layer] - allowed - EVERYWHERE) for layer, allowed in ALLOWED.items()}
    assert arrows == {layer: [] for layer in ALLOWED}


def test_only_the_programs_know_all_layers(graph):
    knowing = {target for target, links in graph.items() if {"dti_app", "dti_transport"} & links}
    assert knowing == APPS
