"""The built book on a server: some of its pages do what they do only there."""

from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from tutorial.ladder import ROOT

HTML = ROOT / "docs" / "_build" / "html"


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="session")
def book():
    """The URL of the built book, without a slash at its end."""
    if not (HTML / "index.html").exists():
        pytest.fail("There is no book in docs/_build/html: `nox -s docs` builds it.", pytrace=False)
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=HTML))
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()
