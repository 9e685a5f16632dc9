"""The races of this app once more, on the database that lets writers run side by side."""

import os
import subprocess
import sys

import pytest


@pytest.mark.services
def test_the_races_end_the_same_on_postgresql(postgresql):
    """SQLite lets one writer in at a time, so it can hide what two of them would do to each other."""
    run = subprocess.run(
        [sys.executable, "-m", "pytest", "tests/accounts", "-k", "sixteen"],
        env=os.environ | {"DATABASE_URL": postgresql},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout
    assert "3 passed" in run.stdout
