"""Everything said of processing holds on PostgreSQL too, with writers that do not wait for each other."""

import re
from pathlib import Path

import pytest

from tests.services import again_on

HERE = Path(__file__).parent
ORDERS = HERE.parent.parent / "payments" / "test_orders_of_arrival.py"


@pytest.mark.services
def test_processing_is_the_same_on_postgresql(postgresql: str) -> None:
    told = again_on(postgresql, "-n", "0", str(HERE), str(ORDERS), f"--ignore={__file__}")
    assert int(re.findall(r"(\d+) passed", told)[0]) > 40
