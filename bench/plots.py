"""The two plots, as small SVGs whose text is text."""

import matplotlib

matplotlib.use("SVG")

from matplotlib import pyplot  # noqa: E402
from matplotlib.ticker import FuncFormatter, NullLocator  # noqa: E402

from bench.plan import IN_FLIGHT  # noqa: E402
from bench.tables import TITLES, in_flights  # noqa: E402
from bench.targets import best_ceiling  # noqa: E402

STYLE = {"svg.hashsalt": "dti", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 9,
         "axes.spines.top": False, "axes.spines.right": False, "legend.frameon": False}
COLOURS = {"memory": "#777777", "sqlite": "#2a7fba", "postgresql": "#b5482a", "echo": "#bbbbbb"}


def draw_all(results, folder):
    """Writes throughput.svg and latency.svg, if there is something to show."""
    if not lines_of(results):
        return
    with pyplot.rc_context(STYLE):
        draw_throughput(results, folder / "throughput.svg")
        draw_latency(results, folder / "latency.svg")


def lines_of(results):
    """(key, title, points)"""
    found = [(store, title, results["ours"][store]) for store, title in TITLES.items()
             if store in results.get("ours", {})]
    return found + ([("echo", "bare echo, same bytes", results["echo"])] if "echo" in results else [])


def draw_lines(axes, results, name, unit):
    for key, title, points in lines_of(results):
        at = in_flights(points)
        axes.plot([int(each) for each in at], [points[each][name]["median"] / unit for each in at], marker="o",
                  markersize=3, linewidth=1.4, color=COLOURS[key], label=title)


def draw_throughput(results, path):
    figure, axes = new_axes("programs decided a second (5 a request)")
    draw_lines(axes, results, "decisions_per_second", 1)
    if "32" in results.get("others", {}).get("hot-row", {}):
        level(axes, results["others"]["hot-row"]["32"]["transactions_per_second"]["median"],
              "one hot row, 32 connections", "#444444")
    if "ceiling" in results:
        level(axes, best_ceiling(results)[2]["median"], "the ledger's table alone", COLOURS["postgresql"])
    save(figure, axes, path)


def draw_latency(results, path):
    figure, axes = new_axes("p99 latency, ms")
    draw_lines(axes, results, "p99_us", 1000)
    save(figure, axes, path)


def new_axes(what):
    figure, axes = pyplot.subplots(figsize=(6.4, 4.0), layout="constrained")
    axes.set(xscale="log", yscale="log", xlabel="requests in flight", ylabel=what)
    return figure, axes


def level(axes, value, text, colour):
    """What does not depend on requests in flight."""
    axes.axhline(value, linestyle="--", linewidth=1, color=colour)
    axes.annotate(text, (1, value), xytext=(0, 3), textcoords="offset points", fontsize=8, color=colour)


def save(figure, axes, path):
    axes.set_xticks(sorted(IN_FLIGHT))
    axes.xaxis.set_minor_locator(NullLocator())
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.10g}"))
    axes.grid(which="major", linewidth=0.4, color="#dddddd")
    axes.legend(fontsize=8, loc="lower left", bbox_to_anchor=(0, 1), ncols=4, borderaxespad=0.2)
    figure.savefig(path, format="svg", metadata={"Date": None, "Creator": None})
    pyplot.close(figure)
