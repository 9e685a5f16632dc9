"""A callback that does nothing: what a queue would cost is left out, in dj-stripe's favour."""


def enqueue(_event: object, **_more: object) -> None:
    """Where a project would start a task."""
