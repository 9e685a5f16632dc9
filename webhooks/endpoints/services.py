"""What may be done with endpoints: the verbs behind API and pages, and the only writers of what people decide."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

from webhooks.endpoints import keys, targets
from webhooks.endpoints.problems import at_field, bad_field, no_more, no_more_secrets, not_enabled
from webhooks.endpoints.subscriptions import BadSubscription, require_patterns
from webhooks.endpoints.trimming import delete
from webhooks.models import Endpoint, Message
from webhooks.models.endpoints import FASTEST
from webhooks.outbox.catalogue import catalogue
from webhooks.tasks import wake_send

log = structlog.get_logger("endpoints")

LONGEST_OVERLAP = timedelta(days=7)
OVERLAP = timedelta(hours=24)
MOST_SECRETS = 5  # of one endpoint that sign at once: their signatures share a header, and servers bound theirs
DELETIONS = 5


def visible_to(user: Any) -> QuerySet[Endpoint]:
    """A person's own endpoints; for staff all of them."""
    return Endpoint.objects.all() if user.is_staff else Endpoint.objects.filter(owner=user)


def create(owner: Any, *, url: str, events: Sequence[str] = ("*",), **fields: Any) -> Endpoint:
    """A new endpoint of `owner`, with its secret.

    `fields`: description, payload, ordered, rate, scheme, and for staff all_users. Raises `Problem` for what cannot be.
    """
    return add(owner, prepared(owner, url=url, events=events, **fields))


def prepared(owner: Any, *, url: str, events: Sequence[str] = ("*",), **fields: Any) -> dict[str, Any]:
    """What `add` takes, checked as `create` does. It asks the resolver, for up to two seconds: in no transaction."""
    return _checked(owner, {"url": url, "events": events, **fields})


@transaction.atomic
def add(owner: Any, fields: Mapping[str, Any]) -> Endpoint:
    """A new endpoint of what was `prepared`, with its secret; nobody is asked but the database."""
    _require_room(owner)
    now = timezone.now()
    endpoint = Endpoint.objects.create(owner=owner, since=now, created_at=now, **fields)
    keys.make(endpoint, now)
    log.info("endpoint.created", endpoint=endpoint.uid, owner=owner.pk)
    return endpoint


def change(endpoint: Endpoint, **fields: Any) -> Endpoint:
    """Change url, events, description, payload, ordered, rate or all_users; raises `Problem` for what cannot be.

    Another `scheme` takes another secret, and with it the receiver's knowledge: that is `rotate`'s to do.
    """
    if fields.pop("scheme", endpoint.scheme) != endpoint.scheme:
        raise at_field("scheme", "It changes with the secret: POST …/rotate with this scheme, the old one signs along.")
    checked = _checked(endpoint.owner, fields)
    for name, value in checked.items():
        setattr(endpoint, name, value)
    endpoint.save(update_fields=list(checked))
    log.info("endpoint.changed", endpoint=endpoint.uid, fields=", ".join(checked))
    return endpoint


def remove(endpoint: Endpoint) -> None:
    """The endpoint goes, with its secrets, its log, and what was still to be sent."""
    # No more is queued for it from here on, but what others are queueing may still come: the last deletion tells.
    Endpoint.objects.filter(pk=endpoint.pk).update(state=Endpoint.State.DISABLED, since=timezone.now())
    for left in reversed(range(DELETIONS)):
        delete(Q(endpoint=endpoint.pk))
        try:
            Endpoint.objects.filter(pk=endpoint.pk).delete()
            break
        except IntegrityError:
            if not left:
                raise
    log.info("endpoint.removed", endpoint=endpoint.uid, owner=endpoint.owner_id)


def rotate(endpoint: Endpoint, overlap: timedelta = OVERLAP, scheme: str = "") -> Endpoint:
    """A fresh secret, of another scheme if one is named; the earlier ones sign along for `overlap`, at most seven days.

    None of them signs for longer, whatever an earlier rotation has said. `keys.current` tells the fresh one.
    """
    if not timedelta(0) <= overlap <= LONGEST_OVERLAP:
        raise at_field("overlap_hours", f"Give 0 to {LONGEST_OVERLAP // timedelta(hours=1)} hours.")
    now = timezone.now()
    with transaction.atomic():
        locked = Endpoint.objects.select_for_update().get(pk=endpoint.pk)
        longer = Q(expires_at=None) | Q(expires_at__gt=now + overlap)
        locked.secrets.filter(longer).update(expires_at=now + overlap)
        locked.secrets.filter(expires_at__lte=now).delete()
        if locked.secrets.count() >= MOST_SECRETS:
            raise no_more_secrets(MOST_SECRETS)
        locked.scheme = endpoint.scheme = scheme or locked.scheme
        locked.save(update_fields=["scheme"])
        keys.make(locked, now)
    log.info("endpoint.rotated", endpoint=endpoint.uid, overlap=str(overlap))
    return endpoint


