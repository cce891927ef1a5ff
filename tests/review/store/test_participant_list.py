"""The list of participants: what their threads say of them, every filter, and what a page costs."""

import pytest

from review.errors import Refused
from review.records import Filter, GenerationUpdate, OrderBy, PageRequest, StepUpdate, ThreadUpdate
from review.store import participants, writes
from review.store.participant_list import PARTICIPANTS, activity
from review.store.participant_list import participants as listed

PROJECT = "weather-app"


@pytest.fixture
async def people(store, save, at):
    """Ann with two threads and tokens, Bob with an empty thread, and Cid, who was never met."""
    for seconds, name in enumerate(("ann", "Bob", "cid")):
        plan = {"plan": {"name": "pro"}} if name == "ann" else None
        await store.write(participants.create_participant, PROJECT, name, metadata=plan, now=at(seconds))
    for thread_id, person, seconds in (("1", "ann", 10), ("2", "ann", 20), ("3", "Bob", 30)):
        change = ThreadUpdate(id=thread_id, participant=person)
        await store.write(writes.upsert_thread, PROJECT, change, received_at=at(seconds))
    await save(
        StepUpdate(
            id="a", thread_id="1", start_time=at(50), end_time=at(60), generation=GenerationUpdate(token_count=7)
        ),
        StepUpdate(id="b", thread_id="2", start_time=at(40), generation=GenerationUpdate(token_count=5)),
    )


async def test_threads_tell_when_somebody_was_met_last_how_often_and_at_what_cost(store, people, at):
    page = await store.read(listed, PROJECT, PageRequest())
    told = [(row.identifier, row.last_engaged, row.thread_count, row.token_count) for row in page.rows]
    assert told == [("cid", None, 0, None), ("Bob", at(30), 1, None), ("ann", at(60), 2, 12)]
    ann = page.rows[-1]
    assert (ann.metadata, page.rows[0].metadata, page.total) == ({"plan": {"name": "pro"}}, {}, 3)
    assert await store.read(activity, PROJECT, ann.id) == ann
    assert await store.read(activity, "other", ann.id) is None


FILTERS = [
    (("id", "nis", None), "Bob ann cid"),
    (("createdAt", "gte", "2026-11-20T12:00:01Z"), "Bob cid"),
    (("identifier", "in", ["ann", "cid"]), "ann cid"),
    (("identifier", "nin", ["ann"]), "Bob cid"),
    (("identifier", "ilike", "B"), "Bob"),
    (("lastEngaged", "gt", "2026-11-20T12:00:30Z"), "ann"),
    (("lastEngaged", "is", None), "cid"),
    (("threadCount", "gte", 1), "Bob ann"),
    (("threadCount", "eq", 0), "cid"),
    (("tokenCount", "gt", 11), "ann"),
    (("tokenCount", "is", None), "Bob cid"),
    (("metadata", "eq", "pro", "plan.name"), "ann"),
    (("metadata", "is", None), "Bob cid"),
]


@pytest.mark.parametrize(("asked", "expected"), FILTERS, ids=str)
async def test_participants_are_filtered(store, people, asked, expected):
    page = await store.read(listed, PROJECT, PageRequest(filters=[Filter(*asked)]))
    assert " ".join(sorted(row.identifier for row in page.rows)) == expected
    assert page.total == len(page.rows)


def test_every_filter_field_is_tried():
    assert {asked[0] for asked, _ in FILTERS} == set(PARTICIPANTS.fields)


async def test_pages_follow_each_other_and_only_the_time_orders_them(store, people):
    first = await store.read(listed, PROJECT, PageRequest(first=2))
    second = await store.read(listed, PROJECT, PageRequest(first=2, after=first.cursors[-1]))
    assert [row.identifier for row in (*first.rows, *second.rows)] == ["cid", "Bob", "ann"]
    assert (first.has_next, second.has_next) == (True, False)
    with pytest.raises(Refused):
        await store.read(listed, PROJECT, PageRequest(order_by=OrderBy("identifier")))


async def test_a_page_is_two_statements_however_many_there_are(store, people, queries):
    with queries.counted():
        await store.read(listed, PROJECT, PageRequest())
    assert len(queries) == 2
