"""The settings the tests run under: embedded beside the sandbox, or on the database that TEST_DATABASE_URL names."""

import os
import tempfile

os.environ["PATCHBAY_SANDBOX"] = "1"
# Wake-ups go nowhere: a test calls what a worker would. The real brokers are used by the tests that start processes.
os.environ["BROKER_URL"] = "memory://"
os.environ.setdefault("PATCHBAY_VAR", tempfile.mkdtemp(prefix="patchbay-test-"))

from config.settings import *  # noqa: F403
from config.settings import DATABASES

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
# No thread of the border's writes beside a test: who wants records of calls as rows flushes the journal.
JOURNAL_SECONDS = 0
# Nor one that looks for changed sources: who changes one looks at once, and tests make the rounds themselves.
SOURCES_SECONDS = 0
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # A file, not memory: threads of one test see each other's commits, as in production.
    DATABASES["default"]["TEST"] = {"NAME": f"{os.environ['PATCHBAY_VAR']}/test.sqlite3"}

# Tests ask fast; those of the limits set them. Processes that tests start are limited as in production.
PATCHBAY_API_RATE = 0
STRICT_EVENTS = True
