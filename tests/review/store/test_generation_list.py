"""The list of generations: every filter and order of literal-api.md §3.4 and §3.5."""

import pytest

from review.errors import Refused
from review.prompts import VersionDraft
from review.records import Filter, GenerationUpdate, OrderBy, PageRequest, ScoreUpdate, StepUpdate, ThreadUpdate
from review.store import prompts, reads, writes
from review.store.generation_list import GENERATIONS

PROJECT = "weather-app"


@pytest.fixture
async def calls(store, save, at):
    """Three calls (one with everything, one with little, one of a prompt's first version) and a step that is none."""
    lineage = await store.write(prompts.get_or_create_lineage, PROJECT, "Forecast", now=at(0))
    drafts = [VersionDraft(template_messages=[{"role": "system", "content": text}]) for text in ("zero", "one")]
    versions = [await store.write(prompts.create_version, PROJECT, lineage.id, draft, now=at(0)) for draft in drafts]
    rich = GenerationUpdate(
        prompt_id=versions[1].id, provider="openai", model="gpt", token_count=50, duration=2.5, tags=["slow"]
    )
    poor = GenerationUpdate(input_token_count=5, output_token_count=2, error="too slow")
    first = GenerationUpdate(prompt_id=versions[0].id, provider="mistral", model="large", duration=0.5)
    score = ScoreUpdate(name="quality", type="AI", value=0.4)
    await save(
        StepUpdate(id="rich", thread_id="paris", type="llm", generation=rich, tags=["web"], scores=[score]),
        StepUpdate(id="none", thread_id="paris", type="tool"),
        received_at=at(10),
    )
    await save(StepUpdate(id="poor", thread_id="köln", type="run", generation=poor), received_at=at(20))
    await save(StepUpdate(id="first", generation=first, error="refused"), received_at=at(30))
    for thread_id, person in (("paris", "ann"), ("köln", "Bob")):
        change = ThreadUpdate(id=thread_id, participant=person)
        await store.write(writes.upsert_thread, PROJECT, change, received_at=at(0))


FILTERS = [
    (("id", "eq", "rich"), "rich"),
    (("id", "nin", ["rich"]), "first poor"),
    (("createdAt", "gt", "2026-11-20T12:00:10Z"), "first poor"),
    (("error", "nis", None), "first poor"),
    (("error", "ilike", "SLOW"), "poor"),
    (("provider", "eq", "openai"), "rich"),
    (("provider", "neq", "openai"), "first poor"),
    (("provider", "is", None), "poor"),
    (("model", "ilike", "LAR"), "first"),
    (("model", "in", ["gpt", "large"]), "first rich"),
    (("promptLineage", "eq", "Forecast"), "first rich"),
    (("promptLineage", "ilike", "fore"), "first rich"),
    (("promptLineage", "neq", "Forecast"), "poor"),
    (("promptLineage", "is", None), "poor"),
    (("promptVersion", "eq", 1), "rich"),
    (("promptVersion", "lt", 1), "first"),
    (("promptVersion", "nis", None), "first rich"),
    (("duration", "gte", 2.5), "rich"),
    (("duration", "is", None), "poor"),
    (("score", "lt", 0.5, "quality"), "rich"),
    (("score", "lt", 0.5, "user-feedback"), ""),
    (("tokenCount", "eq", 7), "poor"),
    (("tokenCount", "is", None), "first"),
    (("tags", "in", ["web", "x"]), "rich"),
    (("tags", "in", ["slow"]), "rich"),
    (("tags", "nin", ["slow"]), "first poor"),
    (("participant", "in", ["ann", "nobody"]), "rich"),
    (("participant", "is", None), "first"),
]


@pytest.mark.parametrize(("asked", "expected"), FILTERS, ids=str)
async def test_generations_are_filtered(store, calls, asked, expected):
    page = await store.read(reads.generations, PROJECT, PageRequest(filters=[Filter(*asked)]))
    assert " ".join(sorted(row.id for row in page.rows)) == expected
    assert page.total == len(page.rows)


def test_every_filter_field_is_tried():
    assert {asked[0] for asked, _ in FILTERS} == set(GENERATIONS.fields)


ORDERS = [
    (None, "first poor rich"),
    (OrderBy("createdAt", "ASC"), "rich poor first"),
    (OrderBy("tokenCount", "DESC"), "rich poor first"),
    (OrderBy("duration", "ASC"), "first rich poor"),
    (OrderBy("model", "ASC"), "rich first poor"),
    (OrderBy("provider", "ASC"), "first rich poor"),
    (OrderBy("participant", "DESC"), None),  # whose order of letters is the engine's own
]


@pytest.mark.parametrize(("order", "expected"), ORDERS, ids=str)
async def test_generations_are_ordered_nulls_last_and_pages_follow_each_other(store, calls, order, expected):
    whole = (await store.read(reads.generations, PROJECT, PageRequest(order_by=order))).rows
    assert expected is None or " ".join(row.id for row in whole) == expected
    forwards, after = [], None
    for _ in range(3):
        page = await store.read(reads.generations, PROJECT, PageRequest(first=1, after=after, order_by=order))
        forwards += page.rows
        after = page.cursors[-1]
    assert forwards == whole
    assert (page.has_next, page.total) == (False, 3)


def test_every_order_is_tried():
    assert {order.column for order, _ in ORDERS if order} == set(GENERATIONS.columns)


async def test_only_calls_made_until_the_anchor_are_listed(store, calls, at):
    page = await store.read(reads.generations, PROJECT, PageRequest(cursor_anchor=at(20)))
    assert [row.id for row in page.rows] == ["poor", "rich"]


async def test_what_can_not_be_asked_is_refused(store):
    for request in (PageRequest(filters=[Filter("colour", "eq", 1)]), PageRequest(order_by=OrderBy("error"))):
        with pytest.raises(Refused):
            await store.read(reads.generations, PROJECT, request)


async def test_another_project_lists_nothing_and_lends_no_prompt(store, calls, save, at):
    assert (await store.read(reads.generations, "other", PageRequest())).total == 0
    ours = await store.read(prompts.version, PROJECT, lineage_name="Forecast", number=0, chance=lambda: 0)
    assert ours is not None
    stolen = StepUpdate(id="s", generation=GenerationUpdate(prompt_id=ours.id))
    await store.write(writes.save_steps, "other", [stolen], environment=None, received_at=at(0))
    named = PageRequest(filters=[Filter("promptLineage", "eq", "Forecast")])
    assert (await store.read(reads.generations, "other", named)).total == 0


@pytest.mark.parametrize("store_url", ["sqlite"], indirect=True)
async def test_the_list_and_its_count_have_an_index_of_their_own(store, calls):
    def plans(conn):
        page = reads.generations(conn, PROJECT, PageRequest(first=1))
        assert page.total == 3
        narrow = "FROM step WHERE project_id = 'p' AND has_generation IS NOT NULL"
        asked = (f"SELECT * {narrow} ORDER BY created_at DESC, id DESC", f"SELECT count(*) {narrow}")
        return [conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {sql}").all()[0].detail for sql in asked]

    listed, counted = await store.read(plans)
    assert "INDEX ix_step_generations" in listed
    assert "COVERING INDEX ix_step_generations" in counted
