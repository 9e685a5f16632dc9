"""Where counts live: each process of a host has files of its own in one folder, and a scrape adds up all of them."""

import fcntl
import os
import socket
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import structlog
from prometheus_client import values
from prometheus_client.mmap_dict import MmapedDict

log = structlog.get_logger("metrics")

RETIRED = "retired"


def _identity() -> str:
    # Containers that share the folder have equal process ids, and different host names.
    host = "".join(letter if letter.isalnum() else "-" for letter in socket.gethostname())
    return f"{host}-{os.getpid()}"


_here = {"identity": _identity()}
os.register_at_fork(after_in_child=lambda: _here.update(identity=_identity()))


def _prepare() -> Path | None:
    """The folder the processes share; None where it cannot be written: then each process counts for itself."""
    folder = Path(os.environ.get("PROMETHEUS_MULTIPROC_DIR", ""))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "lock").touch()
    except OSError as error:
        log.warning("metrics.not_shared", folder=str(folder), error=repr(error))
        return None
    return folder


FOLDER = _prepare() if os.environ.get("PROMETHEUS_MULTIPROC_DIR") else None
# Asking for the identity is on every path that counts: ours is a look-up where the library's own is a system call.
values.ValueClass = values.MultiProcessValue(lambda: _here["identity"]) if FOLDER else values.MutexValue


def retire(folder: Path | None = FOLDER) -> int:
    """Add the files of processes that have ended to one file, so that counts stay and files do not pile up.

    Returns how many files that ended. Those of other hosts (containers that share the folder) are left to them.
    """
    if folder is None:
        return 0
    with locked(folder, fcntl.LOCK_EX):
        ended = [path for path in folder.glob("*.db") if _has_ended(path)]
        for kind in {path.name.partition("_")[0] for path in ended}:
            _fold(folder / f"{kind}_{RETIRED}.db", [path for path in ended if path.name.startswith(f"{kind}_")])
    return len(ended)


def _fold(archive: Path, paths: list[Path]) -> None:
    totals: defaultdict[str, float] = defaultdict(float)
    for path in [*paths, *([archive] if archive.exists() else [])]:
        for key, value, _, _ in MmapedDict.read_all_values_from_file(str(path)):
            totals[key] += value
    fresh = archive.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    file = MmapedDict(str(fresh))
    for key, value in totals.items():
        file.write_value(key, value, 0.0)
    file.close()
    fresh.replace(archive)
    for path in paths:
        path.unlink()


def _has_ended(path: Path) -> bool:
    host, _, pid = path.stem.partition("_")[2].rpartition("-")
    if host != _here["identity"].rpartition("-")[0] or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:  # it lives, and is somebody else's
        return False
    return False


@contextmanager
def locked(folder: Path, how: int) -> Iterator[None]:
    """A scrape never sees a folder that is being tidied: a count seen twice would look like a burst."""
    with open(folder / "lock", "w", encoding="ascii") as file:
        fcntl.flock(file, how)
        yield
