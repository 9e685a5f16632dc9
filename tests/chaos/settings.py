"""The product's own settings, and a witness of every effect beside the product's own."""

from config.settings import *  # noqa: F403
from config.settings import INSTALLED_APPS, PATCHBAY_SINKS

INSTALLED_APPS = [*INSTALLED_APPS, "tests.chaos"]
PATCHBAY_SINKS = PATCHBAY_SINKS | {"witness": "tests.chaos.witness.tell"}
