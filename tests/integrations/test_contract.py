"""Every plug-in that receives webhooks passes the contract: a new module in `providers/` is tested by being there."""

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
