"""What endpoints rely on holds on PostgreSQL too, where takers do not wait for each other."""

from pathlib import Path

import pytest

from tests.services import again_on

HERE = Path(__file__).parent
FILES = ("test_taking", "test_pace", "test_unreadable", "test_resend_range", "test_recovery", "test_services")


@pytest.mark.services
def test_the_sending_is_the_same_on_postgresql(postgresql: str) -> None:
    assert "passed" in again_on(postgresql, "-n", "0", *(str(HERE / f"{name}.py") for name in FILES))
