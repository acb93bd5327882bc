"""A monthly sheet as a page to be printed: one file without scripts, fonts or pictures from elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from api.reports.charts import Chart
from api.reports.files import about
from api.reports.tables import WITHHELD, tables
from projections.monthly import MonthlySheet

POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
"""Whatever a name on the page may hold, nothing is run and nothing is fetched."""
CHARTS = {"指标": (Chart.ON_TIME,), "工作量": (Chart.DAILY,), "响应时间": (Chart.TIMES,), "分布与负担": (Chart.BURDEN,)}
TEMPLATES = Environment(
    loader=PackageLoader("api", "reports"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def _drawing(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 - drawn by `charts`, which escapes its texts


def css_text(text: str) -> Markup:
    """As a string in a style sheet: whatever is no letter or digit, as its number."""
    return Markup("".join(one if one.isalnum() else f"\\{ord(one):x} " for one in text))  # noqa: S704 - nothing else is left


TEMPLATES.filters["css_text"] = css_text


def as_page(sheet: MonthlySheet, charts: Mapping[Chart, str]) -> bytes:
    """The page in UTF-8; the charts are those drawn of the same sheet."""
    parts = {section: tuple(those) for section, those in groupby(tables(sheet), lambda table: table.section)}
    page = TEMPLATES.get_template("monthly.html").render(
        sheet=sheet,
        about=about(sheet),
        sections={
            section: (parts.get(section, ()), [_drawing(charts[one]) for one in those])
            for section, those in CHARTS.items()
        },
        withheld=WITHHELD,
    )
    return page.encode()
