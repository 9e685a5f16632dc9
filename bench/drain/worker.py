"""`python -m bench.drain.worker patchbay|tasks COUNT`: store deliveries, process them, print the time as JSON."""

import json
import os
import sys
import time
from dataclasses import asdict
from functools import partial
from typing import Any

import django

REPOSITORIES = 1000  # the objects that the deliveries are about


def main() -> None:
    name, count = sys.argv[1], int(sys.argv[2])
    # Standard output is for the figures alone; what is logged goes where it goes in production, into a file.
    figures = os.fdopen(os.dup(1), "w")
    with open(os.path.join(os.environ["PATCHBAY_VAR"], f"{name}.log"), "a") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    django.setup()
    _store(count)
    measured = Measured(count, 1 if name == "patchbay" else count)
    app = _patchbay() if name == "patchbay" else _tasks()
    measured.work(app)
    json.dump(measured.result(), figures)


def _store(count: int) -> None:
    from django.utils import timezone

    from integrations.sandbox.samples import sample
    from webhooks.inbox import rules
    from webhooks.inbox.insertion import insert

    push, now = sample("github", "push"), timezone.now()
    rows = []
    for number in range(count):
        repository = f"patchbay/demo-{number % REPOSITORIES}"
        push["repository"]["full_name"] = repository
        rows.append(
            ("github", f"d-{number}", "push", repository, "{}", json.dumps(push).encode(), f"r-{number:08}", now)
        )
    insert(rules.current().applied(rows))


def _event(fact: Any) -> None:
    """The effect: one INSERT."""
    from webhooks.models import OutboxEvent

    OutboxEvent.objects.create(name="repository.pushed", about=f"repository:{fact.repository}", data=asdict(fact))


def _patchbay() -> Any:
    from config.celery import app
    from integrations.facts import RepositoryPushed
    from webhooks.processing import handling

    handling._handlers[RepositoryPushed] = lambda fact: partial(_event, fact)
    app.send_task("webhooks.drain")
    return app


def _tasks() -> Any:
    from celery import Celery
    from django.db import transaction
    from django.utils import timezone

    from integrations.providers.github import provider
    from webhooks.inbox.contents import content_of
    from webhooks.models import Delivery

    app = Celery("bench")
    app.conf.update(
        broker_url=os.environ["BROKER_URL"],
        task_default_queue=os.environ["PATCHBAY_QUEUE"],
        task_acks_late=True,
        task_ignore_result=True,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        CELERY_DB_REUSE_MAX=sys.maxsize,  # it would connect anew for every task
    )

    @app.task(name="handle")
    def handle(pk: int) -> None:
        with transaction.atomic():
            row = Delivery.objects.select_for_update().get(pk=pk)
            content = content_of(row)
            assert content
            if row.state == Delivery.State.PENDING:
                for fact in provider.interpret(row.kind, content.body):
                    _event(fact)
                row.state, row.handled_at = Delivery.State.HANDLED, timezone.now()
                row.save(update_fields=["state", "handled_at"])

    with app.producer_pool.acquire() as producer:
        for pk in Delivery.objects.values_list("pk", flat=True):
            handle.apply_async((pk,), producer=producer)
    return app


class Measured:
    """A worker of one thread, timed from the first task's beginning to the last one's end."""

    def __init__(self, count: int, tasks: int) -> None:
        self._count, self._left = count, tasks
        self._began: tuple[float, float] | None = None

    def work(self, app: Any) -> None:
        from celery import signals

        signals.task_prerun.connect(self._begin, weak=False)
        signals.task_postrun.connect(self._end, weak=False)
        self._worker = app.WorkController(
            app=app, pool="solo", without_gossip=True, without_mingle=True, without_heartbeat=True
        )
        self._worker.start()
        with app.connection_for_write() as connection:
            connection.default_channel.queue_delete(os.environ["PATCHBAY_QUEUE"])

    def _begin(self, **_signal: Any) -> None:
        self._began = self._began or (time.perf_counter(), time.process_time())

    def _end(self, **_signal: Any) -> None:
        self._left -= 1
        if not self._left and self._began:
            self._took = (time.perf_counter() - self._began[0], time.process_time() - self._began[1])
            self._worker.should_stop = True
            raise SystemExit

    def result(self) -> dict[str, float]:
        from webhooks.models import Delivery, OutboxEvent

        handled = Delivery.objects.filter(state=Delivery.State.HANDLED).count()
        effects = OutboxEvent.objects.count()
        if not handled == effects == self._count:
            raise RuntimeError(f"{handled} handled and {effects} effects of {self._count}")
        return {"count": self._count, "wall": self._took[0], "cpu": self._took[1]}


if __name__ == "__main__":
    main()
