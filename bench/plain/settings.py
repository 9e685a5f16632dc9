"""A plain project beside ours: the same apps and database, and what `django-admin startproject` sets around a view."""

import os

from config.settings import *  # noqa: F403
from config.settings import DATABASES

ROOT_URLCONF = "bench.plain.urls"
LOGGING_CONFIG = "logging.config.dictConfig"
LOGGING = {}
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
# Django's documentation: persistent connections should be disabled under ASGI.
DATABASES["default"]["CONN_MAX_AGE"] = None if os.environ["BENCH_BRIDGE"] == "wsgi" else 0
