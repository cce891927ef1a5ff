"""Lists: every filter and order of literal-api.md §3.4 and §3.5 for threads and steps, pages, and what they cost."""

import pytest

from review.errors import Refused
from review.records import Filter, GenerationUpdate, OrderBy, PageRequest, ScoreUpdate, StepUpdate, ThreadUpdate
from review.store import reads, writes
from review.store.filters import STEPS, THREADS

PROJECT = "weather-app"


@pytest.fixture
async def trips(store, save, at):
    """Three threads: a trip to Paris with everything, one to Köln with little, and one that only has an id."""
    await save(
        StepUpdate(
            id="ask",
            thread_id="paris",
            type="user_message",
            name="question",
            start_time=at(1),
            end_time=at(1),
            output={"content": "What's the weather in PARIS?", "deep": {"er": True}},
            metadata={"user": {"plan": "free"}, "n": 3},
            tags=["web"],
            scores=[
                ScoreUpdate(id="up", name="user-feedback", value=1),
                ScoreUpdate(id="q", name="quality", value=0.4),
            ],
        ),
        StepUpdate(
            id="think",
            thread_id="paris",
            parent_id="ask",
            type="llm",
            start_time=at(2),
            end_time=at(4),
            input="a question",
            error="too slow",
            generation=GenerationUpdate(token_count=50, tags=["slow"]),
        ),
        environment="prod",
        received_at=at(10),
    )
    await save(
        StepUpdate(id="frage", thread_id="köln", name="FRAGE", output={"content": "Wie ist das Wetter in KÖLN?"}),
        environment="dev",
        received_at=at(20),
    )
    changes = [
        (
            ThreadUpdate(id="paris", name="Trip to Paris", tags=["web", "vip"], participant="ann", metadata={"k": "v"}),
            10,
        ),
        (ThreadUpdate(id="köln", name="Reise 100%", participant="Bob"), 20),
        (ThreadUpdate(id="bare"), 30),
    ]
    for change, seconds in changes:
        await store.write(writes.upsert_thread, PROJECT, change, received_at=at(seconds))


THREAD_FILTERS = [
    (("id", "eq", "paris"), "paris"),
    (("id", "neq", "paris"), "bare köln"),
    (("id", "ilike", "RIS"), "paris"),
    (("id", "in", ["bare", "köln"]), "bare köln"),
    (("createdAt", "gt", "2026-11-20T12:00:10Z"), "bare köln"),
    (("createdAt", "gte", "2026-11-20 12:00:10"), "bare köln paris"),
    (("createdAt", "lt", "2026-11-20T13:00:20+01:00"), "paris"),
    (("createdAt", "lte", "2026-11-20T12:00:20Z"), "köln paris"),
    (("createdAt", "lt", "2026-11-20"), ""),
    (("name", "eq", "Trip to Paris"), "paris"),
    (("name", "neq", "Trip to Paris"), "bare köln"),
    (("name", "ilike", "trip TO"), "paris"),
    (("name", "nilike", "trip to"), "bare köln"),
    (("name", "ilike", "0%"), "köln"),
    (("name", "ilike", "_rip"), ""),
    (("name", "is", None), "bare"),
    (("name", "nis", None), "köln paris"),
    (("metadata", "eq", "v", "k"), "paris"),
    (("metadata", "neq", "v", "k"), "bare köln"),
    (("metadata", "ilike", "V", "k"), "paris"),
    (("metadata", "is", None), "bare köln"),
    (("metadata", "ilike", '"v"'), "paris"),
    (("tokenCount", "gte", 50), "paris"),
    (("tokenCount", "lt", 50), ""),
    (("tokenCount", "neq", 50), "bare köln"),
    (("tokenCount", "is", None), "bare köln"),
    (("duration", "eq", 3), "paris"),
    (("duration", "gt", "2.5"), "paris"),
    (("duration", "is", None), "bare köln"),
    (("tags", "in", ["vip", "x"]), "paris"),
    (("tags", "nin", ["vip"]), "bare köln"),
    (("tags", "is", None), "bare köln"),
    (("tags", "nis", None), "paris"),
    (("participantId", "is", None), "bare"),
    (("participantIdentifiers", "in", ["ann", "Bob"]), "köln paris"),
    (("participantIdentifiers", "nin", ["ann"]), "bare köln"),
    (("stepType", "in", ["llm"]), "paris"),
    (("stepType", "nin", ["llm"]), "bare köln"),
    (("stepName", "eq", "question"), "paris"),
    (("stepName", "ilike", "frage"), "köln"),
    (("stepName", "nilike", "frage"), "bare paris"),
    (("stepOutput", "ilike", "weather in paris", "content"), "paris"),
    (("stepOutput", "ilike", "köln", "content"), "köln"),
    (("stepOutput", "nilike", "köln", "content"), "bare paris"),
    (("stepOutput", "eq", "true", "deep.er"), "paris"),
    (("stepOutput", "is", None), "bare"),
    (("scoreValue", "eq", 1, "user-feedback"), "paris"),
    (("scoreValue", "eq", 0, "user-feedback"), ""),
    (("scoreValue", "lt", 0.5), "paris"),
    (("scoreValue", "lt", 0.5, "user-feedback"), ""),
    (("environment", "eq", "dev"), "köln"),
]


