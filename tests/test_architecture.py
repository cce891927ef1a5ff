"""The import rules of the house, read from the syntax trees: each with the reason it is kept."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("agent", "monitor", "replay", "review")
SOURCES = sorted(
    path
    for part in (*PACKAGES, "server.py", "client.py", "tools.py", "settings.py")
    for path in ([ROOT / part] if part.endswith(".py") else (ROOT / part).rglob("*.py"))
)

ONLY_IN = {
    "literalai": ("monitor/literal/",),
    "traceloop": (),
    "openai": ("agent/model.py",),
    "sqlalchemy": ("review/store/",),
    "alembic": ("review/store/",),
    "ariadne": ("review/api/",),
    "graphql": ("review/api/",),
    "jinja2": ("review/dashboard/render.py",),
    "fastapi": ("server.py", "agent/api/"),
    "obstore": ("review/files/s3.py",),
    "requests": ("replay/connection.py",),
}


def imports(path: Path) -> Iterator[str]:
    """Every module a file imports, also inside functions."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"{path}: imports are absolute, so that they can be searched for"
            yield node.module or ""


def tops(path: Path) -> set[str]:
    return {name.split(".")[0] for name in imports(path)}


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_the_packages_never_import_one_another(path: Path) -> None:
    """What joins agent and monitor is server.py; what joins monitor and review is the wire."""
    package = path.relative_to(ROOT).parts[0]
    if package in PACKAGES:
        assert not tops(path) & ({*PACKAGES, "server", "client", "tools"} - {package})


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_a_library_is_imported_only_where_it_belongs(path: Path) -> None:
    """So that each can be replaced, and a slow one be loaded late, in one place."""
    for library in tops(path) & ONLY_IN.keys():
        allowed = ONLY_IN[library]
        assert name_of(path).startswith(allowed), f"{library} belongs to {', '.join(allowed) or 'nobody'}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_settings_reads_the_environment(path: Path) -> None:
    """One table of knobs; everybody else receives values."""
    if name_of(path) == "settings.py":
        return
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "os":
            assert node.attr not in {"environ", "getenv", "environb"}, f"{name_of(path)}:{node.lineno}"


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_only_entry_points_load_the_settings(path: Path) -> None:
    """A package that loads settings by itself can't be used twice in one process."""
    if name_of(path) in {"server.py", "client.py"} or path.name == "__main__.py":
        return
    assert "settings.load(" not in path.read_text(encoding="utf-8")


def test_client_and_tools_stand_alone() -> None:
    """client.py is a program of its own; tools.py is what a user edits."""
    ours = {*PACKAGES, "server", "client", "tools", "settings"}
    assert tops(ROOT / "client.py") & ours <= {"replay", "settings"}
    assert tops(ROOT / "tools.py") & ours <= {"agent", "settings"}


def test_importing_the_server_starts_nothing() -> None:
    """No thread, no file, no socket, and none of the slow packages."""
    probe = """
import sys, threading, os
opened = []
sys.addaudithook(lambda event, args: opened.append((event, args)) if (
    event in ("socket.bind", "socket.connect", "sqlite3.connect", "subprocess.Popen")
    or event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+")) else None)
import server
assert threading.enumerate() == [threading.main_thread()], threading.enumerate()
opened = [o for o in opened if not str(o[1][0]).endswith(".pyc") and ".pyc." not in str(o[1][0])]
assert not opened, opened
slow = {"literalai", "openai", "sqlalchemy", "alembic", "ariadne", "graphql", "traceloop"} & set(sys.modules)
assert not slow, slow
"""
    done = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
