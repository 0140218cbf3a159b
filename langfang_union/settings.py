"""Production settings, read from the environment. The process does not start without a secret key."""

from pathlib import Path

import environ
import pghistory
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()
if (BASE_DIR / ".env").exists():
    env.read_env(BASE_DIR / ".env")

# --- identity and mode -------------------------------------------------------------------------------------

SECRET_KEY = env.str("SECRET_KEY", default="")
if len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("SECRET_KEY is missing or shorter than 50 characters; see .env.example.")
if len(set(SECRET_KEY)) < 5 or SECRET_KEY.startswith("django-insecure-"):  # what `check --deploy` warns of
    raise ImproperlyConfigured("SECRET_KEY can be guessed; see .env.example for how to make one.")
SECRET_KEY_FALLBACKS = env.list("SECRET_KEY_FALLBACKS", default=[])
# Master keys of the secret columns (identity numbers, accounts, phones) as number:base64, the first one seals; and the
# key of their search hashes. Lost keys are lost data: they are kept apart from the database's backups.
FIELD_KEYS = env.list("FIELD_KEYS", default=[])
FIELD_INDEX_KEY = env.str("FIELD_INDEX_KEY", default="")
if not FIELD_KEYS or not FIELD_INDEX_KEY:
    raise ImproperlyConfigured("FIELD_KEYS or FIELD_INDEX_KEY is missing; see .env.example.")
DEBUG = False
# Never read from the environment: the one-click sign-in of the demo exists only in settings_local.py,
# which wsgi.py cannot load.
DEMO_MODE = False
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[])
# Absolute address printed into PDF links ("every printed amount is a link").
SITE_URL = env.str("SITE_URL", default="https://localhost").rstrip("/")

# --- applications ------------------------------------------------------------------------------------------

INSTALLED_APPS = [
    "apps.home",
    "apps.model_workers",
    "apps.budget",
    "apps.people",
    "apps.cases",
    "apps.basis",
    "apps.accounts",
    "apps.core",
    "django.contrib.admin.apps.SimpleAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "django.forms",
    "axes",
    "csp",
    "django_htmx",
    "django_tables2",
    "import_export",
    "lucide",
    "pghistory",
    "pgtrigger",
    "procrastinate.contrib.django",
    "template_partials",
]

# How many proxies of our own stand in front; each adds one address to X-Forwarded-For, earlier ones are anybody's word.
PROXY_COUNT = env.int("PROXY_COUNT", default=0)

MIDDLEWARE = [
    "apps.core.middleware.NoStoreMiddleware",
    "apps.core.proxies.ProxyAddressMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "apps.core.middleware.NullCharacterMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "apps.accounts.middleware.SessionLimitMiddleware",
    "apps.core.audit.HistoryContextMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "apps.core.once.OnceMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "langfang_union.urls"
WSGI_APPLICATION = "langfang_union.wsgi.application"

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
                "apps.accounts.context.frame",
            ],
            "builtins": ["template_partials.templatetags.partials", "apps.core.templatetags.core"],
        },
    },
]
FORM_RENDERER = "apps.core.forms.HouseFormRenderer"

# --- database ----------------------------------------------------------------------------------------------
# `default` is the runtime role: it may read and write rows, but owns nothing, so it cannot drop a constraint,
# disable a trigger or truncate a table. `owner` is used by `migrate --database owner` only.

# A database that went away is told within seconds and found again within seconds: psycopg_pool would otherwise let a
# request wait for half a minute and double the pause between its attempts for five.
DATABASE_OPTIONS = {
    "pool": {"min_size": 1, "max_size": 8, "timeout": 3, "reconnect_timeout": 2},
    "connect_timeout": 3,
}


def _database(url: str, *, pool: bool) -> dict:
    """A connection from a DATABASE_URL, with health checks and (for the web role) psycopg's pool."""
    config = environ.Env.db_url_config(url)
    config["ATOMIC_REQUESTS"] = False
    config["CONN_HEALTH_CHECKS"] = True
    config["TIME_ZONE"] = "Asia/Shanghai"
    if pool:
        config.setdefault("OPTIONS", {}).update(DATABASE_OPTIONS)
    return config


