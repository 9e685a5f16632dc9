"""What is kept for longer than was promised is told."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from tests.services import again_on
from tests.webhooks.arrivals import arrive
from webhooks.inbox import retention
from webhooks.models import Heartbeat, SourceRule


@pytest.mark.django_db
def test_a_purge_that_never_ran_is_a_warning_once_there_is_something_old(examine, the_only):
    arrive()
    assert examine("purge") == []
    arrive(received_at=timezone.now() - timedelta(hours=4))
    finding = the_only("purge")
    assert finding.severity == "warning"
    assert "has never run" in finding.cause
    assert finding.mend.endswith("manage.py serve")


@pytest.mark.django_db
def test_a_purge_that_fell_silent_is_a_warning_with_the_time_it_last_ended(the_only):
    Heartbeat.objects.create(name="purge", at=timezone.now() - timedelta(hours=4))
    assert "the purge last ended at" in the_only("purge").cause


@pytest.mark.django_db
def test_a_purge_that_runs_is_well(examine):
    arrive(received_at=timezone.now() - timedelta(hours=4))
    retention.purge(timezone.now())
    assert (examine("purge"), examine("partitions")) == ([], [])


@pytest.mark.django_db
@pytest.mark.skipif(connection.vendor != "postgresql", reason="needs PostgreSQL: SQLite has no partitions")
def test_a_missing_partition_is_told_with_its_day(the_only):
    retention.purge(timezone.now())
    SourceRule.objects.create(slug="stripe", keep_days=1000)
    day = timezone.now().date() + timedelta(days=1000)
    assert str(day) in the_only("partitions").cause


@pytest.mark.services
def test_what_is_kept_too_long_is_told_on_postgresql_too(postgresql):
    assert "skipped" not in again_on(postgresql, "-n", "0", __file__, "-m", "not services")
