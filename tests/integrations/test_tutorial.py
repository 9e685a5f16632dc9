"""The tutorial of integrations/README.md is run as it stands, and held to the contract like any plug-in."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from integrations import errors, registry
from integrations.contract import Provider
from tests.integrations.contract import Contract

ROOT = Path(__file__).parents[2]
README = (ROOT / "integrations" / "README.md").read_text(encoding="utf-8")
CODE = re.findall(r"^```python\n(.*?)^```", README, re.MULTILINE | re.DOTALL)[0]


@pytest.fixture
def tutorial(monkeypatch) -> Provider:
    """The plug-in that a reader who copies the tutorial has, registered in place of the shipped one."""
    module = ModuleType("tutorial")
    exec(compile(CODE, "integrations/README.md", "exec"), module.__dict__)
    listing = {**registry.all_providers(), "github": module.provider}
    monkeypatch.setattr(registry, "all_providers", lambda: listing)
    monkeypatch.setattr("integrations.sandbox.signing.all_providers", lambda: listing)
    return module.provider


class TestTheTutorial(Contract):
    @pytest.fixture
    def provider(self, tutorial) -> Provider:
        return tutorial

    def test_it_is_what_the_registry_finds(self, provider):
        assert registry.source("github") is provider


def test_the_tutorial_is_the_shipped_module():
    assert (ROOT / "integrations" / "providers" / "github" / "webhook.py").read_text(encoding="utf-8") == CODE


def test_a_plug_in_fits_in_forty_lines():
    assert len(CODE.splitlines()) <= 40


def test_every_error_is_explained():
    explained = set(re.findall(r"`(\w+)`", README[README.index("## What errors mean") :]))
    assert {name for name, value in vars(errors).items() if isinstance(value, type)} <= explained


def test_every_file_it_names_is_there():
    named = re.findall(r"[`\s]((?:integrations|tests)/[\w./]+\.(?:py|json))", README)
    assert len(named) > 5
    assert [path for path in named if not (ROOT / path).exists()] == []
