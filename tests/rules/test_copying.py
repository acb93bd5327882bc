"""The fast `replace` of states is the standard library's, only faster."""

import dataclasses

import pytest

from domain.incident.copying import replace
from domain.incident.words import Stage
from tests.rules.scene import Scene, until


def test_it_gives_what_the_standard_library_gives_and_leaves_the_old_state_alone() -> None:
    case = Scene().play(*until(Stage.HANDLING)).case
    before = dataclasses.replace(case)
    assert replace(case, returns=2, binding=True) == dataclasses.replace(case, returns=2, binding=True)
    assert case == before


def test_a_field_that_is_not_there_is_refused() -> None:
    case = Scene().play(*until(Stage.HANDLING)).case
    with pytest.raises(TypeError, match="retuns"):
        replace(case, retuns=2)
