"""Every scenario of `features`, asked straight of the rules and through the HTTP door, on each store."""

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest
from pytest_bdd import scenarios

from tests.domain_driver import Domain
from tests.drivers import WAYS, Clock, Driver
from tests.http_driver import Http
from tests.server import Door, open_door
from tests.steps.accessing import *  # noqa: F403 - the same
from tests.steps.cast import TERRITORY
from tests.steps.figures import *  # noqa: F403 - the same
from tests.steps.forgetting import *  # noqa: F403 - the same
from tests.steps.keeping import *  # noqa: F403 - the same
from tests.steps.proving import *  # noqa: F403 - the same
from tests.steps.replaying import *  # noqa: F403 - the same
from tests.steps.sheets import *  # noqa: F403 - the same
from tests.steps.steps import *  # noqa: F403 - pytest-bdd looks for steps among a module's names
from tests.steps.tampering import *  # noqa: F403 - the same
from tests.steps.times import *  # noqa: F403 - the same
from tests.steps.views import *  # noqa: F403 - the same
from tests.steps.visiting import *  # noqa: F403 - the same
from tests.steps.words import moment
from tests.steps.world import World
from tests.stores import store_named
from tests.transparency.owner import rewrite

FURNISHED, NOON = moment("2020-01-01 00:00"), moment("2026-03-02 12:00")
"""A service has been there for a while when a scenario begins."""


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """What all scenarios over HTTP come in by."""
    with open_door(tmp_path_factory.mktemp("door")) as door:
        yield door


@pytest.fixture(params=WAYS, autouse=True)
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    """A service of its own for each scenario, empty, at a time the scenario may set."""
    asked, _, store = request.param.partition("-")
    kind, clock = store_named(store, request), Clock(FURNISHED)
    settings = kind.emptied(tmp_path, f"scenario_{asked}")
    driver: Driver = (
        Domain(settings, TERRITORY, clock)
        if asked == "domain"
        else Http(settings, request.getfixturevalue("door"), clock)
    )
    with driver:
        clock.now = NOON
        told = World(driver, clock, partial(rewrite, kind, settings, driver.store))
        yield told
        told.nothing_unsaid()


scenarios("../../features")
