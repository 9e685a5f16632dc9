"""GitHub's list of what it sent to one webhook. https://docs.github.com/en/rest/repos/webhooks

It is asked for the payload, not to send it again: the answer is there at once, and needs no way in to us. The signature
cannot be checked anew over a payload that was written down anew; that GitHub's own API says so, by TLS, is the proof.
"""

import re
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from integrations.contract import Delivery
from integrations.errors import BadPayload, Permanent
from integrations.http.dates import clock_of, moment_in
from integrations.http.transport import Answer, exchange
from integrations.payload import Payload, parse_json
from integrations.ports import Kept, Sent, SentPage

# Of a repository, or of an organisation: https://docs.github.com/en/rest/orgs/webhooks
HOOK = re.compile(r"(?P<owner>[\w-]+)(/(?P<repo>[\w.-]+))?/(?P<id>[0-9]+)", re.ASCII)
NEXT = re.compile(r'<[^>]*[?&]cursor=([^&>]+)[^>]*>; rel="next"')


class GitHubArchive:
    """GitHub's way of being an `EventArchive`; `hook` is `owner/repo/123` or `organisation/123`."""

    # https://docs.github.com/en/webhooks/testing-and-troubleshooting-webhooks/redelivering-webhooks
    reach = timedelta(days=3)

    def __init__(self, base_url: str, token: str, hook: str) -> None:
        found = HOOK.fullmatch(hook)
        if found is None:
            raise Permanent("GITHUB_HOOK is neither owner/repo/123 nor organisation/123")
        home = f"repos/{found['owner']}/{found['repo']}" if found["repo"] else f"orgs/{found['owner']}"
        self._url = f"{base_url}/{home}/hooks/{found['id']}/deliveries"
        self._headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/vnd.github+json",
            "X-GitHub-Api-Version": "2022-11-28",
        }

    def page(self, since: datetime, until: datetime, cursor: str = "") -> SentPage:
        """The newest first: GitHub knows no range, so the list is left where it gets older than `since`."""
        answer = self._ask("?per_page=100" + (f"&cursor={quote(cursor, safe='')}" if cursor else ""))
        items = parse_json(answer.body)
        if not isinstance(items, list):
            raise BadPayload("the list of deliveries is no list")
        told = [_sent(Payload(item, "a delivery")) for item in items]
        following = NEXT.search(answer.headers.get("link", ""))
        ended = not following or any(sent.at < since for sent in told)
        return SentPage(
            sent=[sent for sent in told if since <= sent.at <= until],
            cursor="" if ended or not following else following[1],
            clock=clock_of(answer.headers),
        )

    def fetch(self, handle: str) -> Kept:
        said = Payload.parse(self._ask(f"/{handle}").body)
        payload = said.child("request.payload")
        delivery = Delivery(
            external_id=said.text("guid"),
            kind=said.text("event"),
            body=payload.encoded(),
            object_key=payload.text("repository.full_name", ""),
        )
        return Kept(delivery=delivery, headers=_lower(said.value("request.headers")))

    def _ask(self, rest: str) -> Answer:
        return exchange("github", "GET", self._url + rest, self._headers, as_json=True)


def _sent(item: Payload) -> Sent:
    # A redelivery is a delivery of its own, under the guid of the first: that is what the door deduplicates by.
    return Sent(
        id=item.text("guid"),
        kind=item.text("event"),
        at=moment_in(item.text("delivered_at"), "delivered_at"),
        handle=str(item.integer("id")),
        delivered=200 <= item.integer("status_code", 0) < 300,
    )


def _lower(headers: Any) -> dict[str, str]:
    given = headers if isinstance(headers, dict) else {}
    return {str(name).lower(): value for name, value in given.items() if isinstance(value, str)}
