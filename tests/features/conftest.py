"""A failed step shows what it expected and what it found."""

import pytest

pytest.register_assert_rewrite("tests.steps")
