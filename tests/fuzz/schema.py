"""An OpenAPI schema of a part, made from outside, and aimed at what is there."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml

from tutorial.ladder import Part
from tutorial.running.environment import project_environment

# What drf-flex-fields reads, and no schema knows.
FLEX_FIELDS = [
    *("category", "image", "sites.company", "sites.productsize", "comments.user", "user"),
    *("a.b.c.d.e", "sites.sites", "~all", "*", ".", "pk"),
]


def schema_of(part: Part, folder: Path) -> dict[str, Any]:
    """Return the part's OpenAPI schema, as drf-spectacular sees it. Uses this folder for files."""
    environment = project_environment(part.path, folder)
    file = folder / "schema.yml"
    environment["DJANGO_SETTINGS_MODULE"] = "with_schema"
    environment["PYTHONPATH"] += os.pathsep + str(Path(__file__).parent)
    subprocess.run(
        [sys.executable, "-m", "django", "spectacular", "--file", str(file)],
        cwd=part.path,
        env=environment,
        capture_output=True,
        check=True,
    )
    return aimed(yaml.safe_load(file.read_text(encoding="utf-8")))


def aimed(found: dict[str, Any]) -> dict[str, Any]:
    """Let the schema name what is there, so that many requests get past the front door."""
    there = {"enum": [1, 2, 3]}
    for operations in found["paths"].values():
        for method, operation in operations.items():
            parameters = operation.setdefault("parameters", [])
            for parameter in parameters:
                if parameter["in"] == "path" and parameter["schema"].get("format") != "uuid":
                    parameter["schema"] = {"anyOf": [there, {"type": "integer"}]}
            if method == "get":
                parameters += [
                    {"in": "query", "name": name, "schema": {"anyOf": [{"enum": FLEX_FIELDS}, {}]}}
                    for name in ("expand", "omit", "fields")
                ]
    for path, operations in found["paths"].items():
        add_links(operations.get("post", {}), found["paths"].get(path + "{id}/", {}))
    for component in found["components"]["schemas"].values():
        properties = component.get("properties", {})
        for name in properties.keys() & {"product", "user"}:
            properties[name] = {"anyOf": [there, properties[name]]}
    return found


def add_links(maker: dict[str, Any], operations: dict[str, Any]) -> None:
    """Say that what the one operation makes is what the others read, change and delete."""
    links = {
        method: {
            "operationId": operation["operationId"],
            "parameters": {"id": "$response.body#/pk"},
        }
        for method, operation in operations.items()
    }
    if links and "201" in maker.get("responses", {}):
        maker["responses"]["201"]["links"] = links
