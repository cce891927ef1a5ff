"""Environments of other people's clients: made from their pins, kept beside ours, made anew when the pins change."""

import fcntl
import shutil
import subprocess
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
CLIENTS: Final = ROOT / "tests" / "clients"
KEPT: Final = ROOT / ".venv-clients"
SECONDS: Final = 600
"""How long an installation may take."""


class NotToBeHadError(Exception):
    """An environment can't be made here: no Node, no registry, or no such package."""


def python_of(name: str) -> Path:
    """The Python of a virtual environment with what `requirements/<name>.txt` pins.

    Raises:
        NotToBeHadError: it couldn't be made.
    """
    pins = CLIENTS / "requirements" / f"{name}.txt"
    folder = KEPT / name
    python = folder / "bin" / "python"

    def make() -> None:
        _run(sys.executable, "-m", "venv", "--without-pip", str(folder))
        # The pins are complete: without --no-deps pip would look for versions for minutes.
        pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", str(python))
        _run(*pip, "install", "--quiet", "--no-deps", "--no-compile", "--requirement", str(pins))

    _keep(folder, f"{sys.version}\n{pins.read_text()}", make)
    return python


def node_packages() -> Path:
    """The `node_modules` that `typescript/package-lock.json` pins.

    Raises:
        NotToBeHadError: there is no Node, or the packages couldn't be fetched.
    """
    npm = shutil.which("npm")
    if npm is None:
        raise NotToBeHadError("Node.js is missing")
    source, folder = CLIENTS / "typescript", KEPT / "typescript"

    def make() -> None:
        folder.mkdir()
        for name in ("package.json", "package-lock.json"):
            shutil.copy(source / name, folder)
        # Optional are the libraries it can watch; that would be 500 packages more.
        _run(npm, "ci", "--prefix", str(folder), "--omit=optional", "--ignore-scripts", "--no-audit")

    _keep(folder, (source / "package-lock.json").read_text(), make)
    return folder / "node_modules"


def _keep(folder: Path, made_from: str, make: Callable[[], None]) -> None:
    """Makes a folder unless it was made from the same before, whoever else is making it at this moment."""
    note = folder / "made-from.txt"
    with _only_one(folder):
        if note.exists() and note.read_text() == made_from:
            return
        shutil.rmtree(folder, ignore_errors=True)
        make()
        note.write_text(made_from)


@contextmanager
def _only_one(folder: Path) -> Generator[None]:
    folder.parent.mkdir(exist_ok=True)
    with folder.with_name(f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS)
    except subprocess.CalledProcessError as error:
        raise NotToBeHadError(f"{' '.join(command)} failed:\n{error.stderr[-2000:]}") from error
    except subprocess.TimeoutExpired as error:
        raise NotToBeHadError(f"{' '.join(command)} took more than {SECONDS} s") from error
