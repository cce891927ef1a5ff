"""Search finds what was written, in any script and with any sign in it, at once and after it was indexed."""

import pytest

from review.records import Filter, GenerationUpdate, PageRequest, StepUpdate, ThreadUpdate
from review.store import Store, reads, search_sqlite, writes

PROJECT = "weather-app"

TEXTS = {
    "latin": 'She said "don\'t PANIC (yet)" and it cost 100% of 5_000 \\ more',
    "arabic": "كيف حال الطقس في القاهرة اليوم",
    "chinese": "旧金山的天气怎么样",
    "emoji": "sunny 🌤️ with a 🦜",
    "german": "Groß ist die STRASSE in Köln",
    "wide": "ＦＵＬＬ width",
    "operators": "alpha AND beta OR NOT gamma* NEAR(x) col:value ^start -minus",
    "lines": "first line\nsecond line",
}


async def found(store: Store, words: str) -> set[str]:
    page = await store.read(reads.threads_page, PROJECT, search=words)
    return {row.id for row in page.rows}


@pytest.fixture(params=["waiting", "indexed"])
async def index(request, store):
    """What was saved is searched while it waits to be indexed, and after it was."""

    async def index_() -> None:
        if request.param == "indexed" and store.engine == "sqlite":
            while await store.write(search_sqlite.index_some):
                pass

    return index_


@pytest.fixture
async def threads(save, index):
    await save(*(StepUpdate(id=f"s-{name}", thread_id=name, output={"content": text}) for name, text in TEXTS.items()))
    await index()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("panic (YET)", "latin"),
        ("\"don't", "latin"),
        ("100%", "latin"),
        ("5_000 \\", "latin"),
        ("5x000", ""),
        ("الطقس", "arabic"),
        ("حال", "arabic"),
        ("天气", "chinese"),
        ("气", "chinese"),
        ("旧金山的天气", "chinese"),
        ("🦜", "emoji"),
        ("🌤️ with", "emoji"),
        ("GROSS", "german"),
        ("straße", "german"),
        ("KÖLN", "german"),
        ("full WIDTH", "wide"),
        ("beta OR NOT", "operators"),
        ("gamma* NEAR(x)", "operators"),
        ("col:value", "operators"),
        ("^start -minus", "operators"),
        ("alpha gamma", ""),
        ("line\nsecond", "lines"),
        ("arab", "arabic"),
        ("s-emoji", "emoji"),
        ("content", ""),
        ("no such words", ""),
        ("zq", ""),
        ("ze", ""),
        ("pan\x00ic", "latin"),
    ],
)
async def test_words_are_found(store, threads, words, expected):
    assert await found(store, words) == set(expected.split())


async def test_a_blank_search_finds_everything(store, threads):
    assert await found(store, "  ") == set(TEXTS)


async def test_names_errors_and_generations_are_searched(store, save, at, index):
    await save(
        StepUpdate(id="1", thread_id="error", error="ConnectionResetError"),
        StepUpdate(id="2", thread_id="step name", name="find_order"),
        StepUpdate(
            id="3",
            thread_id="asked",
            generation=GenerationUpdate(messages=[{"role": "user", "content": "refund please"}]),
        ),
        StepUpdate(
            id="4", thread_id="answered", generation=GenerationUpdate(message_completion={"content": "granted"})
        ),
        StepUpdate(id="5", thread_id="completed", generation=GenerationUpdate(prompt="once upon", completion="a time")),
    )
    change = ThreadUpdate(id="named", name="Order seven")
    await store.write(writes.upsert_thread, PROJECT, change, received_at=at(0))
    await index()
    asked = ["resetError", "FIND_ord", "refund", "granted", "upon", "a time", "order sev"]
    expected = [{"error"}, {"step name"}, {"asked"}, {"answered"}, {"completed"}, {"completed"}, {"named"}]
    assert [await found(store, words) for words in asked] == expected


async def test_what_changed_moved_or_went_is_found_as_it_is_now(store, save, index):
    await save(
        StepUpdate(id="changes", thread_id="a", output="before"),
        StepUpdate(id="moves", thread_id="b", output="wanderer"),
        StepUpdate(id="goes", thread_id="c", output="farewell"),
        StepUpdate(id="goes with all", thread_id="d", output="farewell"),
    )
    await index()
    await save(StepUpdate(id="changes", output="afterwards"), StepUpdate(id="moves", thread_id="e"))
    await store.write(writes.delete_step, PROJECT, "goes")
    await store.write(writes.delete_thread, PROJECT, "d")
    await index()
    words = ["before", "afterwards", "wanderer", "farewell"]
    assert [await found(store, word) for word in words] == [set(), {"a"}, {"e"}, set()]


async def test_a_frequent_word_is_paged_without_counting(store, save, index, at):
    total = search_sqlite.MOST_LISTED + 5
    for number in range(total):
        step = StepUpdate(id=str(number), thread_id=f"{number:03}", output="everywhere")
        await save(step, received_at=at(number))
    await index()
    seen, after = [], None
    for _ in range(10):
        page = await store.read(reads.threads_page, PROJECT, search="everywhere", after=after, limit=100)
        seen += [row.id for row in page.rows]
        if page.next is None:
            break
        after = page.next
    assert seen == [f"{number:03}" for number in reversed(range(total))]


async def test_a_project_finds_its_own(store, threads):
    page = await store.read(reads.threads_page, "other", search="panic")
    assert page.rows == []


async def found_in_outputs(store: Store, words: str) -> set[str]:
    of_content = Filter("stepOutput", "ilike", words, path="content")
    page = await store.read(reads.threads, PROJECT, PageRequest(filters=[of_content]))
    return {row.id for row in page.rows}


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("panic (YET)", "latin"),
        ("100%", "latin"),
        ("5_0", "latin"),
        ("天气", "chinese"),
        ("🦜", "emoji"),
        ("line\nsecond", "lines"),
        ("hello", ""),
    ],
)
async def test_a_filter_for_words_in_outputs_finds_what_a_search_finds(store, threads, words, expected):
    assert await found_in_outputs(store, words) == ({expected} if expected else set())


async def test_a_filter_for_words_in_outputs_looks_at_outputs_only(store, save, index):
    await save(
        StepUpdate(id="1", thread_id="said", output={"content": "a heron"}),
        StepUpdate(id="2", thread_id="asked", input={"content": "a heron"}),
        StepUpdate(id="3", thread_id="elsewhere", output={"title": "a heron"}),
    )
    await index()
    assert await found_in_outputs(store, "heron") == {"said"}


@pytest.mark.parametrize("value", [True, 3.25])
async def test_a_filter_finds_in_outputs_what_is_no_text(store, save, index, value):
    await save(StepUpdate(id="1", thread_id="t", output={"content": value}))
    await index()
    assert await found_in_outputs(store, "true" if value is True else "3.25") == {"t"}


async def test_a_line_that_steps_repeat_is_found_with_what_follows_it(store, save, index):
    for number, follower in enumerate(["alpha", "omega"]):
        await save(StepUpdate(id=str(number), thread_id="t", output=f"the same line\n{follower}"))
    await index()
    assert await found(store, "line\nomega") == {"t"}
