"""A registry of the size of Hecheng for trials: the places of the article, and invented ones around them.

Counts are those of the article (domain.md §1); names, numbers and people are invented; one seed gives one registry.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from random import Random

from domain.model import Person, Role
from domain.registry.commands import ImportTerritory
from domain.territory import Head, Level, NodeListing, Post, Territory, Unit

STREETS, COMMUNITIES, ESTATES, GRIDS, BUILDINGS, HEADS, OFFICERS = 7, 65, 392, 411, 924, 3307, 430
MUNICIPAL, DISTRICT = 97, 69
RURAL = 10
"""Grids of villages: rural and without an estate."""
HOUSEHOLDS, SPREAD, FEWEST, MOST = 278, 0.45, 40, 1500
"""Households of a grid are log-normal about 278, so that the mean is near the 300 that is aimed at."""
CHECKERS = 3

ARTICLE = Path(__file__).with_name("registry.json")
FIRST = "云锦松竹梅兰桂荷柳杏桃枫榆槐棠菊莲菱溪泉湖江河山岭峰岩石坪塘桥湾洲渡"
SECOND = "苑园里庭居轩台庄坊巷门堤坡沟井亭阁寨铺场"
SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨朱秦尤许何吕施张孔曹严华金魏陶姜戚谢邹喻柏水窦章云苏潘葛奚范彭郎"
GIVEN = "安宁平和康泰乐怡欣悦明朗清远文武志勇慧敏静雅秀英芳兰梅玉珍琴霞丽红军国强建伟海波涛林森松柏"
TRADES = [
    "住建", "水利", "民政", "教育", "卫健", "交通", "农业", "文旅", "市监", "税务",
    "司法", "审计", "统计", "林业", "环保", "应急", "城管", "人社", "财政", "档案",
]  # fmt: skip
BODIES = ["局", "中心", "站", "所", "协会", "集团"]


def hecheng(seed: int) -> ImportTerritory:
    """The whole registry as the import that lists it; over the article's registry it changes nothing there."""
    return _Survey(seed).listed()