def pause(endpoint: Endpoint) -> Endpoint:
    """Send nothing more until it is resumed; what happens meanwhile is queued."""
    return _become(endpoint, Endpoint.State.PAUSED, [Endpoint.State.ENABLED])


@transaction.atomic
def resume(endpoint: Endpoint) -> Endpoint:
    """Send again, at once what has waited; also for an endpoint that we have disabled, whose failures are forgotten.

    What was queued when it was disabled has its whole schedule again; `resending.resend_since` brings what was not.
    """
    was_disabled = endpoint.state == Endpoint.State.DISABLED
    resumed = _become(endpoint, Endpoint.State.ENABLED, [Endpoint.State.PAUSED, Endpoint.State.DISABLED])
    if was_disabled:
        resumed.messages.filter(state=Message.State.WAITING).update(due_at=timezone.now(), tries=0)
    transaction.on_commit(wake_send)
    return resumed


def _become(endpoint: Endpoint, state: Endpoint.State, earlier: Sequence[Endpoint.State]) -> Endpoint:
    """Whoever asks for the state it is in changes nothing; one that was disabled cannot be paused."""
    fresh: dict[str, Any] = {"state": state, "reason": "", "since": timezone.now()}
    if state == Endpoint.State.ENABLED:
        fresh |= {"failing_since": None, "failures": 0, "notices": 0}
    changed = Endpoint.objects.filter(pk=endpoint.pk, state__in=earlier).update(**fresh)
    endpoint.refresh_from_db()
    if not changed and endpoint.state != state:
        raise not_enabled(endpoint)
    if changed:
        log.info("endpoint.state", endpoint=endpoint.uid, now=str(state))
    return endpoint


def send_test(endpoint: Endpoint, name: str) -> Message:
    """Queue the catalogue's example of the event type `name`, marked as a test; its log is that of any message."""
    known = catalogue().get(name)
    if known is None:
        raise at_field("type", "There is no such event type; /api/v1/event-types lists them all.")
    if endpoint.state != Endpoint.State.ENABLED:
        raise not_enabled(endpoint)
    message = Message.objects.create(endpoint=endpoint, name=name, sample=dict(known.example))
    transaction.on_commit(wake_send)
    return message


def _require_room(owner: Any) -> None:
    # The owner's row is the lock: two at once cannot both take the last place.
    get_user_model().objects.select_for_update().get(pk=owner.pk)
    most = settings.ENDPOINTS_PER_PERSON
    if Endpoint.objects.filter(owner=owner).count() >= most:
        raise no_more(most)


def _checked(owner: Any, fields: dict[str, Any]) -> dict[str, Any]:
    try:
        if "url" in fields:
            fields["url"] = targets.normal(fields["url"])
            targets.require_public(fields["url"])
        if "events" in fields:
            fields["events"] = require_patterns(fields["events"])
    except targets.BadTarget as error:
        raise at_field("url", str(error)) from None
    except BadSubscription as error:
        raise at_field("events", str(error)) from None
    if (rate := fields.get("rate")) is not None and not 1 <= rate <= FASTEST:
        raise at_field("rate", f"Give 1 to {FASTEST} messages a second, or nothing for no limit.")
    if fields.get("all_users") and not owner.is_staff:
        raise bad_field("all_users", "forbidden", "Only staff may be told of everybody's events.")
    return fields


def messages_of(
    endpoint: Endpoint, state: str = "", name: str = "", since: datetime | None = None
) -> QuerySet[Message]:
    """What was and is to be sent to the endpoint, newest first."""
    found = endpoint.messages.defer("sample").order_by("-pk")
    wanted = {"state": state, "name": name, "created_at__gte": since}
    return found.filter(**{field: value for field, value in wanted.items() if value})
