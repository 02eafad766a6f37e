"""Settings, from the environment. The embedded default needs none of it: SQLite in OFFERWELL_DATA.

Every variable is described in docs/operate/settings.md (a guard test compares).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from urllib.parse import unquote, urlsplit

from csp.constants import NONE, SELF

from offerwell.secret_file import read_or_make_secrets

PACKAGE = Path(__file__).resolve().parent
DATA = Path(os.environ.get("OFFERWELL_DATA", ".offerwell")).resolve()
DEBUG = os.environ.get("OFFERWELL_DEBUG") == "1"
_secrets = read_or_make_secrets(DATA, os.environ)
SECRET_KEY = _secrets.signing_key
OFFERWELL_FIELD_KEYS = _secrets.field_keys
ALLOWED_HOSTS = os.environ.get("OFFERWELL_HOSTS", "localhost,127.0.0.1,[::1],testserver").split(",")
CSRF_TRUSTED_ORIGINS = [o for o in os.environ.get("OFFERWELL_ORIGINS", "").split(",") if o]
_SECURE = os.environ.get("OFFERWELL_HTTPS") == "1"

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "django_htmx",
    "csp",
    "offerwell.apps.OfferwellConfig",
]
MIDDLEWARE = [
    "offerwell.webhooks.straight.StraightThrough",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.middleware.gzip.GZipMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "offerwell.web.workspace_gate.WorkspaceGate",
]
ROOT_URLCONF = "offerwell.urls"
WSGI_APPLICATION = "offerwell.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [PACKAGE / "ui" / "templates_allauth", PACKAGE],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "offerwell.demo.on_sign_in_page.demo_sign_in",
            ],
            "builtins": ["offerwell.ui.templatetags.offerwell"],
            "libraries": {"offerwell": "offerwell.ui.templatetags.offerwell"},
        },
    }
]


def _database() -> dict[str, object]:
    url = os.environ.get("OFFERWELL_DATABASE_URL", "")
    if not url:
        return {
            "ENGINE": "django.db.backends.sqlite3",
            "NAME": DATA / "offerwell.sqlite3",
            # Each opening reads the schema anew (4 ms), and the last one to close writes the whole log back.
            "CONN_MAX_AGE": 60,
            "OPTIONS": {
                "transaction_mode": "IMMEDIATE",
                "timeout": 60,
                "init_command": (
                    "PRAGMA journal_mode=WAL;PRAGMA synchronous=FULL;PRAGMA foreign_keys=ON;"
                    "PRAGMA cache_size=-65536;PRAGMA mmap_size=67108864;PRAGMA temp_store=MEMORY;"
                ),
            },
        }
    parts = urlsplit(url)
    if parts.scheme not in {"postgres", "postgresql"}:
        sys.exit("OFFERWELL_DATABASE_URL must start with postgresql://. Leave it unset to use SQLite.")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": unquote(parts.hostname or ""),
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": 60,
        "CONN_HEALTH_CHECKS": True,
        # A search that is cut ends at the same hits on every page: no scan begins where another's is.
        "OPTIONS": {"options": "-c synchronize_seqscans=off"},
    }


DATABASES = {"default": _database()}
_REDIS = os.environ.get("OFFERWELL_REDIS_URL", "")
OFFERWELL_REDIS_URL = _REDIS
CACHES = {
    # Rate limits must be shared by every web process, so never the per-process memory cache.
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": _REDIS}
    if _REDIS
    else {
        "BACKEND": "django.core.cache.backends.filebased.FileBasedCache",
        "LOCATION": DATA / "cache",
        # Culling would forget who tried too often: far above what limits of one machine fill.
        "OPTIONS": {"MAX_ENTRIES": 50_000},
    }
}

AUTH_USER_MODEL = "offerwell.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["offerwell.web.password_hasher.Argon2id"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
]
LOGIN_REDIRECT_URL = "/"
LOGIN_URL = "account_login"
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_ADAPTER = "offerwell.web.account_adapter.AccountAdapter"
ACCOUNT_PREVENT_ENUMERATION = "strict"
ACCOUNT_LOGIN_BY_CODE_ENABLED = True
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_REAUTHENTICATION_REQUIRED = True
ACCOUNT_SESSION_REMEMBER = True
MFA_ADAPTER = "offerwell.web.account_adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "webauthn", "recovery_codes"]
MFA_PASSKEY_LOGIN_ENABLED = True
MFA_WEBAUTHN_ALLOW_INSECURE_ORIGIN = not _SECURE
USERSESSIONS_TRACK_ACTIVITY = False

# Mail: SMTP, a provider's API, or files. Why and how: docs/operate/mail.md.
EMAIL_BACKEND = "offerwell.integrations.mail_smtp.SmtpBackend"
EMAIL_HOST = os.environ.get("OFFERWELL_SMTP_HOST", "")
EMAIL_PORT = int(os.environ.get("OFFERWELL_SMTP_PORT", "587"))
EMAIL_HOST_USER = os.environ.get("OFFERWELL_SMTP_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("OFFERWELL_SMTP_PASSWORD", "")
EMAIL_USE_TLS = bool(EMAIL_HOST) and EMAIL_PORT == 587  # noqa: PLR2004  the submission port
EMAIL_USE_SSL = bool(EMAIL_HOST) and EMAIL_PORT == 465  # noqa: PLR2004  encrypted from the first byte
EMAIL_TIMEOUT = 30
DEFAULT_FROM_EMAIL = os.environ.get("OFFERWELL_MAIL_FROM", "Offerwell <no-reply@localhost>")
OFFERWELL_MAIL_PROVIDER = os.environ.get("OFFERWELL_MAIL_PROVIDER", "").strip().lower()
OFFERWELL_MAIL_PER_SECOND = float(os.environ.get("OFFERWELL_MAIL_PER_SECOND", "10"))
# Letters of messages that one workspace may send on one of its days; 0: no limit.
OFFERWELL_MAIL_PER_DAY = int(os.environ.get("OFFERWELL_MAIL_PER_DAY", "0"))
OFFERWELL_MAIL_LEASE = float(os.environ.get("OFFERWELL_MAIL_LEASE", "90"))
# Seconds between two looks at the orders of a store that sends no webhooks.
OFFERWELL_ORDERS_EVERY = float(os.environ.get("OFFERWELL_ORDERS_EVERY", "300"))
_MAIL_KEY = os.environ.get("OFFERWELL_MAIL_KEY", "")
_MAIL_WEBHOOK_SECRET = os.environ.get("OFFERWELL_MAIL_WEBHOOK_SECRET", "")
_MAIL_KEY_NAMES = {
    "brevo": "BREVO_API_KEY",
    "mailgun": "MAILGUN_API_KEY",
    "postmark": "POSTMARK_SERVER_TOKEN",
    "sendgrid": "SENDGRID_API_KEY",
    "sparkpost": "SPARKPOST_API_KEY",
}
if OFFERWELL_MAIL_PROVIDER and OFFERWELL_MAIL_PROVIDER not in _MAIL_KEY_NAMES:
    sys.exit(f"OFFERWELL_MAIL_PROVIDER is not one of {', '.join(_MAIL_KEY_NAMES)}. Leave it unset for SMTP.")
ANYMAIL: dict[str, object] = {"WEBHOOK_SECRET": f"offerwell:{_MAIL_WEBHOOK_SECRET}" if _MAIL_WEBHOOK_SECRET else []}
if OFFERWELL_MAIL_PROVIDER:
    EMAIL_BACKEND = f"anymail.backends.{OFFERWELL_MAIL_PROVIDER}.EmailBackend"
    ANYMAIL[_MAIL_KEY_NAMES[OFFERWELL_MAIL_PROVIDER]] = _MAIL_KEY
    ANYMAIL["MAILGUN_SENDER_DOMAIN"] = os.environ.get("OFFERWELL_MAIL_DOMAIN") or None
    ANYMAIL["MAILGUN_API_URL"] = os.environ.get("OFFERWELL_MAIL_API", "https://api.mailgun.net/v3")
    ANYMAIL["MAILGUN_WEBHOOK_SIGNING_KEY"] = os.environ.get("OFFERWELL_MAIL_SIGNING_KEY") or _MAIL_KEY
elif not EMAIL_HOST:
    # Without a mail server, mails are files the operator can read: nothing is lost silently.
    EMAIL_BACKEND = "offerwell.integrations.mailbox.MailboxBackend"

LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = False  # it would put separators into ids inside attributes

STATIC_URL = "/static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [PACKAGE / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": DATA / "files"}},
    # `offerwell serve` gathers hashed, compressed copies first; without them (tests) the sources are served.
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if os.environ.get("OFFERWELL_GATHERED") == "1"
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_KEEP_ONLY_HASHED_FILES = True  # pages name nothing else; half as much to compress
WHITENOISE_USE_FINDERS = os.environ.get("OFFERWELL_GATHERED") != "1"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
    }
}
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_HSTS_SECONDS = 63_072_000 if _SECURE else 0
SECURE_SSL_REDIRECT = _SECURE
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]  # asked on this machine, past the TLS proxy
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if _SECURE else None
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _SECURE
SESSION_COOKIE_NAME = "__Host-offerwell" if _SECURE else "offerwell"
CSRF_COOKIE_NAME = "__Host-csrf" if _SECURE else "csrf"
SESSION_COOKIE_AGE = 14 * 24 * 3600
SESSION_COOKIE_SAMESITE = "Lax"
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_NUMBER_FIELDS = 20_000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2_500_000

# Store sync (design: trust §3). Seconds.
OFFERWELL_SYNC_LEASE = float(os.environ.get("OFFERWELL_SYNC_LEASE", "60"))
OFFERWELL_SYNC_LATE_LANDING = float(os.environ.get("OFFERWELL_SYNC_LATE_LANDING", "900"))
OFFERWELL_SYNC_REPLICA_LAG = float(os.environ.get("OFFERWELL_SYNC_REPLICA_LAG", "5"))
# Hosts of stores on a private network, which may then be reached there, also by http.
OFFERWELL_OWN_STORE_HOSTS = tuple(h for h in os.environ.get("OFFERWELL_OWN_STORE_HOSTS", "").lower().split(",") if h)
# Webhooks: where stores reach us, and for how many days what they told is kept.
OFFERWELL_PUBLIC_URL = os.environ.get("OFFERWELL_PUBLIC_URL", "").strip().rstrip("/")
OFFERWELL_WEBHOOK_DAYS = float(os.environ.get("OFFERWELL_WEBHOOK_DAYS", "60"))
# Sales links: the address they are given out with.
OFFERWELL_LINKS_URL = os.environ.get("OFFERWELL_LINKS_URL", "").strip().rstrip("/")
# Every code of a store is read at least once in so many hours; a policy puts one right so often a day at most.
OFFERWELL_AUDIT_HOURS = float(os.environ.get("OFFERWELL_AUDIT_HOURS", "24"))
OFFERWELL_DRIFT_RESTORES = int(os.environ.get("OFFERWELL_DRIFT_RESTORES", "3"))
# How many proxies in front of us add to X-Forwarded-For: limits per network, and the visitors of links, are told apart
# by what the outermost of them saw.
OFFERWELL_TRUSTED_PROXIES = int(os.environ.get("OFFERWELL_TRUSTED_PROXIES", "0"))
OFFERWELL_DEMO = os.environ.get("OFFERWELL_DEMO") == "1"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
    "loggers": {"offerwell": {"level": os.environ.get("OFFERWELL_LOG", "INFO")}, "httpx": {"level": "WARNING"}},
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
