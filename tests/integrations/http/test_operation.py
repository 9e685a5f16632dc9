"""Whatever stands for one customer, mail or thing in a path is `{id}` in the operation's name."""

import pytest

from integrations.http.operation import operation_of

IDS = [
    "demo@example.com", "demo%40example.com", "I-BW452GLLEP1G", "auth0%7C5f7c", "aB3dE5fGh7jK", "17", "cs_test_a1B2c3",
    "6f9619ff-8b86-d011-b42d-00cf4fc964ff", "deadbeef", "QWERTYUIOP", "invoice.pdf", "x" * 33,
    "v1a", "vv1", "v12345", "a:b", "ключ", "cus_NffrFeUfNV", "~me", "a" * 16 + "!" + "a",
]  # fmt: skip
WORDS = [
    "v1",
    "v3",
    "v21",
    "oauth2",
    "payment_intents",
    "checkout",
    "rate_limit",
    "mail",
    "createOrder",
    "set-up",
    "me",
]
WORDS += ["balance_transactions", "S", "me", "feed", "cafe", "api"]


@pytest.mark.parametrize("step", IDS)
def test_a_step_that_may_be_somebodys_is_an_id(step):
    assert operation_of("GET", f"https://api.example.com/things/{step}/parts") == "GET /things/{id}/parts"


@pytest.mark.parametrize("step", WORDS)
def test_a_word_of_the_vendors_own_stays(step):
    assert operation_of("GET", f"https://api.example.com/{step}/things?email=a@b.example") == f"GET /{step}/things"


@pytest.mark.parametrize("path", ["", "/", "/v3/"])
def test_a_path_without_steps_stays(path):
    assert operation_of("GET", f"https://api.example.com{path}") == f"GET {path}"
