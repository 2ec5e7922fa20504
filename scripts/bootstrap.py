"""Makes .venv with everything requirements.txt asks for, then hands over to the Python in it.

Standard library only, and written so that Python 3.6 can still read it: a Python that is too old
answers with a sentence instead of a SyntaxError.
"""

import contextlib
import errno
import hashlib
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path

NEEDED = (3, 11)
ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
SCRIPTS, EXE = (VENV / "Scripts", ".exe") if os.name == "nt" else (VENV / "bin", "")
PYTHON = SCRIPTS / f"python{EXE}"
STAMP = VENV / "stamp"  # written last: without it .venv is half made
LOCK = ROOT / ".cache" / "setup.lock"
INSTALL = ["-r", "requirements.txt", "-c", "constraints.txt"]  # from ROOT, because of `-e .`

NO_NETWORK = re.compile(
    "NewConnectionError|ConnectTimeoutError|ReadTimeoutError|ProxyError|Network is unreachable"
    "|error sending request|dns error|operation timed out|network connectivity is disabled",
    re.IGNORECASE,
)


class Stop(Exception):
    """Ends the script with a sentence for the reader."""


def main(arguments, cwd=None):
    """Run the Python of .venv with these arguments; make .venv first when it is not in order."""
    try:
        if sys.version_info < NEEDED:
            raise Stop(
                "This needs Python {}.{} or newer and was started with {}.{}: install a newer one "
                "from https://www.python.org/downloads/ and start the same script with it.".format(
                    *NEEDED, *sys.version_info
                )
            )
        if not ready():
            with one_at_a_time():
                if not ready():  # unless another run has made it meanwhile
                    set_up()
        if cwd:
            os.chdir(str(cwd))
        sys.exit(hand_over([str(PYTHON), *arguments]))
    except Stop as stop:
        say(str(stop))
        sys.exit(1)
    except KeyboardInterrupt:
        say("Stopped.")
        sys.exit(130)


def ready():
    # PYTHON is a link on POSIX: a Python that was removed or moved does not "exist" any more
    try:
        return PYTHON.exists() and STAMP.read_bytes() == wanted()
    except OSError:
        return False


def wanted():
    """What .venv depends on. ROOT, because an environment cannot be moved."""
    files = [*requirement_files(ROOT / "requirements.txt"), ROOT / "constraints.txt"]
    contents = [path.read_bytes() for path in [*files, ROOT / "pyproject.toml"] if path.exists()]
    facts = repr((sys.version, sys.base_prefix, str(ROOT), contents))
    return hashlib.sha256(facts.encode()).digest()


def requirement_files(path):
    """This file and those it includes with -r; for one that is missing the installer complains."""
    if path.exists():
        yield path
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r"^\s*(?:-r|--requirement)[ =]*(\S+)", text, re.MULTILINE):
            yield from requirement_files(path.parent / name)


@contextlib.contextmanager
def one_at_a_time():
    """Wait until no other run is setting .venv up.

    The system ends a lock with the process that has it, so none is ever left behind. On POSIX an
    installer that outlives this process has it too.
    """
    try:
        LOCK.parent.mkdir(exist_ok=True)
        file = LOCK.open("a")
    except OSError as error:
        raise Stop(
            f"This needs a folder that it may write to ({error}): copy the repository to one, "
            "and run the same command there."
        ) from None
    started, said = time.monotonic(), None
    with file:
        os.set_inheritable(file.fileno(), os.name == "posix")
        while not lock(file):
            seconds = int(time.monotonic() - started)
            if seconds != said and (sys.stderr.isatty() or seconds % 10 == 0):
                said = seconds
                progress("waiting for another run to finish", seconds)
            time.sleep(0.1)
        yield


def lock(file):
    """Take the lock, and return whether it was to be had."""
    try:
        if os.name == "posix":
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        else:
            import msvcrt

            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
    except OSError as error:
        # A file system without locks has to do without.
        return error.errno not in {errno.EAGAIN, errno.EACCES, errno.EDEADLK}
    return True


