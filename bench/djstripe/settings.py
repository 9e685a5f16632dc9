"""dj-stripe on PostgreSQL, by its installation guide: https://dj-stripe.dev/dj-stripe/2.11/installation/"""

import os
from urllib.parse import urlsplit

_database = urlsplit(os.environ["DATABASE_URL"])
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.path[1:],
        "USER": _database.username,
        "PASSWORD": _database.password or "",
        "HOST": _database.hostname,
        "PORT": _database.port or 5432,
        "CONN_MAX_AGE": None,
    }
}
SECRET_KEY = "of a benchmark"
ALLOWED_HOSTS = ["127.0.0.1"]
USE_TZ = True
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "bench.djstripe.urls"
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "djstripe",
]
# Tables as the models have them: the way there by the migrations takes minutes.
MIGRATION_MODULES = dict.fromkeys(("auth", "contenttypes", "sessions", "djstripe"))
STRIPE_LIVE_MODE = False
STRIPE_TEST_SECRET_KEY = "sk_test_" + "0" * 24
STRIPE_API_HOST = os.environ["STRIPE_API_URL"]
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
# Its webhook then only stores what came, for a queue of the project's own to take up: its fastest answer.
if os.environ["BENCH_MODE"] == "callback":
    DJSTRIPE_WEBHOOK_EVENT_CALLBACK = "bench.djstripe.callback.enqueue"
