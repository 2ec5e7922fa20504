"""What the tests of the server ask it, in the words of the first part with tokens."""

import time

import requests

from tutorial.ladder import first
from tutorial.running.server import PASSWORD

PART = first("has_tokens")


def wait_for(condition, seconds=30):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"waited {seconds} s in vain"
        time.sleep(0.02)


def login(url, username="demo"):
    data = {"username": username, "password": PASSWORD}
    return requests.post(url + PART.login, json=data, timeout=30)


def refresh(url, token):
    return requests.post(url + PART.refresh, json={"refresh": token}, timeout=30).json()


def images(url, access):
    headers = {"Authorization": f"Bearer {access}"}
    return requests.get(url + PART.protected, headers=headers, timeout=30)


def upload(url, access, name):
    kite = (PART.path / "reviews/fixtures/pictures/kite.png").read_bytes()
    return requests.post(
        url + PART.protected,
        data={"name": name},
        files={"image": ("kite.png", kite)},
        headers={"Authorization": f"Bearer {access}"},
        timeout=30,
    )


def tree(folder):
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
