"""A sealed field opens where it was sealed, with the key it is committed to, and nowhere else."""

from __future__ import annotations

import pytest

from domain.casework.sealing import KeyId, Place, SealBroken, Sealed, field_key, seal

SUBJECT, ANOTHER = b"k" * 32, b"j" * 32
PLACE = Place("a" * 32, 3, "incident.reported", "reporter.phone")
KEY = KeyId("s-0001", "contact")
WORDS = b'"13800000001"'
TEXT = seal(WORDS, PLACE, KEY, field_key(SUBJECT, PLACE, KEY))


def test_it_opens_where_it_was_sealed_and_says_nothing_by_itself() -> None:
    assert Sealed.parse(TEXT).opened(PLACE, field_key(SUBJECT, PLACE, KEY)) == WORDS
    assert "13800000001" not in TEXT


@pytest.mark.parametrize("elsewhere", [PLACE._replace(version=4), PLACE._replace(path="reporter.name")], ids=str)
def test_it_opens_nowhere_else(elsewhere: Place) -> None:
    for key in (field_key(SUBJECT, PLACE, KEY), field_key(SUBJECT, elsewhere, KEY)):
        with pytest.raises(SealBroken):
            Sealed.parse(TEXT).opened(elsewhere, key)


def test_it_opens_with_no_other_key() -> None:
    with pytest.raises(SealBroken):
        Sealed.parse(TEXT).opened(PLACE, field_key(ANOTHER, PLACE, KEY))


@pytest.mark.parametrize("at", range(len(TEXT)))
def test_a_changed_sign_is_no_sealed_field_or_does_not_open(at: int) -> None:
    changed = TEXT[:at] + ("B" if TEXT[at] == "A" else "A") + TEXT[at + 1 :]
    with pytest.raises(SealBroken):
        opened(changed)


def opened(text: str) -> bytes:
    """With the key that the text itself names."""
    sealed = Sealed.parse(text)
    return sealed.opened(PLACE, field_key(SUBJECT, PLACE, sealed.key))