@pytest.mark.parametrize(("asked", "expected"), THREAD_FILTERS, ids=str)
async def test_threads_are_filtered(store, trips, asked, expected):
    page = await store.read(reads.threads, PROJECT, PageRequest(filters=[Filter(*asked)]))
    assert " ".join(sorted(row.id for row in page.rows)) == expected
    assert page.total == len(page.rows)


STEP_FILTERS = [
    (("id", "in", ["ask", "frage"]), "ask frage"),
    (("name", "ilike", "fra"), "frage"),
    (("name", "is", None), "think"),
    (("type", "eq", "llm"), "think"),
    (("type", "eq", "undefined"), "frage"),
    (("type", "in", ["llm", "user_message"]), "ask think"),
    (("type", "nin", ["llm"]), "ask frage"),
    (("environment", "eq", "prod"), "ask think"),
    (("input", "ilike", "QUESTION"), "think"),
    (("output", "ilike", "Köln", "content"), "frage"),
    (("metadata", "eq", "free", "user.plan"), "ask"),
    (("metadata", "eq", 3, "n"), "ask"),
    (("participantIdentifier", "in", ["ann"]), "ask think"),
    (("participantIdentifiers", "nin", ["ann"]), "frage"),
    (("startTime", "gte", "2026-11-20T12:00:02Z"), "think"),
    (("startTime", "is", None), "frage"),
    (("endTime", "lt", "2026-11-20T12:00:02Z"), "ask"),
    (("parentId", "eq", "ask"), "think"),
    (("parentId", "is", None), "ask frage"),
    (("rootRunId", "is", None), "ask frage think"),
    (("threadId", "eq", "paris"), "ask think"),
    (("threadId", "neq", "paris"), "frage"),
    (("error", "nis", None), "think"),
    (("error", "ilike", "SLOW"), "think"),
    (("tags", "in", ["web"]), "ask"),
    (("tags", "in", ["slow"]), "think"),
    (("tags", "nin", ["slow"]), "ask frage"),
    (("createdAt", "gt", "2026-11-20T12:00:15Z"), "frage"),
    (("scoreValue", "gt", 0.3, "quality"), "ask"),
]


@pytest.mark.parametrize(("asked", "expected"), STEP_FILTERS, ids=str)
async def test_steps_are_filtered(store, trips, asked, expected):
    page = await store.read(reads.steps, PROJECT, PageRequest(filters=[Filter(*asked)]))
    assert " ".join(sorted(row.id for row in page.rows)) == expected
    assert page.total == len(page.rows)


