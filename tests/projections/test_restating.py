"""Events that restate: what leaves the frame, and what enters it."""

from __future__ import annotations

from collections import Counter

import orjson

from projections.restating import Row, as_they_stand, restated

GRIDS = {"h": "here", "t": "there", "r": "redrawn"}


def file(*events: str, grids: str = "", cycles: str = "") -> list[Row]:
    """A case file; `grids` and `cycles` say where and in which cycle it is after each event, by a letter or digit.

    The case is a duplicate from `merged` to `unmerged`.
    """
    rows, counts = [], True
    for version, event in enumerate(events, 1):
        counts = {"merged": False, "unmerged": True}.get(event, counts)
        keys = {
            "standing": {"place": {"grid": GRIDS[grids[version - 1 : version] or "h"]}, "kind": "dispute"},
            "cycle": int(cycles[version - 1 : version] or 1),
            "counts": counts,
        }
        rows.append(Row(10 * version, "case", version, f"incident.{event}", orjson.dumps({"keys": keys})))
    return rows


def net(rows: list[Row]) -> Counter[tuple[str, str, bool, bool, bool]]:
    """What is left of the rows: event, grid, counts, exempted, undone."""
    left: Counter[tuple[str, str, bool, bool, bool]] = Counter()
    for row in rows:
        keys = orjson.loads(row.state)["keys"]
        standing = orjson.loads(row.standing) if row.standing else keys["standing"]
        counts = keys["counts"] if row.counts is None else row.counts
        event, grid = row.type.removeprefix("incident."), standing["place"]["grid"]
        left[event, grid, counts, row.exempted, row.undone] += row.sign
    return +left


def framed(case: list[Row], page: slice = slice(None)) -> list[Row]:
    return list(restated(case[page], lambda _, version: case[:version]))


def test_most_events_restate_nothing() -> None:
    case = file("reported", "accepted", "arrived", "resolved", "redrawn", "check_passed", "reopened", grids="hhhhrrr")
    assert framed(case) == case


def test_a_correction_moves_all_that_was_before() -> None:
    case = file("reported", "arrived", "correction_granted", "resolved", grids="hhtt")
    assert net(framed(case)) == Counter(
        (event, "there", True, False, False) for event in ("reported", "arrived", "correction_granted", "resolved")
    )
    later = framed(case, slice(2, None))
    assert [row.sign for row in later] == [-1, -1, 1, 1, 1, 1], "a page without them takes them back all the same"


def test_a_duplicate_stops_counting_and_counts_again() -> None:
    case = file("reported", "resolved", "merged", "followed_up", "unmerged")
    merged = net(framed(case[:4]))
    assert merged == Counter(
        (event, "here", False, False, False) for event in ("reported", "resolved", "merged", "followed_up")
    )
    assert all(counts for _, _, counts, *_ in net(framed(case)))


def test_of_a_voided_case_only_the_voiding_is_left() -> None:
    case = file(
        "reported", "arrived", "void_requested", "void_granted", "evidence_added", "correction_granted", grids="hhhhht"
    )
    left = ("void_granted", "evidence_added", "correction_granted")
    assert net(framed(case)) == Counter((event, "there", True, False, False) for event in left)


def test_a_timeout_is_forgiven_to_its_cycle_up_to_the_forgiving() -> None:
    case = file("reported", "closed", "reopened", "closed", "timeout_exempted", "archived", cycles="112222")
    assert [row.exempted for row in as_they_stand(case)] == [False, False, True, True, True, False]
    assert net(framed(case)) == net(as_they_stand(case))


def grids(rows: list[Row]) -> dict[str, str]:
    return {event: grid for event, grid, *_ in net(rows)}


def test_a_redraw_moves_only_what_comes_after_it() -> None:
    case = file("reported", "arrived", "redrawn", "resolved", "merged", "unmerged", grids="hhrrrr")
    assert grids(framed(case)) == {
        **dict.fromkeys(("reported", "arrived"), "here"),
        **dict.fromkeys(("redrawn", "resolved", "merged", "unmerged"), "redrawn"),
    }, "what restates for another reason leaves each stretch where it was"


def test_a_correction_of_the_place_holds_for_every_stretch() -> None:
    case = file("reported", "redrawn", "arrived", "correction_granted", "resolved", grids="hrrtt")
    assert set(grids(framed(case)).values()) == {"there"}
    case = file("reported", "correction_granted", "redrawn", "merged", "unmerged", grids="htrrr")
    assert grids(framed(case)) == {
        **dict.fromkeys(("reported", "correction_granted"), "there"),
        **dict.fromkeys(("redrawn", "merged", "unmerged"), "redrawn"),
    }


def test_a_correction_of_something_else_leaves_every_stretch_where_it_was() -> None:
    case = file("reported", "redrawn", "arrived", "correction_granted", grids="hrrr")
    assert grids(framed(case)) == {
        "reported": "here",
        **dict.fromkeys(("redrawn", "arrived", "correction_granted"), "redrawn"),
    }


def test_a_result_that_failed_its_check_is_undone_where_it_was() -> None:
    case = file("reported", "resolved", "redrawn", "check_failed", "resolved", grids="hhrrr")
    undone = {(event, grid, undone) for event, grid, _, _, undone in net(framed(case))}
    assert undone == {
        ("reported", "here", False),
        ("resolved", "here", True),
        ("redrawn", "redrawn", False),
        ("check_failed", "redrawn", False),
        ("resolved", "redrawn", False),
    }


def test_the_rows_always_add_up_to_the_case_as_it_stands() -> None:
    case = file(
        *("reported", "merged", "correction_granted", "unmerged", "resolved", "correction_granted"),
        *("check_failed", "redrawn", "resolved", "correction_granted", "timeout_exempted"),
        *("redrawn", "void_granted", "followed_up"),
        grids="hhttthhrrttrrr",
    )
    for end in range(1, len(case) + 1):
        assert net(framed(case[:end])) == net(as_they_stand(case[:end]))
        assert net([row for at in range(end) for row in framed(case[:end], slice(at, at + 1))]) == net(
            framed(case[:end])
        )
