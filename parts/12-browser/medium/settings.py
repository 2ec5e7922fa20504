"""
Django settings for the medium project.

https://docs.djangoproject.com/en/5.2/ref/settings/
"""

import os
from datetime import timedelta
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent


# Security
# https://docs.djangoproject.com/en/5.2/howto/deployment/checklist/

# This default is public: anyone could sign in your name with it.
# Wherever others can reach the project, set DJANGO_SECRET_KEY.
SECRET_KEY = os.environ.get(
    "DJANGO_SECRET_KEY", "django-insecure-for-development-only-set-DJANGO_SECRET_KEY"
)

DEBUG = os.environ.get("DJANGO_DEBUG", "1") == "1"

if not DEBUG and SECRET_KEY.startswith("django-insecure-"):
    raise ImproperlyConfigured(
        "DEBUG is off, and SECRET_KEY is still the public one: set DJANGO_SECRET_KEY."
    )

ALLOWED_HOSTS = os.environ.get("DJANGO_ALLOWED_HOSTS", "localhost,127.0.0.1,[::1]").split(",")


# Application definition

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "corsheaders",
    "django_cleanup",
    "django_filters",
    "pictures",
    "rest_framework",
    "accounts",
    "reviews",
]

MIDDLEWARE = [
    "medium.middleware.cookies_for_our_pages",
    # First, so that whatever answers further down gets its headers, redirects and errors too.
    "corsheaders.middleware.CorsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "medium.middleware.readable_requests",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "medium.urls"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

WSGI_APPLICATION = "medium.wsgi.application"


# Database
# https://docs.djangoproject.com/en/5.2/ref/settings/#databases

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": BASE_DIR / "db.sqlite3",
        "OPTIONS": {
            # Requests that write take turns from their first statement on, each waiting up to
            # 20 seconds. Readers need not wait: SQLite keeps a write-ahead log.
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        },
    }
}

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"


# Cache
# https://docs.djangoproject.com/en/5.2/topics/cache/

CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        # Throttles count in it. It keeps 300 entries by default: as many made-up names would
        # push all other counts out.
        "OPTIONS": {"MAX_ENTRIES": 100_000},
    }
}


# Password validation
# https://docs.djangoproject.com/en/5.2/ref/settings/#auth-password-validators

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]


# Internationalization
# https://docs.djangoproject.com/en/5.2/topics/i18n/

LANGUAGE_CODE = "en-us"

TIME_ZONE = "UTC"

USE_I18N = True

USE_TZ = True


# Static files (CSS, JavaScript, images)
# https://docs.djangoproject.com/en/5.2/howto/static-files/

STATIC_URL = "static/"


# Uploaded files
# https://docs.djangoproject.com/en/5.2/topics/files/

MEDIA_URL = "media/"

MEDIA_ROOT = BASE_DIR / "media"


# django-pictures
# https://github.com/codingjoe/django-pictures#configuration

PICTURES = {
    "FILE_TYPES": ["WEBP"],
    # Renditions of 400 and of 800 pixels' width.
    "CONTAINER_WIDTH": 800,
    "GRID_COLUMNS": 2,
    "PIXEL_DENSITIES": [1],
    "USE_PLACEHOLDERS": False,
    # The queue of Django's own task backend, which makes them at once.
    "QUEUE_NAME": "default",
}


# Django REST framework
# https://www.django-rest-framework.org/api-guide/settings/

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "accounts.authentication.SessionJWTAuthentication",
    ],
    "DEFAULT_PARSER_CLASSES": [
        "reviews.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    # Limits the views that have a `throttle_scope`; accounts/throttles.py has the other two.
    "DEFAULT_THROTTLE_CLASSES": ["rest_framework.throttling.ScopedRateThrottle"],
    "DEFAULT_THROTTLE_RATES": {
        "login": "10/min",  # from one client
        "account": "20/15min",  # failures at one account, from all clients together
        "refresh": "30/min",  # by one user
        "register": "20/hour",  # from one client
        "change_password": "10/hour",  # by one user
    },
    # A client is who the connection comes from. By default REST framework would believe a
    # header, X-Forwarded-For, in which anyone can write another IP address.
    "NUM_PROXIES": 0,
    "DEFAULT_PAGINATION_CLASS": "rest_framework.pagination.PageNumberPagination",
    "PAGE_SIZE": 10,
}


# drf-flex-fields
# https://github.com/rsinger86/drf-flex-fields#customization

REST_FLEX_FIELDS = {
    # "comments.user.username" is as deep as a path can mean anything here.
    "MAXIMUM_EXPANSION_DEPTH": 3,
    "RECURSIVE_EXPANSION_PERMITTED": False,
    # Clients name what they want: "everything" grows with the project.
    "WILDCARD_VALUES": None,
}


# Cross-origin requests
# https://github.com/adamchainz/django-cors-headers#configuration

# The origins whose pages may read our answers; here, a front end's development server.
CORS_ALLOWED_ORIGINS = os.environ.get(
    "DJANGO_CORS_ALLOWED_ORIGINS", "http://localhost:3000,http://127.0.0.1:3000"
).split(",")

# And which headers of them, besides a few such as Content-Type.
CORS_EXPOSE_HEADERS = ["Retry-After", "WWW-Authenticate"]


# Simple JWT
# https://django-rest-framework-simplejwt.readthedocs.io/en/stable/settings.html

SIMPLE_JWT = {
    # HTTP does not mind how this word is written; Simple JWT compares letter by letter.
    "AUTH_HEADER_TYPES": ("Bearer", "bearer"),
    # An access token lives for the default 5 minutes.
    "REFRESH_TOKEN_LIFETIME": timedelta(days=15),
    # A token holds a fingerprint of the password hash: with a new password, it is void.
    "CHECK_REVOKE_TOKEN": True,
    "AUTH_TOKEN_CLASSES": ["accounts.tokens.AccessToken"],
    "TOKEN_REFRESH_SERIALIZER": "accounts.serializers.SessionTokenRefreshSerializer",
}


# Sessions

# How long a refresh token that was just exchanged is refused without ending its session: two
# tabs that refresh at the same moment are no thieves.
REFRESH_GRACE_PERIOD = timedelta(seconds=10)


# Browsers

# The cookie that holds a browser's refresh token, in the words of HttpResponse.set_cookie():
# sent to these endpoints only, never from a page of another site, and no script can read it.
REFRESH_COOKIE = {
    "key": "__Secure-refresh",
    "path": "/auth/browser/",
    "httponly": True,
    "secure": True,
    "samesite": "Strict",
}
