"""Serve the page to this computer's browsers: python browser/serve.py

A file opened by itself would have no origin that the API could allow, and no headers.
"""

import sys
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

PORT = int(sys.argv[1]) if sys.argv[1:] else 3000  # the origin that the API allows
API = "http://localhost:8000 http://127.0.0.1:8000"
HEADERS = {
    # What the page may load, and from where. What somebody smuggles in runs nowhere.
    "Content-Security-Policy": "; ".join(
        [
            "default-src 'none'",
            "script-src 'self'",
            "style-src 'self'",
            f"img-src 'self' {API}",
            f"connect-src {API}",
            "base-uri 'none'",
            "form-action 'none'",  # scripts send what is in the forms
            "frame-ancestors 'none'",  # no other page may show this one, under its own buttons
            "require-trusted-types-for 'script'",  # no text becomes HTML
        ]
    ),
    "Cache-Control": "no-cache",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class Handler(SimpleHTTPRequestHandler):
    # Whatever the computer's registry says that a script is.
    extensions_map = {
        ".html": "text/html; charset=utf-8",
        ".css": "text/css; charset=utf-8",
        ".js": "text/javascript; charset=utf-8",
        "": "text/plain; charset=utf-8",
    }

    def end_headers(self):
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()


if __name__ == "__main__":
    handler = partial(Handler, directory=Path(__file__).parent)
    with ThreadingHTTPServer(("127.0.0.1", PORT), handler) as server:
        print(f"The page is at http://localhost:{PORT}/. Quit with Control-C.")
        with suppress(KeyboardInterrupt):
            server.serve_forever()
