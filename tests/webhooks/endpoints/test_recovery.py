"""Enabled again together with what it missed: both, or neither."""

from collections.abc import Callable
from typing import Any

import pytest

from webhooks.endpoints import recovery, resending
from webhooks.models import Endpoint, OutboxEvent, Resend


@pytest.mark.django_db(transaction=True)
def test_an_endpoint_is_not_enabled_without_the_order_that_could_not_be_written(
    endpoint: Endpoint, happen: Callable[..., OutboxEvent], monkeypatch: pytest.MonkeyPatch
) -> None:
    Endpoint.objects.update(state="disabled")
    happen()
    endpoint.refresh_from_db()

    def save(*_args: Any, **_kwargs: Any) -> None:
        raise RuntimeError("the process died")

    monkeypatch.setattr(resending.Resend, "save", save)
    with pytest.raises(RuntimeError):
        recovery.recover(endpoint)
    assert Endpoint.objects.get().state == "disabled"
    monkeypatch.undo()
    recovery.recover(endpoint)
    assert (Endpoint.objects.get().state, Resend.objects.count()) == ("enabled", 1)
