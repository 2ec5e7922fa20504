"""A settings module around a part's own: the same part, and an OpenAPI schema of what it offers.

For the process that writes the schema down. The server that is fuzzed runs without it.
"""

from tutorial.running.settings import *  # noqa: F403

INSTALLED_APPS = [*INSTALLED_APPS, "drf_spectacular"]  # noqa: F405
REST_FRAMEWORK = {
    **REST_FRAMEWORK,  # noqa: F405
    "DEFAULT_SCHEMA_CLASS": "drf_spectacular.openapi.AutoSchema",
}
SPECTACULAR_SETTINGS = {"COMPONENT_SPLIT_REQUEST": True}