def set_up():
    """Make .venv, the quickest way there is.

    Measured with the 65 packages of constraints.txt (cache empty / cache filled):
    venv + pip 24 s / 28 s; venv + `pip install uv` + uv 10 s / 10 s; the same without a pip in
    .venv 8 s / 5 s; uv already there 8 s / 4 s. So: uv always, and no pip in .venv, since
    copying one in takes longer than anything else but the download.
    """
    started, stamp = time.monotonic(), wanted()
    # the Python below any virtual environment this runs in, which may be .venv itself
    base = getattr(sys, "_base_executable", None) or sys.executable
    try:
        if VENV.exists() and any(VENV.iterdir()):
            say("Making .venv again: it is out of date, incomplete or was moved.")
            if STAMP.exists():
                STAMP.unlink()
            empty(VENV)
    except OSError as error:
        raise Stop(
            f"The old .venv cannot be removed ({error}): close whatever runs from it, "
            "and run the same command again."
        ) from None

    uv = "uv" if works("uv", "--version") else None
    has = [name for name in ("venv", "pip", "ensurepip") if works(base, "-c", f"import {name}")]
    if "venv" not in has or not (uv or has[1:]):
        raise Stop(
            "This Python cannot make virtual environments: install what is missing (on Debian and "
            "Ubuntu: `sudo apt install python3-venv`), and run the same command again."
        )
    # venv refuses a link, and takes what it leads to
    venv = [base, "-m", "venv", "--without-pip", "--prompt", "tutorial", VENV.resolve()]
    run("making .venv", started, venv)
    if not uv:
        pip = [base, "-m", "pip", "--python", PYTHON]
        if "pip" not in has:
            run("getting pip", started, [PYTHON, "-m", "ensurepip"])
            pip = [PYTHON, "-m", "pip"]
        run("getting uv", started, [*pip, "install", "uv", "-c", "constraints.txt"])
        uv = SCRIPTS / f"uv{EXE}"
    run("installing the packages", started, [uv, "pip", "install", "--python", PYTHON, *INSTALL])
    put_our_package_first()
    STAMP.write_bytes(stamp)
    say(f".venv is ready after {time.monotonic() - started:.1f} s.")


def put_our_package_first():
    """Let `import tutorial` find ours, whatever lies in a folder that PYTHONPATH names.

    In place of the line that was installed, which stops every Python before 3.13 where the path
    is not ASCII and the locale is: `site` reads it in the locale's encoding.
    """
    packages = Path(sysconfig.get_path("purelib", "venv", {"base": str(VENV)}))
    line = f"import sys; sys.path.insert(0, {str(ROOT / 'src')!a})\n"
    (packages / "tutorial.pth").write_text(line, encoding="ascii")


def empty(folder):
    """Remove what is in the folder, and not the folder itself: it may be a link or a mount."""
    for path in folder.iterdir():
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(str(path))
        else:
            path.unlink()


def run(what, started, command):
    """Run a step and show how long all has taken; its own output is shown only if it fails."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen(
            [str(word) for word in command],
            cwd=str(ROOT),
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            close_fds=False,  # the lock is the child's too
        )
        try:
            while child.returncode is None:
                progress(what, time.monotonic() - started)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    child.wait(1 if sys.stderr.isatty() else 10)
        except KeyboardInterrupt:
            child.kill()
            child.wait()
            raise
        if child.returncode:
            output.seek(0)
            text = output.read().decode(errors="replace")
            # a proxy's unknown certificate is no missing network, and needs the details
            if NO_NETWORK.search(text) and "certificate" not in text:
                raise Stop(
                    f"Setting up stopped at {what} because PyPI cannot be reached: "
                    "connect to the internet, and run the same command again."
                )
            tail = "\n".join(text.splitlines()[-15:])
            raise Stop(f"Setting up stopped at {what}; the installer's last words:\n\n{tail}")


def works(*command):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        return subprocess.call(command, env=environment(), **quiet) == 0
    except OSError:
        return False


def environment():
    """As after activating .venv, without what would change what our tools do."""
    found = shell()
    path = str(SCRIPTS) + os.pathsep + found.get("PATH", "")
    # PIP_USER: whatever pip's own configuration says.
    return dict(found, PATH=path, VIRTUAL_ENV=str(VENV), PYTHONUTF8="1", PIP_USER="0")


def shell():
    """The shell's variables, without those."""
    sys.path.insert(0, str(ROOT / "src"))
    from tutorial.running.environment import tools_environment

    return tools_environment()


def hand_over(command):
    sys.stdout.flush()
    sys.stderr.flush()
    if os.name == "posix":
        os.execve(command[0], command, environment())
    child = subprocess.Popen(command, env=environment())
    while True:
        try:
            return child.wait()
        except KeyboardInterrupt:  # the child was interrupted too, and ends in its own way
            pass


def progress(what, seconds):
    say(f"Setting up: {what} ... {seconds:.0f} s", end="" if sys.stderr.isatty() else "\n")


def say(text, end="\n"):
    # on stderr, so that the output of what is run can be piped; padded over the progress line
    if sys.stderr.isatty():
        text = "\r" + text.ljust(60)
    print(text, end=end, file=sys.stderr, flush=True)
