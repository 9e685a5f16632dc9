"""The product as a server imports it that knows nothing of Django."""

import os
import subprocess
import sys

import pytest


@pytest.mark.parametrize("module", ["config.asgi", "config.wsgi"])
def test_it_is_imported_with_nothing_but_the_environment(module: str) -> None:
    given = {"PATH": os.environ["PATH"], "PATCHBAY_SANDBOX": "1"}
    code = f"from {module} import application; assert callable(application)"
    run = subprocess.run([sys.executable, "-c", code], env=given, capture_output=True, text=True, timeout=120)
    assert (run.returncode, run.stderr[-2000:]) == (0, "")
