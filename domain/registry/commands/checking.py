"""Whether a listing fits the tree it is meant for: the same guards for a sheet of a thousand rows and for one."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property

from domain.model import Role
from domain.registry import rules
from domain.territory import Head, Level, NodeListing, Post, Territory, Unit

ROOTS = frozenset({Level.CITY, Level.DISTRICT})
"""The levels a tree may begin with."""
SCOPES = {
    Role.GRID_OFFICER: Level.GRID,
    Role.COMMUNITY: Level.COMMUNITY,
    Role.STREET: Level.STREET,
    Role.DISTRICT: Level.DISTRICT,
}
"""Whose post is one level of the tree."""
POSTS = frozenset(Role) - {Role.RESIDENT, Role.SYSTEM}


class Checking:
    """A territory and what is to be listed in it besides; `closing` are the nodes that make room for it.

    Every check raises `Refused`.
    """

    def __init__(
        self,
        territory: Territory,
        nodes: Iterable[NodeListing] = (),
        units: Iterable[Unit] = (),
        closing: Iterable[str] = (),
    ) -> None:
        self._territory, self._units = territory, {unit.id for unit in (*territory.units, *units)}
        self._nodes: dict[str, NodeListing] = {node.id: node for node in territory.nodes if not node.closed}
        self._nodes |= {node.id: node for node in nodes}
        self._closing = frozenset(closing)

    def node(self, listing: NodeListing) -> None:
        known = self._territory.node.get(listing.id)
        rules.CLOSED_STAYS.require(known is None or not known.closed, id=listing.id)
        self._free_of(listing.id, self._territory.member, self._units)
        if known is not None:
            rules.LEVEL_FIXED.require(known.level is listing.level, id=listing.id, level=known.level.label)
        self._parent(listing)
        if listing.code:
            self._code(listing)

    def unit(self, unit: Unit) -> None:
        self._free_of(unit.id, self._territory.node, self._nodes, self._territory.member)

    def post(self, post: Post) -> None:
        self._free_of(post.id, self._territory.node, self._nodes, self._units)
        rules.POST_OF_STAFF.require(post.role in POSTS, role=post.role.label)
        scope = self._nodes.get(post.scope)
        if scope is None:
            raise rules.SCOPE_KNOWN.refused(scope=post.scope)
        due, label = SCOPES.get(post.role, scope.level), post.role.label
        rules.POST_FITS_SCOPE.require(
            scope.level is due, role=label, level=due.label, scope=post.scope, found=scope.level.label
        )
        rules.DEPARTMENT_HAS_UNIT.require(post.unit or post.role is not Role.DEPARTMENT)
        rules.UNIT_KNOWN.require(post.unit is None or post.unit in self._units, unit=post.unit)

    def head(self, head: Head) -> None:
        building = self._nodes.get(head.building)
        found = building is not None and building.level is Level.BUILDING
        rules.HEAD_OF_BUILDING.require(found, building=head.building)

    def _free_of(self, id: str, *taken: Iterable[str]) -> None:
        """People are told names by id, whatever it is the id of: so no two things share one."""
        rules.ID_FREE.require(not any(id in ids for ids in taken), id=id)

    def _parent(self, listing: NodeListing) -> None:
        """A parent stands at a higher level; so there are no cycles, and every path ends at a root."""
        level = listing.level
        if listing.parent is None:
            rules.PARENT_REQUIRED.require(level in ROOTS, level=level.label)
            rules.ONE_ROOT.require(self._root == listing.id, root=self._root, id=listing.id)
            return
        parent = self._nodes.get(listing.parent)
        if parent is None:
            raise rules.PARENT_KNOWN.refused(parent=listing.parent)
        rules.PARENT_ABOVE.require(
            parent.level.above(level), parent=parent.id, above=parent.level.label, level=level.label
        )

    def _code(self, listing: NodeListing) -> None:
        formats, level, code = self._territory.codes, listing.level, listing.code
        if level in formats.digits:
            digits = formats.digits[level]
            rules.CODE_DIGITS.require(len(code) == digits, level=level.label, digits=digits, code=code)
            above = self._coded_above(listing) if formats.nested else None
            if above is not None and not code.startswith(above.code):
                raise rules.CODE_NESTED.refused(code=code, level=above.level.label, above=above.code)
        holder = next((id for id in self._holders.get(code, ()) if id != listing.id), None)
        rules.CODE_FREE.require(holder is None, code=code, id=holder)

    def _coded_above(self, listing: NodeListing) -> NodeListing | None:
        found = self._nodes.get(listing.parent or "")
        while found is not None and not (found.code and found.level in self._territory.codes.digits):
            parent = self._nodes.get(found.parent or "")
            found = parent if parent is not None and parent.level.above(found.level) else None
        return found

    @cached_property
    def _root(self) -> str | None:
        """What stands on top: what did so far, else the first listed. Views take the whole store for one city."""
        return next((node.id for node in self._nodes.values() if node.parent is None), None)

    @cached_property
    def _holders(self) -> dict[str, list[str]]:
        holders: dict[str, list[str]] = {}
        for node in self._nodes.values():
            if node.code and node.id not in self._closing:
                holders.setdefault(node.code, []).append(node.id)
        return holders
