"""A key is read once a second, not once a request."""

from datetime import UTC, datetime
from typing import Any

from review.auth import hash_api_key
from review.known_keys import REMEMBERED_SECONDS, KnownKeys
from review.store import Store, keys

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


async def add_key(store: Store, key: str) -> Any:
    await store.write(keys.ensure_project, "a", "A", now=NOW)
    return await store.write(keys.add_key, "a", key_hash=hash_api_key(key), tail="", name="", now=NOW)


async def test_a_revoked_key_opens_nothing_once_its_second_is_over(store: Store) -> None:
    seconds = [100.0]
    added = await add_key(store, "lsk_1")
    known = KnownKeys(store, clock=lambda: seconds[0])

    opened = await known.project("lsk_1")
    assert opened is not None
    assert opened.id == "a"
    assert await store.write(keys.revoke_key, "a", added.id, now=NOW)
    assert await known.project("lsk_1") == opened  # remembered
    seconds[0] += REMEMBERED_SECONDS
    assert await known.project("lsk_1") is None


async def test_an_unknown_key_is_asked_for_again_so_a_new_one_works_at_once(store: Store) -> None:
    known = KnownKeys(store, clock=lambda: 100.0)

    assert await known.project("lsk_2") is None
    await add_key(store, "lsk_2")
    assert await known.project("lsk_2") is not None
