"""Points to pictures: a program of its own, asked by `api.reports.pen`. It needs no network and prints well in grey.

Reads lines of JSON, `{chart: {"title": …, "points": […]}}`, and answers each with a line, `{chart: SVG}`.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import altair as alt
import vl_convert

FONT = "Noto Sans CJK SC, Source Han Sans SC, Microsoft YaHei, PingFang SC, SimHei, sans-serif"
INK, GREY, LIGHT = "#1a1a1a", "#8a8a8a", "#e4e4e4"
WIDE, HIGH, ROW = 680, 120, 22
NAMED = 40
"""So many grids can be read by name; of more the outline shows how uneven the work lies."""
TICKS = {0: "0", 5: "5分", 60: "1小时", 1440: "1天", 10080: "7天", 43200: "30天"}
"""Minutes at which the scale of response times is marked; whatever took longer lies at its end."""
CONFIG: dict[str, Any] = {
    "font": FONT,
    "view": {"stroke": None},
    "axis": {"labelColor": INK, "titleColor": INK, "gridColor": LIGHT, "domainColor": GREY, "tickColor": GREY}
    | {"labelFontSize": 11, "titleFontSize": 11, "titleFontWeight": "normal", "labelLimit": 160},
    "title": {"fontSize": 13, "anchor": "start", "color": INK, "offset": 10},
    "legend": {"title": None, "orient": "top", "labelFontSize": 11, "labelColor": INK, "symbolStrokeColor": INK},
    "header": {"title": None, "labelFontSize": 12, "labelColor": INK, "labelAnchor": "start"},
}
Points = list[dict[str, Any]]


def _data(points: Points) -> Any:
    return alt.Data(values=points)  # type: ignore[no-untyped-call]


def on_time(points: Points) -> Any:
    base = alt.Chart(_data(points), width=WIDE, height=HIGH).encode(
        x=alt.X("month:O", title=None, axis=alt.Axis(labelAngle=-45, grid=False)),
        y=alt.Y("rate:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=5)),
    )
    shown = base.transform_filter("isValid(datum.rate)")
    labels = shown.mark_text(dy=-9, fontSize=10, color=INK).encode(text=alt.Text("rate:Q", format=".0%"))
    return (
        base.mark_line(color=INK, invalid="break-paths-filter-domains")
        + shown.mark_point(color=INK, filled=True, size=40)
        + labels
    )


def daily(points: Points) -> Any:
    words = ["新增", "办结"]
    return (
        alt.Chart(_data(points), width=WIDE, height=HIGH)
        .mark_bar(stroke=INK, strokeWidth=0.5)
        .encode(
            x=alt.X("day:O", title="日", axis=alt.Axis(labelAngle=0, grid=False, labelOverlap=True)),
            xOffset=alt.XOffset("what:N", sort=words),
            y=alt.Y("n:Q", title="件", axis=alt.Axis(tickMinStep=1, format="d")),
            fill=alt.Fill("what:N", sort=words, scale=alt.Scale(domain=words, range=[INK, "#ffffff"])),
        )
    )


def response_times(points: Points) -> Any:
    words, places = ["一半", "九成", "九成五"], list(dict.fromkeys(one["place"] for one in points))
    ticks = alt.Axis(
        values=list(TICKS), labelExpr=f"{json.dumps(TICKS)}[datum.value]", labelFlush=False, gridDash=[2, 2]
    )
    base = alt.Chart(height={"step": ROW}, width=WIDE // 2 - 60).encode(
        y=alt.Y("place:N", title=None, sort=places, axis=alt.Axis(grid=False)),
        x=alt.X(
            "minutes:Q", title=None, scale=alt.Scale(type="symlog", domain=[0, max(TICKS)], clamp=True), axis=ticks
        ),
    )
    marks = base.mark_point(color=INK, size=50, opacity=1).encode(
        shape=alt.Shape(
            "share:N", sort=words, scale=alt.Scale(domain=words, range=["circle", "square", "triangle-up"])
        ),
    )
    lines = base.mark_line(color=GREY, strokeWidth=1).encode(detail="place:N")
    stages = list(dict.fromkeys(one["stage"] for one in points))
    return alt.layer(lines, marks, data=_data(points)).facet(column=alt.Column("stage:N", sort=stages))


def burden(points: Points) -> Any:
    named = len(points) <= NAMED
    stroke, band = (0.5, 0.6) if named else (0, 1)
    axis = alt.Axis(labels=named, ticks=named, labelAngle=-45, grid=False)
    base = alt.Chart(_data(points), width=WIDE, height=HIGH)
    bars = base.mark_bar(color="#bdbdbd", stroke=INK, strokeWidth=stroke, width={"band": band}).encode(
        x=alt.X("grid:N", sort=None, title=None if named else f"{len(points)}个网格，按辖区次序", axis=axis),
        y=alt.Y("n:Q", title="件（虚线为中位数）", axis=alt.Axis(tickMinStep=1, format="d")),
    )
    return bars + base.mark_rule(color=INK, strokeDash=[5, 3]).encode(y="max(median):Q")


CHARTS = {"on-time": on_time, "daily": daily, "response-times": response_times, "burden": burden}


def draw(chart: str, title: str, points: Points) -> str:
    """One chart as SVG."""
    described = CHARTS[chart](points).properties(title=title).to_dict()
    svg: str = vl_convert.vegalite_to_svg(
        {**described, "config": CONFIG}, vl_version=".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    )
    return svg.replace("<svg ", f'<svg role="img" aria-label="{title}" ', 1)


if __name__ == "__main__":
    for line in sys.stdin:
        drawn = {chart: draw(chart, **told) for chart, told in json.loads(line).items()}
        sys.stdout.write(json.dumps(drawn) + "\n")
        sys.stdout.flush()
