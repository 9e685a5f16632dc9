"""What a token endpoint answers: its words are kept as text, and never with a secret of ours, however it is cut."""

import pytest

from integrations.errors import Permanent
from integrations.http.grants import ask
from tests.integrations.token_endpoint import granting


def test_words_lose_our_secret_before_they_are_cut_and_what_no_database_takes():
    words = "a\x00b " + "x" * 174 + " s3cret/+"
    with granting() as endpoint:
        endpoint.script = [(400, {"error": "invalid_scope", "error_description": words})]
        with pytest.raises(Permanent) as refused:
            ask(endpoint.client())
    said = str(refused.value)
    assert said.startswith("acme answered 400: invalid_scope: a\ufffdb x")
    assert "s3" not in said
