"""GitHub tells us about pushes. https://docs.github.com/en/webhooks"""

from collections.abc import Iterator

from integrations.contract import Credential, Delivery, Inbound, Provider
from integrations.errors import BadPayload
from integrations.facts import RepositoryPushed
from integrations.payload import Payload
from integrations.signatures import require_hmac

SECRET = Credential(name="WEBHOOK_SECRET", sandbox="patchbay-github-sandbox-secret")
# GitHub signs the body alone: no time is signed, so freshness rests on deduplication.
provider = Provider(slug="github", name="GitHub", credentials=(SECRET,), signs_time=False)
provider.ignore("ping", "create", "delete", "fork", "star", "watch", "meta", "public")


@provider.webhook
def receive(inbound: Inbound) -> list[Delivery]:
    signature = inbound.header("X-Hub-Signature-256").removeprefix("sha256=")
    require_hmac(inbound.body, [signature], provider.secrets("WEBHOOK_SECRET"))
    payload = Payload.parse(inbound.body)
    identifier, kind = inbound.header("X-GitHub-Delivery"), inbound.header("X-GitHub-Event")
    if not identifier or not kind:
        raise BadPayload("X-GitHub-Delivery or X-GitHub-Event is missing")
    repository = payload.child("repository").text("full_name") if payload.has("repository") else ""
    return [Delivery(external_id=identifier, kind=kind, body=inbound.body, object_key=repository)]


@provider.on("push")
def pushed(payload: Payload) -> Iterator[RepositoryPushed]:
    yield RepositoryPushed(
        source="github",
        repository=payload.text("repository.full_name"),
        ref=payload.text("ref"),
        head=payload.text("after"),
        pusher=payload.text("pusher.name", ""),
        commits=len(payload.items("commits")),
        push=payload.digest(),
    )