def test_every_filter_field_is_tried():
    assert {asked[0] for asked, _ in THREAD_FILTERS} == set(THREADS.fields)
    assert {asked[0] for asked, _ in STEP_FILTERS} == set(STEPS.fields)


async def test_several_filters_are_joined_by_and(store, trips):
    filters = [Filter("tags", "in", ["web"]), Filter("name", "ilike", "reise")]
    assert (await store.read(reads.threads, PROJECT, PageRequest(filters=filters))).rows == []


@pytest.mark.parametrize(
    "request_",
    [
        PageRequest(filters=[Filter("colour", "eq", "red")]),
        PageRequest(filters=[Filter("name", "resembles", "x")]),
        PageRequest(filters=[Filter("tokenCount", "gt", "many")]),
        PageRequest(filters=[Filter("createdAt", "gt", "soon")]),
        PageRequest(filters=[Filter("createdAt", "gt", None)]),
        PageRequest(order_by=OrderBy("colour")),
        PageRequest(after="rubbish"),
        PageRequest(after="WyJjcmVhdGVkQXQiXQ"),
    ],
    ids=str,
)
async def test_what_can_not_be_asked_is_refused(store, request_):
    with pytest.raises(Refused):
        await store.read(reads.threads, PROJECT, request_)


async def test_a_cursor_of_another_order_is_refused(store, trips):
    page = await store.read(reads.threads, PROJECT, PageRequest(first=1))
    with pytest.raises(Refused):
        await store.read(reads.threads, PROJECT, PageRequest(after=page.cursors[0], order_by=OrderBy("tokenCount")))


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        (None, "bare köln paris"),
        (OrderBy("createdAt", "ASC"), "paris köln bare"),
        (OrderBy("tokenCount", "DESC"), "paris köln bare"),
        (OrderBy("tokenCount", "ASC"), "paris bare köln"),
        (OrderBy("participant", "ASC"), "Bob ann"),
    ],
    ids=str,
)
async def test_threads_are_ordered_nulls_last_and_pages_follow_each_other(store, trips, order, expected):
    whole = (await store.read(reads.threads, PROJECT, PageRequest(order_by=order))).rows
    if order is None or order.column != "participant":  # whose order of letters is the engine's own
        assert " ".join(row.id for row in whole) == expected
    forwards, after = [], None
    for _ in range(3):
        page = await store.read(reads.threads, PROJECT, PageRequest(first=1, after=after, order_by=order))
        forwards += page.rows
        after = page.cursors[-1]
    assert forwards == whole
    assert page.has_next is False
    backwards, before = [], None
    for _ in range(3):
        page = await store.read(reads.threads, PROJECT, PageRequest(last=1, before=before, order_by=order))
        backwards = page.rows + backwards
        before = page.cursors[0]
    assert backwards == whole
    assert page.has_previous is False


