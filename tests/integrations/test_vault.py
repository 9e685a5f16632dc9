"""Keys from SECRET_KEY, apart by purpose, the same for ever: what is sealed in the tables depends on it."""

import pytest

from integrations import vault


def test_a_key_stays_what_it_was_for_the_rows_that_it_sealed(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "pinned", []
    (key,) = vault.derive("accounts signing key")
    assert key.hex() == "5c8ed343ad20d2c150c6124489ef6e109de5dd39e1d73d9cf2e1ae4cc0609ee4"


def test_what_was_sealed_for_one_purpose_opens_for_no_other():
    sealed = vault.seal(b"plain", "accounts one")
    assert vault.unseal(sealed, "accounts one") == b"plain"
    with pytest.raises(vault.Unreadable):
        vault.unseal(sealed, "accounts two")
