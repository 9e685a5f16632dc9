"""An error of the border that reaches the API says when to come back, and nothing of what the vendor said."""

import pytest

from integrations.errors import CircuitOpen, OutcomeUnknown, Permanent
from webhooks.api.problems import as_problem


@pytest.mark.parametrize(
    ("error", "status", "code", "again"),
    [
        (CircuitOpen("stripe rests", 17.0), 503, "vendor_unavailable", {"Retry-After": "17"}),
        (OutcomeUnknown("stripe did not answer"), 503, "vendor_unavailable", {"Retry-After": "5"}),
        (Permanent("stripe answered 400: no such price"), 502, "vendor_refused", {}),
    ],
)
def test_a_vendors_error_becomes_a_problem(error, status, code, again):
    problem = as_problem(error)
    assert problem is not None
    assert (problem.status, problem.code, problem.headers()) == (status, code, again)
    assert "stripe" not in str(problem.body())