DATABASES = {}
if env.str("DATABASE_URL", default=""):
    DATABASES["default"] = _database(env.str("DATABASE_URL"), pool=True)
    DATABASES["owner"] = _database(env.str("DATABASE_OWNER_URL", default=env.str("DATABASE_URL")), pool=False)

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- sign-in -----------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["axes.backends.AxesStandaloneBackend", "apps.accounts.backends.RoleBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.ScryptPasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "full_name")},
    },
]
# In the cookie alone: a message that fell back to the session would be written by the next GET.
MESSAGE_STORAGE = "django.contrib.messages.storage.cookie.CookieStorage"
LOGIN_URL = "accounts:sign_in"
LOGIN_REDIRECT_URL = "home:workbench"
LOGOUT_REDIRECT_URL = "accounts:sign_in"

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = 0.25  # hours: short on purpose, a lock on a name is also a way to block a colleague
AXES_LOCKOUT_PARAMETERS = ["username"]
# The name alone is counted, from whatever address: stricter than the pair the check asks for.
SILENCED_SYSTEM_CHECKS = ["axes.W006"]
AXES_RESET_ON_SUCCESS = True
AXES_LOCKOUT_CALLABLE = "apps.accounts.views.signing_in.locked_out"
# Tries during a lock do not prolong it: the time told to the person stays true.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_ENABLE_ADMIN = False

SESSION_ENGINE = "apps.accounts.sessions"
SESSION_IDLE_SECONDS = env.int("SESSION_IDLE_MINUTES", default=30) * 60
SESSION_IDLE_WARNING_SECONDS = 120
SESSION_ABSOLUTE_SECONDS = 12 * 3600
SESSION_COOKIE_AGE = SESSION_IDLE_SECONDS
SESSION_EXPIRE_AT_BROWSER_CLOSE = True

# --- transport and browser ---------------------------------------------------------------------------------

SECURE_SSL_REDIRECT = True
SECURE_PROXY_SSL_HEADER = (
    ("HTTP_X_FORWARDED_PROTO", "https") if env.bool("BEHIND_PROXY", default=False) else None
)
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_NAME = "__Host-session"
CSRF_COOKIE_SECURE = True
CSRF_COOKIE_SAMESITE = "Strict"
CSRF_COOKIE_NAME = "__Host-csrf"
CSRF_FAILURE_VIEW = "apps.core.views.csrf_failure"
X_FRAME_OPTIONS = "DENY"

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "base-uri": [NONE],
        "object-src": [NONE],
    },
}

# --- files -------------------------------------------------------------------------------------------------

STATIC_URL = "/static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", default=str(BASE_DIR / "staticfiles")))
STATICFILES_DIRS = [BASE_DIR / "static"]
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(BASE_DIR / "var" / "media")))
# Only fonts in these folders print, and of them only the families apps.core.fonts names: Debian's fonts-noto-cjk first,
# then what the office has a licence for.
FONT_FOLDERS = env.list("FONT_FOLDERS", default=["/usr/share/fonts/opentype/noto", "/usr/local/share/fonts"])
FONT_CACHE = BASE_DIR / "var" / "fonts"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
# Uploads: the web server should refuse earlier; this is the sentence a person reads.
UPLOAD_MAX_BYTES = 20 * 1024 * 1024
DATA_UPLOAD_MAX_MEMORY_SIZE = 10 * 1024 * 1024
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5000
FILE_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024

# --- language, time, numbers -------------------------------------------------------------------------------

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文")]
TIME_ZONE = "Asia/Shanghai"
USE_I18N = True
USE_TZ = True
USE_THOUSAND_SEPARATOR = False  # numbers are formatted once, by core.money

# --- history, jobs, imports --------------------------------------------------------------------------------

# The context stands in the event row itself, so it is as append-only as the event.
PGHISTORY_CONTEXT_FIELD = pghistory.ContextJSONField()
PGHISTORY_MIDDLEWARE_METHODS = ("POST", "PUT", "PATCH", "DELETE")
# How soon a dead worker's tasks begin again (apps/core/jobs.py), and what a worker that is stopped leaves its task.
WORKER_SILENT_SECONDS = 20.0
PROCRASTINATE_WORKER_DEFAULTS = {
    "update_heartbeat_interval": 5.0,
    "stalled_worker_timeout": WORKER_SILENT_SECONDS,
    "shutdown_graceful_timeout": 10.0,
    "delete_jobs": "successful",
}
IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_ESCAPE_FORMULAE_ON_EXPORT = True
DJANGO_TABLES2_TEMPLATE = "django_tables2/house.html"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"denials": {"()": "apps.core.logs.WithoutDenialTraceback"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["stderr"], "level": env.str("LOG_LEVEL", default="WARNING")},
    "loggers": {
        "django.request": {"filters": ["denials"]},
        "fontTools": {"level": "ERROR"},
        "weasyprint": {"level": "ERROR"},
    },
}
