"""Every kind of file store keeps a file whole, gives back any part of it, and lets it go."""

import stat
import sys
from pathlib import Path

import pytest

from review.errors import Refused
from review.files.folder import Folder
from review.files.store import open_file_store
from settings import ReviewSettings

KEY = "default/2026-11-20/some-id"


def names_in(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]


async def part(files, start: int, end: int, key: str = KEY) -> bytes:
    return b"".join([chunk async for chunk in files.read(key, start, end)])


async def test_a_file_is_kept_read_in_parts_replaced_and_deleted(files, arriving):
    assert await files.size(KEY) is None
    await files.save(KEY, arriving(b"hello ", b"", b"world"))
    assert await files.size(KEY) == 11
    assert await part(files, 0, 11) == b"hello world"
    assert await part(files, 6, 8) == b"wo"
    assert await part(files, 11, 11) == b""
    await files.save(KEY, arriving(b"short"))
    assert await part(files, 0, 5) == b"short"
    for _ in range(2):
        await files.delete(KEY)
        assert await files.size(KEY) is None


async def test_an_empty_file_is_a_file(files, arriving):
    await files.save(KEY, arriving())
    assert await files.size(KEY) == 0


async def test_a_file_of_many_megabytes_comes_back_as_it_was(files, arriving):
    megabyte = bytes(range(256)) * 4096
    await files.save(KEY, arriving(*[megabyte] * 12))
    assert await files.size(KEY) == 12 << 20
    assert await part(files, (11 << 20) + 5, (11 << 20) + 9) == bytes([5, 6, 7, 8])
    assert await part(files, 0, 12 << 20) == megabyte * 12


async def test_a_file_that_does_not_arrive_whole_does_not_arrive(files, arriving):
    async def cut_off():
        yield b"x" * (6 << 20)
        raise ConnectionError("the sender is gone")

    with pytest.raises(ConnectionError):
        await files.save(KEY, cut_off())
    assert await files.size(KEY) is None
    await files.save(KEY, arriving(b"the first"))
    with pytest.raises(ConnectionError):
        await files.save(KEY, cut_off())
    assert await part(files, 0, 9) == b"the first"


async def test_a_folder_keeps_no_drafts_and_nothing_for_others_to_read(tmp_path: Path, arriving):
    async def cut_off():
        yield b"half"
        raise ConnectionError

    folder = Folder(tmp_path / "files")
    await folder.save(KEY, arriving(b"secret"))
    with pytest.raises(ConnectionError):
        await folder.save(KEY, cut_off())
    [path] = [path for path in (tmp_path / "files").rglob("*") if path.is_file()]
    assert path.relative_to(tmp_path / "files").as_posix() == KEY
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("key", ["../a", "a/../../b", "/etc/passwd", "a//b", "", "a/.", "a\\b", "a\x00b"])
async def test_a_folder_is_never_left(tmp_path: Path, key: str, arriving):
    folder = Folder(tmp_path / "files")
    for attempt in (folder.save(key, arriving(b"x")), folder.size(key), folder.delete(key), part(folder, 0, 1, key)):
        with pytest.raises(ValueError, match="no key of ours"):
            await attempt
    assert names_in(tmp_path) == []


@pytest.mark.parametrize("address", ["s3:///folder", "gs://bucket", "nonsense", "/a/path"])
def test_an_address_that_names_no_store_is_refused_by_name(tmp_path: Path, address: str):
    with pytest.raises(Refused, match="FILES_URL"):
        open_file_store(ReviewSettings(files_url=address), tmp_path)


def test_a_bucket_without_its_library_is_refused_with_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "obstore", None)
    monkeypatch.delitem(sys.modules, "review.files.s3", raising=False)
    with pytest.raises(Refused, match="pip install obstore"):
        open_file_store(ReviewSettings(files_url="s3://bucket"), tmp_path)
