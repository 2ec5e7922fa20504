"""A part's server in the page, in the place of :mod:`tutorial.running.child` on a computer.

A request goes through ``http.client`` into ``runserver``'s own handler, and the response comes
back through it: both are the real ones, and only the socket between them is not there.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from http.client import HTTPConnection, HTTPException
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tutorial.playground.inside.missing import NeedsAComputer
from tutorial.running.environment import project_environment

if TYPE_CHECKING:
    from django.core.servers.basehttp import WSGIServer

HOST, PORT = "127.0.0.1", 8000  # as in the chapters; nothing listens there

Response = tuple[int, str, list[tuple[str, str]], bytes]


def start(project: str, state: str, *, edited: bool = False) -> Server:
    """Load the project in this folder, on the database and uploads in ``state``.

    An edited project is checked and migrated first, as ``runserver`` and a person would do it.
    Raises whatever the project raises.
    """
    environment = project_environment(Path(project), Path(state))
    os.environ.update(environment)
    sys.dont_write_bytecode = True
    sys.path.insert(0, project)
    os.chdir(project)

    import django
    from django.core.management import call_command

    django.setup()
    if edited:
        call_command("check")
        call_command("migrate", verbosity=0, interactive=False)
    return Server()


class Server:
    """A loaded project, which can be asked."""

    def __init__(self) -> None:
        from django.contrib.staticfiles.handlers import StaticFilesHandler
        from django.core.servers.basehttp import (
            WSGIRequestHandler,
            WSGIServer,
            get_internal_wsgi_application,
        )

        self.handler = WSGIRequestHandler
        self.server: WSGIServer = WSGIServer((HOST, PORT), None, bind_and_activate=False)
        self.server.server_name, self.server.server_port = HOST, PORT
        self.server.setup_environ()
        self.server.set_app(refusing_in_words(StaticFilesHandler(get_internal_wsgi_application())))

    def ask(
        self, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes
    ) -> Response:
        """Send a request; return status, reason, headers and body of the response.

        Raises ValueError when this is no request in HTTP.
        """
        connection = InPage(HOST, PORT)
        connection.serve = self.serve
        try:
            connection.putrequest(method, target, skip_accept_encoding=True)
            for name, value in headers:
                connection.putheader(name, value)
            if len(body) or method in {"POST", "PUT", "PATCH"}:
                connection.putheader("Content-Length", str(len(body)))
            connection.endheaders(bytes(body))
            response = connection.getresponse()
            return response.status, response.reason, response.getheaders(), response.read()
        except HTTPException as error:
            raise ValueError(str(error)) from error

    def serve(self, sent: bytes) -> bytes:
        """Let ``runserver``'s handler read these bytes; return what it writes."""
        end = ServersEnd(sent)
        self.handler(end, (HOST, 0), self.server)
        return bytes(end.written)


class InPage(HTTPConnection):
    """A client's connection; the server is called as soon as the client wants its response."""

    serve: Callable[[bytes], bytes]

    def connect(self) -> None:
        self.sock: Any = ClientsEnd(self.serve)


class ClientsEnd:
    """What ``http.client`` uses of a socket."""

    def __init__(self, serve: Callable[[bytes], bytes]) -> None:
        self.serve = serve
        self.sent = bytearray()

    def sendall(self, data: bytes) -> None:
        self.sent += data

    def makefile(self, mode: str) -> BytesIO:
        return BytesIO(self.serve(bytes(self.sent)))

    def close(self) -> None:
        pass


class ServersEnd:
    """What ``socketserver`` uses of one."""

    def __init__(self, sent: bytes) -> None:
        self.sent = sent
        self.written = bytearray()

    def makefile(self, mode: str, buffering: int = -1) -> BytesIO:
        return BytesIO(self.sent)

    def sendall(self, data: bytes) -> None:
        self.written += data


def refusing_in_words(application: Callable[..., Iterable[bytes]]) -> Callable[..., Any]:
    """Wrap a WSGI application (PEP 3333): say so where it needs what a page does not have."""

    def wrapped(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        try:
            return application(environ, start_response)
        except NeedsAComputer:
            body = (
                b'{"detail":"This page has no Pillow that can read pixels. '
                b'On a computer it works: tutorial serve PART."}'
            )
            headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
            start_response("501 Not Implemented", headers)
            return [body]

    return wrapped
