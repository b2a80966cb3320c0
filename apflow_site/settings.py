"""Django settings. Everything that an operator may want to change is read from the environment, here only.

A value that can't be used stops the program with one sentence (see `apflow_site.env`); values that are readable but
make no sense together are reported by the system checks (see `orchestration.checks`).
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

from django.utils.functional import SimpleLazyObject

from apflow_site.env import env_bool, env_choice, env_database, env_int, env_list, env_origins, env_path, env_str
from apflow_site.secret_key import stored_secret_key

BASE_DIR = Path(__file__).resolve().parent.parent

# --- where and how ---------------------------------------------------------------------------------------------------

APFLOW_DATA_DIR = env_path("APFLOW_DATA_DIR", BASE_DIR / "var")
APFLOW_HOST = env_str("APFLOW_HOST", "127.0.0.1")
PORT = env_int("PORT", 8000, minimum=1, maximum=65535)

DEBUG = APFLOW_DEBUG = env_bool("APFLOW_DEBUG", False)

# Lazy, so that commands which sign nothing (type checks, collectstatic in an image build) create no key.
SECRET_KEY: Any = os.environ.get("APFLOW_SECRET_KEY") or SimpleLazyObject(lambda: stored_secret_key(APFLOW_DATA_DIR))

# What the values of secrets are encrypted with, besides SECRET_KEY; the old ones only decrypt.
APFLOW_SECRETS_KEY = env_str("APFLOW_SECRETS_KEY", "")
APFLOW_SECRETS_OLD_KEYS = env_list("APFLOW_SECRETS_OLD_KEYS", [])

ALLOWED_HOSTS = env_list("APFLOW_ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_TRUSTED_ORIGINS = env_origins("APFLOW_CSRF_TRUSTED_ORIGINS")

# --- the engine ------------------------------------------------------------------------------------------------------

# Modules that are imported for the executors that they register, besides the built-in ones.
APFLOW_EXECUTORS = env_list("APFLOW_EXECUTORS", [])
# Task runs that one worker executes at once.
APFLOW_WORKER_SLOTS = env_int("APFLOW_WORKER_SLOTS", 40, minimum=1, maximum=10_000)
APFLOW_MAX_RESULT_BYTES = env_int("APFLOW_MAX_RESULT_BYTES", 16 * 1024**2, minimum=1024, maximum=512 * 1024**2)
# A worker that has not renewed its lease for this long is taken for lost.
APFLOW_LEASE_SECONDS = env_int("APFLOW_LEASE_SECONDS", 10, minimum=-(10**6), maximum=10**6)
# A stopping worker lets its tasks finish for this long.
APFLOW_DRAIN_SECONDS = env_int("APFLOW_DRAIN_SECONDS", 30, minimum=-(10**6), maximum=10**6)
# `host` or `host:port` which HTTP executors may reach although the address is private.
APFLOW_HTTP_ALLOWED_HOSTS = env_list("APFLOW_HTTP_ALLOWED_HOSTS", [])
# Programs (names or paths) which command_executor may start; none switches it off.
APFLOW_COMMAND_ALLOWLIST = env_list("APFLOW_COMMAND_ALLOWLIST", [])
# Modules, with all below them, whose functions administrators may choose as hooks.
APFLOW_HOOK_MODULES = env_list("APFLOW_HOOK_MODULES", [])
# Environment variables without which the site must not start, for executors that need them.
ORCHESTRATION_REQUIRED_ENV = env_list("ORCHESTRATION_REQUIRED_ENV", [])

# What a collector sends as bearer token to read /metrics; without one only this machine may.
APFLOW_METRICS_TOKEN = env_str("APFLOW_METRICS_TOKEN", "")

# --- database --------------------------------------------------------------------------------------------------------

DATABASES: dict[str, dict[str, Any]] = {
    "default": env_database("DATABASE_URL")
    or {
        # Starts a PostgreSQL of its own on first connection.
        "ENGINE": "apflow_site.embedded",
        "NAME": "apflow",
        "DATA_DIR": APFLOW_DATA_DIR,
    }
}
# Named after the process: test runs at the same time, which share a server, don't take each other's database away.
DATABASES["default"]["TEST"] = {"NAME": f"test_{DATABASES['default']['NAME']}_{os.getpid()}"}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- application -----------------------------------------------------------------------------------------------------

APFLOW_EXAMPLES = env_bool("APFLOW_EXAMPLES", True)

INSTALLED_APPS = [
    "apflow_site.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "channels",
    "ninja",
    "orchestration",
]
if APFLOW_EXAMPLES and (BASE_DIR / "examples" / "__init__.py").is_file():
    INSTALLED_APPS.append("examples")

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "apflow_site.csp.csp_middleware",
    "orchestration.api.middleware.api_errors_middleware",
    "apflow_site.static_files.static_files_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "orchestration.access.origin.origin_middleware",
    "orchestration.access.sessions.sessions_middleware",
    "axes.middleware.AxesMiddleware",
    "apflow_site.made_executors.made_executors_middleware",
    "orchestration.pages.conflicts.ConflictMiddleware",
]

ROOT_URLCONF = "apflow_site.urls"
ASGI_APPLICATION = "apflow_site.asgi.application"

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
                "orchestration.pages.access.may",
            ],
            "libraries": {"apflow_admin": "orchestration.admin.tags"},
        },
    },
]

LANGUAGE_CODE = "en-us"
USE_TZ = True
TIME_ZONE = "UTC"
FORMAT_MODULE_PATH = "apflow_site.formats"

STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = APFLOW_DATA_DIR / "static"
# Served straight from where they are: no collectstatic, and no look at the disk for each request.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False
WHITENOISE_ALLOW_ALL_ORIGINS = False
# Parts of the build have a digest of their content in their names, so that browsers may keep them for ever.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/app/chunks/[^/]+\.[0-9a-f]{12}\.js$"

# --- security --------------------------------------------------------------------------------------------------------

LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"

AUTHENTICATION_BACKENDS = [
    # Refuses those who have guessed too often; who it lets through is asked for the password as ever.
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]

# Reverse proxies in front, each of which adds the address it hears from to X-Forwarded-For; without one, the header is
# the visitor's own tale and is not read.
APFLOW_PROXIES = env_int("APFLOW_PROXIES", 0, minimum=0, maximum=10)
# Wrong passwords for one name from one address in a row, and how long that pair has to wait then.
APFLOW_LOGIN_ATTEMPTS = env_int("APFLOW_LOGIN_ATTEMPTS", 8, minimum=1, maximum=1000)
APFLOW_LOGIN_PAUSE_MINUTES = env_int("APFLOW_LOGIN_PAUSE_MINUTES", 10, minimum=1, maximum=24 * 60)

AXES_FAILURE_LIMIT = APFLOW_LOGIN_ATTEMPTS
AXES_COOLOFF_TIME = timedelta(minutes=APFLOW_LOGIN_PAUSE_MINUTES)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_CLIENT_IP_CALLABLE = "orchestration.access.origin.client_address"
AXES_LOCKOUT_CALLABLE = "orchestration.access.sign_ins.locked_out"
AXES_RESET_ON_SUCCESS = True
# A try while locked out makes the wait no longer: what the page has promised is kept.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
# The audit trail has the sign-ins, and the admin has a page of its own for the locks.
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

# How long after the sign-in somebody has to sign in again, and after how many minutes without a request (0: never).
APFLOW_SESSION_HOURS = env_int("APFLOW_SESSION_HOURS", 14 * 24, minimum=1, maximum=366 * 24)
APFLOW_SESSION_IDLE_MINUTES = env_int("APFLOW_SESSION_IDLE_MINUTES", 0, minimum=0, maximum=366 * 24 * 60)
SESSION_ENGINE = "orchestration.access.session_store"
SESSION_COOKIE_AGE = APFLOW_SESSION_HOURS * 3600

# Single sign-on by OpenID Connect: off without an issuer. What makes no sense together is found by the checks.
APFLOW_OIDC_ISSUER = env_str("APFLOW_OIDC_ISSUER", "")
APFLOW_OIDC_CLIENT_ID = env_str("APFLOW_OIDC_CLIENT_ID", "")
APFLOW_OIDC_CLIENT_SECRET = env_str("APFLOW_OIDC_CLIENT_SECRET", "")
# What the provider is called on the button.
APFLOW_OIDC_NAME = env_str("APFLOW_OIDC_NAME", "single sign-on")
APFLOW_OIDC_SCOPES = env_list("APFLOW_OIDC_SCOPES", ["openid", "email", "profile"])
# The claim that says what somebody belongs to, and `value=role` for those of its values that mean a role here.
APFLOW_OIDC_ROLES_CLAIM = env_str("APFLOW_OIDC_ROLES_CLAIM", "")
APFLOW_OIDC_ROLES = env_list("APFLOW_OIDC_ROLES", [])
# The role of those whom the claim gives none.
APFLOW_OIDC_DEFAULT_ROLE = env_str("APFLOW_OIDC_DEFAULT_ROLE", "")
# Whether people whom nobody here knows get an account, and from which domains of e-mail they come (none: all).
APFLOW_OIDC_NEWCOMERS = env_bool("APFLOW_OIDC_NEWCOMERS", True)
APFLOW_OIDC_DOMAINS = env_list("APFLOW_OIDC_DOMAINS", [])
# Whether a verified e-mail address is enough to become the local account of that address.
APFLOW_OIDC_LINK_BY_EMAIL = env_bool("APFLOW_OIDC_LINK_BY_EMAIL", False)
# Passwords are for superusers alone then.
APFLOW_OIDC_ONLY = env_bool("APFLOW_OIDC_ONLY", False)

# Set when a reverse proxy in front terminates TLS, sets X-Forwarded-Proto and drops the visitor's own.
APFLOW_HTTPS = env_bool("APFLOW_HTTPS", False)
# How far browsers shall insist on TLS: for the site's own name, or for all names below it as well; "preload" also asks
# the makers of browsers to ship it.
APFLOW_HSTS = env_choice("APFLOW_HSTS", "undecided", ("undecided", "host", "subdomains", "preload"))
if APFLOW_HTTPS:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = True
    # Over plain HTTP come only those who talk to the process itself; their questions need no cookie.
    SECURE_SSL_REDIRECT = True
    SECURE_REDIRECT_EXEMPT = [r"^(healthz|readyz|metrics)$"]
    # The list of browsers' makers takes no less than a year.
    SECURE_HSTS_SECONDS = (365 if APFLOW_HSTS == "preload" else 30) * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = APFLOW_HSTS in ("subdomains", "preload")
    SECURE_HSTS_PRELOAD = APFLOW_HSTS == "preload"
# "host" and "subdomains" are decisions; while there is none, `check --deploy` asks for it.
SILENCED_SYSTEM_CHECKS = {
    "host": ["security.W005", "security.W021"],
    "subdomains": ["security.W021"],
}.get(APFLOW_HSTS, [])

X_FRAME_OPTIONS = "DENY"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
# CSRF_COOKIE_HTTPONLY stays off: the builder's scripts read this cookie for their X-CSRFToken header.

DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024**2
FILE_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024**2

# --- logging ---------------------------------------------------------------------------------------------------------

# "text" is for people, "json" is one object a line.
APFLOW_LOG_FORMAT = env_choice("APFLOW_LOG_FORMAT", "text", ("text", "json"))

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "text": {"format": "{asctime} {levelname} {name} {message}", "style": "{"},
        "json": {"()": "apflow_site.json_logs.JsonFormatter"},
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": APFLOW_LOG_FORMAT}},
    "root": {"handlers": ["console"], "level": "INFO"},
    "loggers": {
        # Django hangs its own handlers on this one; its records go through the root's instead.
        "django": {"handlers": [], "level": "INFO", "propagate": True},
        "django.server": {"handlers": [], "level": "INFO", "propagate": True},
        # It tells every step; what matters is in the audit trail.
        "axes": {"level": "ERROR"},
        # One line per HTTP request is the web server's business.
        "daphne": {"level": "WARNING"},
    },
}
