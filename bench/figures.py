"""A figure is what repetitions of one measurement come to: their median, how far they lie apart, and themselves."""

from statistics import median

WIDE = 0.15  # a spread above this is marked: the machine did something else, or the thing measured is unsteady
MARK = "~"


def figure(values):
    """`values`: one or more measurements of the same thing, in the order in which they were taken."""
    middle = median(values)
    return {"median": middle, "spread": (max(values) - min(values)) / middle if middle else 0.0, "values": list(values)}


def figures(measured):
    """One figure for each name of the measurements, which are dicts with the same names and numbers as values."""
    return {name: figure([each[name] for each in measured]) for name in measured[0]}


def is_wide(one):
    return one["spread"] > WIDE


def number(value):
    """For people: three digits at least, and thousands apart."""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:,.1f}" if abs(value) >= 10 else f"{value:,.2f}"


def marked(one, unit=1.0):
    """The median in that unit, marked if the spread is wide."""
    return number(one["median"] / unit) + (f" {MARK}" if is_wide(one) else "")


def milliseconds(one):
    """A latency that was measured in microseconds."""
    return marked(one, 1000.0)


def percent(share):
    return f"{100 * share:.0f}%"


def percentile(sorted_values, share):
    """The smallest value that at least that share of the values does not exceed."""
    rank = -int(-share * len(sorted_values) // 1)  # rounded up
    return sorted_values[max(rank, 1) - 1]
