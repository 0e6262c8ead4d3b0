"""The plots of a report as Vega-Lite specifications; names of the user's model are data or titles in them."""

from typing import Any

from bridgemark.benchmarks.advise.families import FAMILIES
from bridgemark.benchmarks.optional import optional_package
from bridgemark.benchmarks.pages.advice.plotted import LogZPlot, Points
from bridgemark.benchmarks.pages.html.bundles import EXTRA
from bridgemark.benchmarks.pages.html.charts import INK, finish

# The colours of Vega's scheme tableau10, in the order of the families.
SCHEME = ("#4c78a8", "#f58518", "#e45756", "#72b7b2", "#54a24b", "#eeca3b")
COLOURS = dict(zip(FAMILIES, SCHEME, strict=False))
LINE = 14  # pixels of a family in a forest plot
LABEL_WIDTH = 110  # pixels, at most, of a label
Chart = dict[str, Any]


def log_z(plot: LogZPlot) -> Chart:
    """Estimates of log Z as points with intervals; bounds as ticks."""
    altair = _altair()
    y = altair.Y("family:N").title(None).sort(list(FAMILIES))
    estimates = altair.Chart(altair.NamedData("estimates"))
    domain = altair.Scale(domain=plot.domain, zero=False, nice=False)
    ends = {
        end: altair.X(f"{end}:Q").scale(domain).title("log Z").axis(tickCount=5)
        for end in ("low", "value", "bound")
    }
    common = {"y": y, "color": _colour()}
    intervals = estimates.mark_rule(clip=True, strokeWidth=2).encode(x=ends["low"], x2="high:Q", **common)
    points = estimates.mark_point(clip=True, filled=True, size=70, opacity=1)
    points = points.encode(x=ends["value"], **common)
    bounds = (
        altair.Chart(altair.NamedData("bounds"))
        .mark_tick(clip=True, thickness=2, size=16)
        .encode(x=ends["bound"], **common)
    )
    description = "Estimates of log Z by family, with intervals of 95 %. The table has the same numbers."
    data = {"estimates": plot.estimates, "bounds": plot.bounds}
    return _finish(altair.layer(intervals, points, bounds), data, description, 34 * len(plot.estimates) + 20)


def forest(points: Points) -> Chart:
    """Medians and intervals of 50 and 90 % of the entries of a parameter, by family."""
    altair = _altair()
    entries = list(dict.fromkeys(point["entry"] for point in points))
    families = list(dict.fromkeys(point["family"] for point in points))
    data = altair.Chart(altair.NamedData("points"))
    y = altair.Y("entry:N").title(None).sort(entries).axis(labelLimit=LABEL_WIDTH)
    offset = altair.YOffset("family:N").sort(families)
    common = {"y": y, "yOffset": offset, "color": _colour()}
    scale = altair.Scale(zero=False)
    ends = {end: altair.X(f"{end}:Q").scale(scale).title(None) for end in ("low", "lower", "median")}
    layers = (
        data.mark_rule(strokeWidth=1).encode(x=ends["low"], x2="high:Q", **common),
        data.mark_rule(strokeWidth=3).encode(x=ends["lower"], x2="upper:Q", **common),
        data.mark_point(filled=True, size=30, opacity=1).encode(x=ends["median"], **common),
    )
    description = "Medians and intervals of 50 and 90 %, by family. The table has the numbers of one."
    height = LINE * len(families) * len(entries) + 10 * len(entries)
    return _finish(altair.layer(*layers), {"points": points}, description, height)


def ranks(points: Points, expected: float) -> Chart:
    """Rank histograms of chains, each a step line; where chains agree all are level, near the dashed line."""
    altair = _altair()
    lines = (
        altair.Chart(altair.NamedData("points"))
        .mark_line(interpolate="step", strokeWidth=1.5)
        .encode(
            x=altair.X("bin:Q").title("rank").axis(labels=False, ticks=False, grid=False),
            y=altair.Y("count:Q").title(None).scale(domainMin=0),
            color=altair.Color("chain:N").scale(scheme="dark2").legend(None),
        )
    )
    level = altair.Chart(altair.NamedData("level"))
    rule = level.mark_rule(strokeDash=[4, 4], color=INK, opacity=0.6).encode(y="count:Q")
    description = "How often each chain has low, middle and high ranks among all draws."
    return _finish(lines + rule, {"points": points, "level": [{"count": expected}]}, description, 150)


def pair(points: Points, x_title: str, y_title: str) -> Chart:
    """Draws of all families by two entries."""
    altair = _altair()
    scale = altair.Scale(zero=False)
    chart = (
        altair.Chart(altair.NamedData("points"))
        .mark_point(filled=True, size=14, opacity=0.5)
        .encode(
            x=altair.X("x:Q").scale(scale).title(x_title),
            y=altair.Y("y:Q").scale(scale).title(y_title),
            color=_colour(),
        )
    )
    description = "Draws of every family by two entries of parameters."
    return _finish(chart, {"points": points}, description, 220)


def _altair() -> Any:
    return optional_package("altair", EXTRA)


def _colour() -> Any:
    """The same colour for a family in every plot; the legend is in the page."""
    scale = _altair().Scale(domain=list(COLOURS), range=list(COLOURS.values()))
    return _altair().Color("family:N").scale(scale).legend(None)


def _finish(chart: Any, data: dict[str, Points], description: str, height: float) -> Chart:
    """The specification of a chart as wide as its place on the page, with its data sets by name."""
    specification = finish(chart.properties(width="container", height=height, description=description))
    specification["config"]["axis"]["titleColor"] = INK
    specification["datasets"] = data
    return specification
