"""The house is in order, and each rule of it is seen to fail on a planted fault."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.architecture import RULES, violations

ROOT = Path(__file__).parent.parent
DOC = '"""A module."""\n'
LONG = DOC + "x = 1\n" * 399
SPRAWLING = DOC + "def sprawl() -> None:\n" + "    x = 1\n" * 60
RING = {"payments/a.py": DOC + "from payments import b\n", "payments/b.py": DOC + "import payments.a\n"}
RING_AT_HOME = {
    "payments/planted_a.py": DOC + "from payments import planted_b\n",
    "payments/planted_b.py": DOC + "from payments import planted_a\n",
}
STRIPE = "integrations/providers/stripe.py"

# (rule, the planted files, what the violation says)
FAULTS = [
    ("layers", {"webhooks/a.py": DOC + "import payments.models\n"}, "webhooks/a.py:2: imports payments.models"),
    ("layers", {"payments/a.py": DOC + "from accounts.models import User\n"}, "payments stands beside accounts"),
    ("layers", {"realtime/a.py": DOC + "def f():\n    from payments import x\n"}, "realtime stands beside payments"),
    ("layers", {"payments/a.py": DOC + "from config import settings\n"}, "nobody imports config"),
    (
        "layers",
        {"integrations/a.py": DOC + "if TYPE_CHECKING:\n    import webhooks\n"},
        "integrations is below webhooks",
    ),
    (
        "providers",
        {STRIPE: DOC + "from integrations.providers import github\n", "integrations/providers/github.py": DOC},
        "never import each other",
    ),
    ("providers", {STRIPE: DOC + "from integrations.registry import port\n"}, "imports integrations.registry"),
    ("providers", {STRIPE: DOC + "from webhooks.models import Delivery\n"}, "imports webhooks.models"),
    ("providers", {STRIPE: DOC + "from django.db import models\n"}, "providers store nothing"),
    ("providers", {"integrations/providers/a/x.py": DOC + "from ..b import y\n"}, "imports integrations.providers.b"),
    (
        "sandbox",
        {"integrations/checks.py": DOC + "from integrations.sandbox import clock\n"},
        "never imports the sandbox",
    ),
    ("sandbox", {"integrations/http/x.py": DOC + "import integrations.sandbox\n"}, "never imports the sandbox"),
    ("neutrality", {"payments/a.py": DOC + "from integrations.providers.x import y\n"}, "ask integrations.registry"),
    ("cycles", RING, "payments.a → payments.b → payments.a"),
    ("file size", {"payments/a.py": LONG}, "payments/a.py:1: is 400 lines long"),
    ("file size", {"templates/a.html": "<p>\n" * 301}, "templates/a.html:1: is 301 lines long"),
    ("file size", {"realtime/static/realtime/a.js": ";\n" * 301}, "a.js:1: is 301 lines long"),
    ("function size", {"payments/a.py": SPRAWLING}, "payments/a.py:2: sprawl is 61 lines long"),
    ("docstrings", {"tests/a.py": "x = 1\n"}, "tests/a.py:1: has no docstring"),
    ("money", {"payments/a.py": DOC + "rate = 0.2\n"}, "payments/a.py:2: makes a float"),
    ("money", {"payments/a.py": DOC + "x = float(total)\n"}, "makes a float"),
    ("money", {"payments/a.py": DOC + "x = order.amount / 100\n"}, "makes a float"),
    ("print", {"payments/a.py": DOC + "print('paid')\n"}, "payments/a.py:2: prints"),
    ("leftovers", {"payments/a.py": DOC + "x = 1  # " + "TO" + "DO: later\n"}, "payments/a.py:2: says"),
    ("vendor words", {"payments/a.py": DOC + "x = 'PayPal'\n"}, "payments/a.py:2: names PayPal"),
    ("vendor words", {"webhooks/a.py": DOC + "def from_github(): ...\n"}, "names github"),
    ("vendor words", {"payments/serializers.py": DOC}, "take it off VENDORS_ALLOWED"),
]

ORDERLY = {
    "config/a.py": DOC + "import payments.models\nimport integrations.providers.x\n",
    "config/management/commands/a.py": DOC + "print('ready')\n",
    "payments/__init__.py": "",
    "payments/models.py": DOC + "from webhooks.outbox.publishing import publish\n# Stripe made us\nx = total // 100\n",
    "payments/b.py": DOC + "from payments import models\n",
    "realtime/a.py": DOC + "from integrations.ports import Event\n",
    "integrations/providers/x/__init__.py": DOC + "def f():\n    from integrations.providers.x import y\n",
    "integrations/providers/x/y.py": DOC + "import httpx2\nfrom integrations.providers.x import f\n"
    "from integrations.http.transport import exchange\nfrom integrations import errors\n",
    "integrations/errors.py": DOC,
    "bench/a.py": DOC + "from config import asgi\nprint(0.5)\n",
    "var/a.py": "print('not ours')\n",
    "env/pyvenv.cfg": "",
    "env/a.py": "print('not ours')\n",
    "payments/migrations/0001_initial.py": "x = 1\n" * 400,
}


def plant(root: Path, files: dict[str, str]) -> Path:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text, encoding="utf-8")
    return root


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Path:
    """A copy of the real tree to break."""
    copy = tmp_path_factory.mktemp("copy") / "patchbay"
    shutil.copytree(ROOT, copy, ignore=shutil.ignore_patterns(".*", "var", "__pycache__", "node_modules"))
    return copy


@pytest.fixture(scope="module")
def known(house) -> set[str]:
    """What is wrong in the copy before anything is planted."""
    return set(violations(house))


def test_the_house_is_in_order():
    assert violations(ROOT) == []


def test_an_orderly_tree_has_no_violations(tmp_path):
    assert violations(plant(tmp_path, ORDERLY)) == []


@pytest.mark.parametrize(("rule", "files", "words"), FAULTS, ids=[f"{rule}-{i}" for i, (rule, *_) in enumerate(FAULTS)])
def test_a_planted_fault_is_found(tmp_path, rule, files, words):
    found = violations(plant(tmp_path, files))
    assert [line for line in found if words in line and line.endswith(f"[{rule}]")], found


def test_no_rule_goes_without_a_planted_fault():
    assert {rule for rule, *_ in FAULTS} == RULES.keys()


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"webhooks/planted.py": DOC + "from payments.models import Order\n"}, "webhooks is below payments"),
        (RING_AT_HOME, "payments.planted_a → payments.planted_b → payments.planted_a"),
        ({"accounts/planted.py": LONG}, "accounts/planted.py:1: is 400 lines long"),
    ],
    ids=["an upward import", "a cycle", "a 400-line file"],
)
def test_a_fault_planted_in_the_real_house_is_found(house, known, files, words):
    found = set(violations(plant(house, files))) - known
    for path in files:
        (house / path).unlink()
    assert len(found) == 1
    assert words in found.pop()


def test_the_command_tells_what_to_do_and_fails(tmp_path):
    command = [sys.executable, "-m", "tests.architecture", "--figures"]
    orderly = plant(tmp_path / "orderly", ORDERLY)
    broken = plant(tmp_path / "broken", RING)
    good = subprocess.run([*command, orderly], cwd=ROOT, capture_output=True, text=True, check=False)
    bad = subprocess.run([*command, broken], cwd=ROOT, capture_output=True, text=True, check=False)
    assert good.returncode == 0, good.stderr
    assert bad.returncode == 1
    assert "imports go in a circle" in bad.stdout
