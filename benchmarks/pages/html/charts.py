"""The chart of accuracy against cost, as a Vega-Lite specification; the page gives it the shown lines."""

from typing import Any

from bridgemark.benchmarks.optional import optional_package

INK = "currentColor"  # so that the chart follows the page from light to dark
HEIGHT = 340
LABEL_SIZE = 12
DECADES = [10.0**exponent for exponent in range(-12, 13)]  # Vega keeps those within the scale
# As `text.number` writes numbers: 1e5 and 1e-4, and those between in full.
LABEL = "replace(format(datum.value, datum.value < 1e-3 || datum.value >= 1e4 ? '.0e' : '~g'), '+', '')"
DESCRIPTION = (
    "Scatter plot of the lines that the table shows: a score of each sampler on each target against what it "
    "spent, both on logarithmic axes. Lower left is better. The table has the same numbers."
)


def cost_chart() -> dict[str, Any]:
    """A point per line, coloured by the nature of its sampler; dragging a box selects lines.

    The data set is called `points`; a point has `cost`, `score`, `nature`, `sampler`, `target` and `floor`.
    """
    altair = optional_package("altair", "page")
    brush = altair.selection_interval(name="brush")
    x = altair.X("cost:Q").scale(type="log").title(None).axis(labelExpr=LABEL, values=DECADES)
    y = altair.Y("score:Q").scale(type="log").title(None).axis(labelExpr=LABEL, values=DECADES)
    points = altair.Chart(altair.NamedData("points"))
    marks = (
        points.mark_point(filled=True, size=70, opacity=0.9)
        .encode(
            x=x,
            y=y,
            color=altair.Color("nature:N")
            .scale(scheme="tableau10")
            .title(None)
            .legend(orient="bottom", columns=3),
            shape=altair.Shape("nature:N").title(None),
            opacity=altair.when(brush).then(altair.value(0.9)).otherwise(altair.value(0.15)),
            tooltip=["label:N"],
            description="label:N",
        )
        .add_params(brush)
    )
    floors = points.mark_rule(strokeDash=[4, 4], color=INK, opacity=0.35).encode(y="floor:Q")
    return finish((floors + marks).properties(width="container", height=HEIGHT, description=DESCRIPTION))


def finish(chart: Any) -> dict[str, Any]:
    """The specification of a chart that follows the page from light to dark."""
    return chart.configure(
        background="transparent",
        axis={
            "labelColor": INK,
            "labelFontSize": LABEL_SIZE,
            "domainColor": INK,
            "tickColor": INK,
            "gridOpacity": 0.15,
        },
        legend={"labelColor": INK, "labelFontSize": LABEL_SIZE},
        view={"stroke": None},
    ).to_dict()
