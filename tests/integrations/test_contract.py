"""Every plug-in that receives webhooks passes the contract: a new module in `providers/` is tested by being there."""

import os
import subprocess
import sys

import pytest

from integrations.contract import Provider
from integrations.registry import all_providers
from tests.integrations.contract import Contract

RECEIVING = {slug: provider for slug, provider in all_providers().items() if provider.receives}


class TestEveryPlugIn(Contract):
    @pytest.fixture(params=RECEIVING.values(), ids=RECEIVING)
    def provider(self, request) -> Provider:
        return request.param


def test_the_first_three_vendors_are_among_them():
    assert {"stripe", "sendgrid", "github"} <= RECEIVING.keys()


def test_plug_ins_are_imported_before_there_are_tables() -> None:
    """By the benchmarks and the doctor, among others, who have settings and no apps."""
    code = "from integrations.registry import all_providers; all_providers()"
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