async def test_pages_skip_anchor_and_cap(store, at):
    for number in range(7):
        change = ThreadUpdate(id=str(number))
        await store.write(writes.upsert_thread, PROJECT, change, received_at=at(number // 2))  # pairs at one instant

    async def ids(**asked):
        page = await store.read(reads.threads, PROJECT, PageRequest(**asked))
        return "".join(row.id for row in page.rows), page.has_next, page.has_previous, page.total

    first = await store.read(reads.threads, PROJECT, PageRequest(first=3))
    assert await ids(first=3) == ("654", True, False, 7)
    assert await ids(first=3, after=first.cursors[-1]) == ("321", True, True, 7)
    assert await ids(first=2, before=first.cursors[-1]) == ("65", True, False, 7)
    assert await ids(last=1, before=first.cursors[-1]) == ("5", True, True, 7)
    assert await ids(first=3, skip=5) == ("10", False, True, 7)
    assert await ids(cursor_anchor=at(1)) == ("3210", False, False, 4)
    assert await ids(first=100_000) == ("6543210", False, False, 7)
    assert await ids(filters=[Filter("id", "eq", "none")]) == ("", False, False, 0)


async def test_the_pages_list_goes_both_ways(store, at):
    for number in range(5):
        await store.write(writes.upsert_thread, PROJECT, ThreadUpdate(id=str(number)), received_at=at(number))
    first = await store.read(reads.threads_page, PROJECT, limit=2)
    second = await store.read(reads.threads_page, PROJECT, limit=2, after=first.next)
    back = await store.read(reads.threads_page, PROJECT, limit=2, before=second.previous)
    assert ["".join(row.id for row in page.rows) for page in (first, second, back)] == ["43", "21", "43"]
    assert (first.previous, first.total, back.previous) == (None, 5, None)


async def test_steps_of_a_thread_come_in_reading_order(store, save, at):
    await save(
        StepUpdate(id="late", thread_id="t", start_time=at(9)),
        StepUpdate(id="b", thread_id="t", start_time=at(1)),
        StepUpdate(id="a", thread_id="t", start_time=at(1), type="tool"),
        StepUpdate(id="no start", thread_id="t"),
        received_at=at(5),
    )
    assert [step.id for step in await store.read(reads.thread_steps, PROJECT, "t")] == ["a", "b", "no start", "late"]
    kept = await store.read(reads.steps_of_threads, PROJECT, ["t", "none"], types=["tool"])
    assert {thread: [step.id for step in steps] for thread, steps in kept.items()} == {"t": ["a"], "none": []}
    assert [step.id for step in await store.read(reads.thread_messages, PROJECT, "t")] == ["a"]


async def test_another_project_sees_nothing(store, trips):
    assert (await store.read(reads.threads, "other", PageRequest())).total == 0
    assert await store.read(reads.step, "other", "ask") is None
    assert await store.read(reads.thread_summary, "other", "paris") is None
    assert await store.write(writes.delete_thread, "other", "paris") is False
    assert await store.write(writes.delete_step, "other", "ask") is False
    assert (await store.read(reads.threads_page, "other", search="paris")).rows == []
    assert await store.read(reads.step, PROJECT, "ask") is not None


@pytest.mark.parametrize(
    "listed",
    [
        lambda conn: reads.threads(conn, PROJECT, PageRequest(first=100)),
        lambda conn: reads.threads(conn, PROJECT, PageRequest(first=100, filters=[Filter("stepType", "in", ["run"])])),
        lambda conn: reads.threads_page(conn, PROJECT, limit=100),
        lambda conn: reads.threads_page(conn, PROJECT, limit=100, search="hello"),
        lambda conn: reads.steps(conn, PROJECT, PageRequest(first=100)),
        lambda conn: reads.steps_of_threads(conn, PROJECT, [str(number) for number in range(100)]),
        lambda conn: reads.thread_steps(conn, PROJECT, "0"),
        lambda conn: reads.thread_messages(conn, PROJECT, "0"),
    ],
)
async def test_a_list_of_a_hundred_costs_as_many_queries_as_a_list_of_one(store, save, queries, listed):
    def step(number: int) -> StepUpdate:
        hello = {"content": "hello"}
        thread_id, child = str(number % 50), ScoreUpdate(name="x", value=1)
        return StepUpdate(id=str(number), thread_id=thread_id, type="tool", parent_id="p", output=hello, scores=[child])

    await save(step(0))
    with queries.counted():
        await store.read(listed)
    of_one = len(queries)
    await save(*(step(number) for number in range(1, 200)))
    with queries.counted():
        await store.read(listed)
    assert len(queries) == of_one
    assert of_one <= 5


async def test_lists_and_trees_read_no_payload(store, save, queries):
    await save(StepUpdate(id="s", thread_id="t", input="payload", output="payload"))
    with queries.counted() as sent:
        await store.read(reads.threads_page, PROJECT)
        await store.read(reads.thread_steps, PROJECT, "t")
    payload = ("step.input", "step.output", "step.generation_messages", "step.metadata", "step.generation_tools")
    assert [name for name in payload if any(name in statement for statement in sent.statements)] == []
