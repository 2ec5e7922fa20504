"""What schemathesis takes from here, in the process of its command (SCHEMATHESIS_HOOKS)."""

import os
from pathlib import Path

import schemathesis
from log import Log
from shapes import files

ACCEPTS = ["application/json", "text/html", "text/html; q=0.9, */*"] * 4 + ["image/png", ""]

schemathesis.openapi.format("binary", files())


@schemathesis.hook
def map_headers(context, headers):
    """Let some ask for the page that a browser would get, and some for what there is not."""
    number = len(repr(context.operation.label)) + len(repr(headers))
    # Of what was made, the pk has to be read.
    accept = ACCEPTS[0 if context.operation.method == "post" else number % len(ACCEPTS)]
    return {**(headers or {}), "Accept": accept}


log = Log(Path(os.environ["FUZZED_LOG"]))


@schemathesis.check
def no_traceback(context, response, case):
    """The server's log has none, whatever the status."""
    errors = log.new_faults()
    assert not errors, f"in the server's log: {errors}"