class _Survey:
    """The registry while it is being made up, level by level from above."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)  # noqa: S311 - invents places, guards nothing
        self._base = Territory.model_validate_json(ARTICLE.read_bytes())
        self._nodes = list(ImportTerritory.of(self._base).nodes)
        self._units, self._staff = list(self._base.units), list(ImportTerritory.of(self._base).staff)
        self._codes = {node.code for node in self._nodes}
        self._names = {node.name for node in self._nodes}

    def listed(self) -> ImportTerritory:
        district = self._at(Level.DISTRICT)[0]
        self._spread(Level.STREET, STREETS, [district], "街道")
        self._spread(Level.COMMUNITY, COMMUNITIES, self._at(Level.STREET), "社区")
        self._estates_and_grids()
        self._buildings()
        self._listed_units()
        self._officers()
        self._desks(district)
        return ImportTerritory(
            nodes=tuple(self._nodes), units=tuple(self._units), staff=tuple(self._staff), heads=tuple(self._heads())
        )

    def _at(self, level: Level) -> list[NodeListing]:
        return [node for node in self._nodes if node.level is level]

    def _add(self, level: Level, name: str, parent: NodeListing, coded: NodeListing | None, **more: object) -> None:
        """A new node, numbered within its level, its code the next free one under `coded` (None: no code)."""
        number = sum(node.level is level for node in self._nodes) + 1
        code = self._next_code(coded.code) if coded else ""
        said = {"id": f"{level.value}-{number:04d}", "level": level, "name": name, "code": code, "parent": parent.id}
        self._nodes.append(NodeListing.model_validate({**said, **more}))

    def _next_code(self, above: str) -> str:
        code = next(code for code in (f"{above}{n:03d}" for n in count(1)) if code not in self._codes)
        self._codes.add(code)
        return code

    def _spread(self, level: Level, total: int, parents: Sequence[NodeListing], suffix: str) -> None:
        """Fill a level up to its total: those with none first, the rest as it falls."""
        for parent in self._shares(total - len(self._at(level)), parents):
            self._add(level, self._new_name(suffix), parent, parent)

    def _shares(self, missing: int, parents: Sequence[NodeListing]) -> list[NodeListing]:
        filled = {node.parent for node in self._nodes}
        empty = [parent for parent in parents if parent.id not in filled]
        return [*empty, *self._random.choices(parents, k=missing - len(empty))]

    def _estates_and_grids(self) -> None:
        """Every estate has a grid, a few large ones two; villages have grids and no estate."""
        communities = self._at(Level.COMMUNITY)
        above = {node.id: node for node in communities}
        for community in self._shares(ESTATES - len(self._at(Level.ESTATE)), communities):
            self._add(Level.ESTATE, self._new_name("小区"), community, None)
        gridded = {node.parent for node in self._at(Level.GRID)}
        estates = self._at(Level.ESTATE)
        for estate in estates:
            if estate.id not in gridded:
                self._add(Level.GRID, f"{estate.name}网格", estate, above[str(estate.parent)])
        for community in self._random.sample(communities, RURAL):
            name = self._new_name("村网格")
            self._add(Level.GRID, name, community, community, rural=True)
        for estate in self._random.sample(estates, GRIDS - len(self._at(Level.GRID))):
            self._add(Level.GRID, f"{estate.name}第二网格", estate, above[str(estate.parent)])
        self._nodes = [self._surveyed(node) for node in self._nodes]

    def _surveyed(self, node: NodeListing) -> NodeListing:
        if node.level is not Level.GRID:
            return node
        households = round(HOUSEHOLDS * self._random.lognormvariate(0, SPREAD))
        return node.model_copy(update={"households": min(max(households, FEWEST), MOST)})

    def _buildings(self) -> None:
        """Every grid has a group of buildings; the larger, the more."""
        grids = self._at(Level.GRID)
        has = {node.parent for node in self._at(Level.BUILDING)}
        bare = [grid for grid in grids if grid.id not in has]
        missing = BUILDINGS - len(self._at(Level.BUILDING)) - len(bare)
        more = self._random.choices(grids, [grid.households for grid in grids], k=missing)
        numbers: dict[str, int] = {}
        for grid in (*bare, *more):
            numbers[grid.id] = numbers.get(grid.id, 0) + 1
            self._add(Level.BUILDING, f"{grid.name.removesuffix('网格')}{numbers[grid.id]}组", grid, grid)

    def _heads(self) -> Iterator[Head]:
        """Every group of buildings has a head; about three and a half on the average."""
        buildings = self._at(Level.BUILDING)
        placed = [*buildings, *self._random.choices(buildings, k=HEADS - len(buildings))]
        for number, building in enumerate(placed, 1):
            person = Person(subject=f"head-{number:04d}", name=self._person())
            yield Head(building=building.id, person=person)

    def _listed_units(self) -> None:
        for prefix, total in (("市", MUNICIPAL), ("区", DISTRICT)):
            names = [f"{prefix}{trade}{body}" for body in BODIES for trade in TRADES]
            known = {unit.name for unit in self._units}
            missing = total - sum(name.startswith(prefix) for name in known)
            for name in [name for name in names if name not in known][:missing]:
                self._units.append(Unit(id=f"unit-{len(self._units) + 1:03d}", name=name))

    def _officers(self) -> None:
        """One for every grid, a second where most households live."""
        grids = sorted(self._at(Level.GRID), key=lambda grid: -grid.households)
        held = {post.scope for post in self._staff if post.role is Role.GRID_OFFICER}
        needed = [grid for grid in grids if grid.id not in held]
        for grid in (*needed, *grids[: OFFICERS - len(held) - len(needed)]):
            self._post("officer", self._person(), Role.GRID_OFFICER, grid.id)

    def _desks(self, district: NodeListing) -> None:
        held = {(post.role, post.scope) for post in self._staff}
        for community in self._at(Level.COMMUNITY):
            if (Role.COMMUNITY, community.id) not in held:
                self._post("secretary", self._person(), Role.COMMUNITY, community.id)
        for street in self._at(Level.STREET):
            if (Role.STREET, street.id) not in held:
                self._post("street-desk", f"{street.name}值班室", Role.STREET, street.id)
        for _ in range(CHECKERS - 1):
            self._post("checker", self._person(), Role.CHECKER, district.id)
        manned = {post.unit for post in self._staff}
        for unit in self._units:
            if unit.name[0] in "市区" and unit.id not in manned:
                self._post("unit-desk", f"{unit.name}值班员", Role.DEPARTMENT, district.id, unit.id)

    def _post(self, kind: str, name: str, role: Role, scope: str, unit: str | None = None) -> None:
        id = f"{kind}-{len(self._staff) + 1:04d}"
        self._staff.append(Post(id=id, name=name, role=role, scope=scope, unit=unit))

    def _person(self) -> str:
        return self._random.choice(SURNAMES) + "".join(self._random.sample(GIVEN, self._random.choice((1, 2, 2))))

    def _new_name(self, suffix: str) -> str:
        while True:
            letters = self._random.sample(FIRST, 2) if suffix != "小区" else [self._random.choice(FIRST)]
            name = "".join(letters) + self._random.choice(SECOND) + suffix
            if name not in self._names:
                self._names.add(name)
                return name
