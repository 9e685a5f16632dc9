"""Run a process that dies by SIGKILL when it first reaches a given function.

    python -m tests.story.doomed FUNCTION before|after MARKER (manage.py … | -m celery …)

The product's code knows nothing of this: the named function is wrapped wherever it is referred to. The marker file
is written at the moment of death, and its presence keeps the next process alive.
"""

import functools
import os
import signal
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any


def wrap(dotted: str, when: str, marker: Path) -> None:
    """Put the deadly wrapper in place of `package.module:name` or `package.module:Class.name`."""
    module_name, _, path = dotted.partition(":")
    owner: Any = import_module(module_name)
    *way, name = path.split(".")
    for step in way:
        owner = getattr(owner, step)
    original = getattr(owner, name)
    deadly = _deadly(original, when, marker)
    setattr(owner, name, deadly)
    for module in list(sys.modules.values()):
        for attribute, value in list(vars(module).items()):
            if value is original:
                setattr(module, attribute, deadly)


def _deadly(original: Callable[..., Any], when: str, marker: Path) -> Callable[..., Any]:
    @functools.wraps(original)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if when == "before":
            _die(marker)
        result = original(*args, **kwargs)
        # A claim that took nothing is not the step that is meant.
        if when == "after" and not (isinstance(result, list) and not result):
            _die(marker)
        return result

    return wrapper


def _die(marker: Path) -> None:
    try:
        marker.touch(exist_ok=False)
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


def main() -> None:
    dotted, when, marker, *command = sys.argv[1:]
    import django

    django.setup()
    import config.celery  # noqa: F401  so that the modules that refer to tasks are there to be wrapped

    wrap(dotted, when, Path(marker))
    run(command)


def run(command: list[str]) -> None:
    """Go on as `-m celery …` or `manage.py …` in this process."""
    if command[:2] == ["-m", "celery"]:
        from celery.__main__ import main as celery

        sys.argv = ["celery", *command[2:]]
        celery()
    else:
        from django.core.management import execute_from_command_line

        execute_from_command_line(command)


if __name__ == "__main__":
    main()
