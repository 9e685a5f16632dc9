"""Every setting, from the environment: with no variable set Patchbay runs embedded, on this machine alone."""

import os
import socket
import sys
from pathlib import Path

import environ
from csp.constants import NONE, SELF
from django.templatetags.static import static

from config.secrets import secret_key
from integrations.credentials import secret

BASE_DIR = Path(__file__).resolve().parent.parent
VAR = Path(environ.Env().str("PATCHBAY_VAR", str(BASE_DIR / "var")))
env = environ.Env()

# Where we are
PATCHBAY_SANDBOX = env.bool("PATCHBAY_SANDBOX", False)
HOST = env.str("HOST", "127.0.0.1")
PORT = env.int("PORT", 8000)
SANDBOX_PORT = env.int("SANDBOX_PORT", 8001)
REACHED_AT = "127.0.0.1" if HOST == "0.0.0.0" else HOST  # noqa: S104  listening everywhere is not an address
SANDBOX_URL = env.str("SANDBOX_URL", f"http://{REACHED_AT}:{SANDBOX_PORT}")
PATCHBAY_URL = env.str("PATCHBAY_URL", f"http://{REACHED_AT}:{PORT}")

# Django
DEBUG = env.bool("DEBUG", False)
SECRET_KEY = secret_key(VAR)
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", HOST])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[PATCHBAY_URL])
HTTPS = PATCHBAY_URL.startswith("https://")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = SECURE_SSL_REDIRECT = HTTPS
SECURE_HSTS_SECONDS = env.int("SECURE_HSTS_SECONDS", 31_536_000 if HTTPS else 0)
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = HTTPS
# Scraped from within, by the process's own address.
SECURE_REDIRECT_EXEMPT = [r"^metrics$"]
BEHIND_PROXY = env.bool("BEHIND_PROXY", False)
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
CSRF_FAILURE_VIEW = "config.errors.csrf_failed"
REALTIME_IDENTIFY = "config.identity.from_token"
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
ASGI_APPLICATION = "config.asgi.application"
APPEND_SLASH = False
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATA_UPLOAD_MAX_MEMORY_SIZE = 1 << 20
USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en"
USE_I18N = False

INSTALLED_APPS = [
    "unfold",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "channels",
    "csp",
    "django_htmx",
    "rest_framework",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "integrations",
    "integrations.email",
    "integrations.sandbox",
    "webhooks",
    "accounts",
    "payments",
    "realtime",
    "config",
]

MIDDLEWARE = [
    "webhooks.api.limits.tell_limits",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "config.middleware.relax_admin_policy",
    "config.middleware.mark_stale",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.middleware.explain_methods",
]

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.context.patchbay",
                "payments.context.cart",
            ]
        },
    }
]

# What it stands on: a setting is a URL
DATABASES = {"default": env.db_url("DATABASE_URL", f"sqlite:///{VAR / 'patchbay.sqlite3'}")}
DATABASES["default"].update(CONN_MAX_AGE=None, CONN_HEALTH_CHECKS=True)
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # synchronous=FULL: an acknowledged delivery survives a power cut, not only a crash.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA cache_size=-16000;",
    }
REDIS_URL = env.str("REDIS_URL", "")
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        # A Redis that hangs must not hold a page up for longer than what it saves.
        "OPTIONS": {"socket_timeout": 0.5, "socket_connect_timeout": 0.5},
    }
    if REDIS_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache", "LOCATION": "patchbay"}
}
BROKER_URL = env.str("BROKER_URL", "memory://")
QUEUE = env.str("PATCHBAY_QUEUE", "patchbay")
# Each thread keeps one database connection: these bound them. Of the web's threads each process has so many.
WEB_PROCESSES = env.int("WEB_PROCESSES", 1)
WEB_THREADS = env.int("WEB_THREADS", 8)
WORKER_THREADS = env.int("WORKER_THREADS", 4)
# What counts as one machine when a vendor fails: a circuit opens for all when two of them see it.
PATCHBAY_NODE = env.str("PATCHBAY_NODE", socket.gethostname())
# A person waits no longer than this for an answer, whatever vendors do meanwhile.
REQUEST_SECONDS = env.float("PATCHBAY_REQUEST_SECONDS", 25.0)
# A claim on a row that outlives its claimant by this long is taken over.
LEASE_SECONDS = env.float("PATCHBAY_LEASE_SECONDS", 30.0)
SWEEP_SECONDS = env.float("PATCHBAY_SWEEP_SECONDS", 2.0)
# How often a process looks whether webhook sources have changed, and writes down what was forged.
SOURCES_SECONDS = env.float("PATCHBAY_SOURCES_SECONDS", 1.0)

# What is kept of a delivery: bodies and headers for so many days where the source has no rule of its own, and for so
# many that it came at all, so that it is known when it comes again
PATCHBAY_KEEP_DAYS = env.int("PATCHBAY_KEEP_DAYS", 30)
PATCHBAY_REMEMBER_DAYS = env.int("PATCHBAY_REMEMBER_DAYS", 400)

# How often what the vendors say they sent is compared with what has come (seconds; 0: only when asked), and from how
# many missing webhooks on staff are told
HEAL_SECONDS = env.float("PATCHBAY_HEAL_SECONDS", 300.0)
HEAL_TELL_FROM = env.int("PATCHBAY_HEAL_TELL_FROM", 5)

# Where events go, and what turns facts into them
PATCHBAY_SINKS = {
    "realtime": "realtime.sink.remember",
    "mail": "integrations.email.sink.write_for",
    "endpoints": "webhooks.endpoints.sink.queue",
}
# An event that no catalogue declares is a mistake: fatal where it is made, told of where it would be lost.
STRICT_EVENTS = env.bool("PATCHBAY_STRICT_EVENTS", DEBUG)

