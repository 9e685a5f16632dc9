"""docs/events.md, made from the catalogue, so that the page cannot drift from the code."""

import json

from webhooks.outbox.catalogue import EventType, catalogue

HEAD = """# Events

What Patchbay tells of: in the event stream (`/events`, `/ws`), at `/api/v1/events`, and to
[webhook endpoints](endpoints.md). Each name, with its JSON Schema and an example, is also at `/api/v1/event-types`.
This page is made from the code (`make docs`). Fields may be added to an event; none is taken away or changed.

"""


def page() -> str:
    """The whole page in Markdown."""
    types = list(catalogue().values())
    table = ["| event | | whose |", "|---|---|---|"]
    table += [f"| [`{one.name}`](#{_anchor(one)}) | {one.description} | {_whose(one)} |" for one in types]
    return HEAD + "\n".join(table) + "\n" + "".join(map(_section, types))


def _whose(one: EventType) -> str:
    return "staff's" if one.staff_only else "a person's"


def _anchor(one: EventType) -> str:
    return one.name.replace(".", "")


def _section(one: EventType) -> str:
    example = json.dumps(one.message(), indent=2, ensure_ascii=False)
    schema = json.dumps(one.schema(), indent=2, ensure_ascii=False)
    return (
        f"\n## {one.name}\n\n{one.description}\n\n```json\n{example}\n```\n\n"
        f"<details><summary>JSON Schema of <code>data</code></summary>\n\n```json\n{schema}\n```\n\n</details>\n"
    )
