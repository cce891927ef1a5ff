"""`python -m review export` and `import`, as a person at a terminal uses them."""

import io
import json
import stat
import sys
from pathlib import Path

import pytest

from review.__main__ import main

THREADS = [{"id": f"t{n}", "createdAt": f"2026-11-{20 + n}T12:00:00Z", "steps": [{"id": f"s{n}"}]} for n in range(3)]


def ran(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = main(arguments)
    told = capsys.readouterr()
    return code, told.out, told.err


@pytest.fixture
def database(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> str:
    """Three threads, one a day."""
    (tmp_path / "page.json").write_text(json.dumps({"data": THREADS}))
    url = f"--database=sqlite:///{tmp_path}/a.db"
    assert ran(capsys, "import", url, "page.json") == (0, "", "imported 3 threads, 3 steps\n")
    return url


def test_a_project_goes_out_and_comes_back_as_it_was(capsys, tmp_path: Path, database: str) -> None:
    code, out, told = ran(capsys, "export", database)
    assert (code, told) == (0, "exported 3 threads, 3 steps\n")
    assert ran(capsys, "export", database, "whole.jsonl") == (0, "", told)
    assert (tmp_path / "whole.jsonl").read_text() == out
    assert stat.S_IMODE((tmp_path / "whole.jsonl").stat().st_mode) == 0o600
    other = f"--database=sqlite:///{tmp_path}/b.db"
    assert ran(capsys, "import", other, "--project=else", "whole.jsonl")[0] == 0
    assert ran(capsys, "export", other, "--project=else")[1] == out


def test_the_input_is_read_and_threads_are_chosen(capsys, tmp_path: Path, database: str, monkeypatch) -> None:
    def threads(*options: str) -> list[str]:
        rows = map(json.loads, ran(capsys, "export", database, *options)[1].splitlines())
        return [row["id"] for row in rows if row["kind"] == "thread"]

    assert threads("--thread=t2", "--thread=t0") == ["t0", "t2"]
    assert threads("--since=2026-11-21") == ["t1", "t2"]
    assert threads("--since=2026-11-21", "--until=2026-11-22T12:00:00Z") == ["t1"]
    content = ran(capsys, "export", database, "--thread=t1")[1].encode()
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(content)))
    assert ran(capsys, "import", f"--database=sqlite:///{tmp_path}/b.db", "-")[2] == "imported 1 thread, 1 step\n"


def test_what_goes_wrong_is_one_clear_line(capsys, tmp_path: Path, database: str) -> None:
    (tmp_path / "bad.jsonl").write_text('{"kind":"export","format":1}\n{"kind":"thread"}\n')
    assert ran(capsys, "import", database, "bad.jsonl") == (2, "", "review: line 2: id: a thread must have one\n")
    assert ran(capsys, "export", database, "--project=nobody")[::2] == (2, "review: there is no project nobody\n")
    for command in (("import", database, "missing.jsonl"), ("export", database, "page.json/x")):
        code, _, told = ran(capsys, *command)
        assert code == 2
        assert told.startswith("review: ")
        assert told.count("\n") == 1
    with pytest.raises(SystemExit):
        main(["export", database, "--since=noon"])
    assert "'noon' is no time like 2026-11-20" in capsys.readouterr().err


def test_an_export_that_fails_leaves_the_file_that_was_there(capsys, tmp_path: Path, database: str) -> None:
    (tmp_path / "kept").write_text("precious")
    assert ran(capsys, "export", database, "--project=nobody", "kept")[0] == 2
    assert (tmp_path / "kept").read_text() == "precious"
