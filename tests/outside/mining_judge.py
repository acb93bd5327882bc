"""Run by the judges' own Python in a process of its own: what pm4py and r4pm make of the exports in a folder.

    .venv-judges/bin/python mining_judge.py FOLDER

Writes `verdict.json` there. Knows nothing of ours but the names of the files and of one attribute.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pm4py
import r4pm.df
from pm4py.algo.conformance.tokenreplay import algorithm as replay
from pm4py.objects.ocel.validation import ocel20_rel_validation as keys
from pm4py.objects.petri_net.obj import Marking

SQLITE, JSON, XES, INJECTED, LIFE = "log.sqlite", "log.json", "log.xes", "injected.xes", "life.pnml"
REPLAYED = {"pm4py:param:activity_key": "activity", "show_progress_bar": False}


def main(folder: Path) -> None:
    _, missing = keys.apply(str(folder / SQLITE))
    verdict = {
        "counts": {
            "pm4py (OCEL, SQLite)": of_pm4py(pm4py.read_ocel2_sqlite(str(folder / SQLITE)), changes=True),
            "pm4py (OCEL, JSON)": of_pm4py(pm4py.read_ocel2_json(str(folder / JSON))),
            "r4pm (OCEL, SQLite)": of_r4pm(r4pm.df.import_ocel(str(folder / SQLITE))),
            "r4pm (OCEL, JSON)": of_r4pm(r4pm.df.import_ocel(str(folder / JSON))),
            "pm4py (XES)": of_cases(pm4py.read_xes(str(folder / XES))),
            "r4pm (XES)": of_cases(r4pm.df.import_xes(str(folder / XES))[0].to_pandas()),
        },
        "keys": list(missing),
        "unfit": unfit(folder, XES),
        "unfit of injected": unfit(folder, INJECTED),
    }
    (folder / "verdict.json").write_text(json.dumps(verdict))


def of_pm4py(log: Any, *, changes: bool = False) -> dict[str, int]:
    found = {"events": len(log.events), "objects": len(log.objects)}
    found |= {"relations": len(log.relations), "links": len(log.o2o)}
    return {**found, "changes": len(log.object_changes)} if changes else found


def of_r4pm(log: dict[str, Any]) -> dict[str, int]:
    """Its table of changes leaves out those of what an object did not have from the beginning."""
    names = {"events": "events", "objects": "objects", "relations": "relations", "links": "o2o"}
    return {what: len(log[name]) for what, name in names.items()}


def of_cases(log: Any) -> dict[str, int]:
    return {"case_events": len(log), "cases": log["case:concept:name"].nunique()}


def unfit(folder: Path, name: str) -> list[str]:
    """The cases that cannot be replayed on the net: a token was missing, or nothing is called like an event of them."""
    net, initial, _ = pm4py.read_pnml(str(folder / LIFE))
    traces = pm4py.convert_to_event_log(pm4py.read_xes(str(folder / name)))
    known = {transition.label for transition in net.transitions}
    done = replay.apply(traces, net, initial, Marking(), parameters=REPLAYED)
    return [
        trace.attributes["concept:name"]
        for trace, found in zip(traces, done, strict=True)
        if found["transitions_with_problems"] or any(event["activity"] not in known for event in trace)
    ]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