# Customers' endpoints: how long one may take, how many a person may have, and the networks that endpoints may be in
# although they are not public; plain http only where nothing is real.
ENDPOINT_SECONDS = env.float("PATCHBAY_ENDPOINT_SECONDS", 20.0)
ENDPOINTS_PER_PERSON = env.int("PATCHBAY_ENDPOINTS_PER_PERSON", 20)
ENDPOINT_NETWORKS = env.list(
    "PATCHBAY_ENDPOINT_NETWORKS", default=["127.0.0.0/8", "::1/128"] if PATCHBAY_SANDBOX else []
)
ENDPOINT_HTTP = env.bool("PATCHBAY_ENDPOINT_HTTP", PATCHBAY_SANDBOX)
# Messages at once in each worker process, and of these to one endpoint.
ENDPOINT_SLOTS = env.int("PATCHBAY_ENDPOINT_SLOTS", 200)
ENDPOINT_SLOTS_EACH = env.int("PATCHBAY_ENDPOINT_SLOTS_EACH", 4)
# One that has had no success for so many days, in so many tries, is disabled; its owner is told at each of the notices.
ENDPOINT_DISABLE_DAYS = env.float("PATCHBAY_ENDPOINT_DISABLE_DAYS", 5.0)
ENDPOINT_DISABLE_FAILURES = env.int("PATCHBAY_ENDPOINT_DISABLE_FAILURES", 10)
ENDPOINT_NOTICE_DAYS = env.list("PATCHBAY_ENDPOINT_NOTICE_DAYS", cast=float, default=[1.0, 3.0])
# What was sent and answered is kept for so many days after it is done.
ENDPOINT_LOG_DAYS = env.float("PATCHBAY_ENDPOINT_LOG_DAYS", 30.0)

# The watch over the vendors: seconds between probes, and the seconds each may take
PROBE_SECONDS = env.float("PROBE_SECONDS", 30.0)
PROBE_DEADLINE = env.float("PROBE_DEADLINE", 5.0)
# Who is told when a vendor is not well, and the hours (UTC) in which only what cannot wait is told, such as 22-07
OPERATORS = env.list("OPERATORS", default=["admin@example.com"] if PATCHBAY_SANDBOX else [])
QUIET_HOURS = env.str("QUIET_HOURS", "")

# People
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "/"
ACCOUNT_FORMS = {"login": "accounts.forms.SignInForm"}
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "mandatory"
ACCOUNT_EMAIL_NOTIFICATIONS = True
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = False
ACCOUNT_SESSION_REMEMBER = True
# How many proxies of ours a request has come through: whose words about its address to believe.
TRUSTED_PROXY_COUNT = ALLAUTH_TRUSTED_PROXY_COUNT = env.int("TRUSTED_PROXY_COUNT", 0)

# Programs
# Requests a minute to the API, for each person or anonymous address (0: no limit), and how many of them at once.
PATCHBAY_API_RATE = env.int("PATCHBAY_API_RATE", 100)
PATCHBAY_API_BURST = env.int("PATCHBAY_API_BURST", 20)
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.BearerAuthentication",
        "accounts.authentication.CookieAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
    "DEFAULT_PAGINATION_CLASS": "webhooks.api.base.Pages",
    "EXCEPTION_HANDLER": "webhooks.api.problems.handle",
}
SPECTACULAR_SETTINGS = {
    "TITLE": "Patchbay",
    "VERSION": "1",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "config.schema.document_limits",
    ],
    "SCHEMA_PATH_PREFIX": "/api/v1",
    # Two things have a field `scheme`; programs are told them apart by these names.
    "ENUM_NAME_OVERRIDES": {
        "SourceScheme": "webhooks.models.Source.Scheme",
        "EndpointScheme": "webhooks.models.Endpoint.Scheme",
    },
    "SERVE_AUTHENTICATION": [],
}

# Mail: everything goes into our own outbox first; the carrier is whichever vendor is configured
EMAIL_BACKEND = "integrations.email.backend.OutboxBackend"
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "Patchbay <hello@patchbay.example>")
MAIL_CARRIER = env.str("MAIL_CARRIER", "sendgrid")

# What a page may load: itself, and nothing else
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        # A form may lead to the hosted payment page by a redirect, which form-action also governs.
        "form-action": [SELF, SANDBOX_URL if PATCHBAY_SANDBOX else "https://checkout.stripe.com"],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
STATIC_URL = "/static/"
STATIC_ROOT = env.str("STATIC_ROOT", "") or None  # whitenoise serves from the apps themselves
WHITENOISE_USE_FINDERS = True

UNFOLD = {
    "SITE_TITLE": "Patchbay",
    "SITE_HEADER": "Patchbay",
    "SITE_URL": "/",
    "ENVIRONMENT": "config.context.environment",
    "STYLES": [lambda _request: static("patchbay/admin.css")],
    "SIDEBAR": {"show_search": True, "show_all_applications": True},
}

# What is seen of it from outside. Every process of a host counts into one folder, and each can tell the sum.
os.environ.setdefault("PROMETHEUS_MULTIPROC_DIR", str(VAR / "metrics"))
METRICS_TOKEN = secret("METRICS_TOKEN")
OTLP_ENDPOINT = env.str("OTEL_EXPORTER_OTLP_ENDPOINT", "")
# Records of vendor calls reach the database this often.
JOURNAL_SECONDS = env.float("PATCHBAY_JOURNAL_SECONDS", 2.0)

LOGGING_CONFIG = "config.logging.configure"
LOGGING = {"level": env.str("LOG_LEVEL", "INFO"), "json": env.bool("LOG_JSON", not sys.stderr.isatty())}
