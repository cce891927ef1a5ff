"""Makes sure that the browser tests have a browser; says which one, or how to get one."""

import os
import shutil
import subprocess
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def main() -> int:
    """Find a browser, or install one; 0 also without one unless CI is set."""
    if found := _system_browser():
        print(f"browser: {found}")
        return 0
    attempts: list[list[list[str]]] = [[[sys.executable, "-m", "playwright", "install", "chromium"]]]
    if hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("apt-get"):
        attempts.insert(0, [["apt-get", "update", "-qq"], ["apt-get", "install", "-y", "-qq", "chromium"]])
    for commands in attempts:
        if all(_runs(command) for command in commands):
            return 0
    print("browser: none could be installed; the browser tests need Chromium or Chrome", file=sys.stderr)
    return 1 if os.environ.get("CI") else 0


def _system_browser() -> str | None:
    return next((path for name in NAMES if (path := shutil.which(name))), None)


def _runs(command: list[str]) -> bool:
    print("browser:", " ".join(command))
    return subprocess.run(command, check=False, stdout=subprocess.DEVNULL, env=_unattended()).returncode == 0


def _unattended() -> dict[str, str]:
    return {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}


if __name__ == "__main__":
    sys.exit(main())
