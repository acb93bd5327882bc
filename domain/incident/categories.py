"""类别: what the codes of a category mean. Four digits: 大类 of two, 小类 of two within it.

Source: domain.md §6, in its order: 部件 first, then 事件. It names no 小类; a district numbers its own.
"""

from __future__ import annotations

from domain.model import Labelled


class MainCategory(Labelled):
    """大类, the first two digits. 市容环境 is one of 部件 and one of 事件."""

    FACILITIES = "01", "公用设施"
    TRAFFIC = "02", "道路交通"
    STREETSCAPE_OBJECTS = "03", "市容环境"
    GREENERY = "04", "园林绿化"
    OTHER_OBJECTS = "05", "其他"
    STREETSCAPE = "06", "市容环境"
    ADVERTISING = "07", "宣传广告"
    BUILDING_SITES = "08", "施工管理"
    EMERGENCIES = "09", "突发事件"
    STREET_ORDER = "10", "街面秩序"
    DISPUTES = "11", "矛盾纠纷"
    HARDSHIP = "12", "困难救助"
    FURTHER = "13", "扩展"

    @property
    def categories(self) -> tuple[str, ...]:
        """Every category there can be under it."""
        return tuple(f"{self.value}{minor:02d}" for minor in range(100))
