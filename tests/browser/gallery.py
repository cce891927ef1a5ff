"""Threads that a page has to cope with: the ordinary, the failing, the running, the huge, the hostile."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from review.records import AttachmentUpdate, GenerationUpdate, ScoreUpdate, StepUpdate, ThreadUpdate

START = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)


@dataclass
class Exhibit:
    """A thread with its steps, ready to be saved."""

    thread: ThreadUpdate
    steps: list[StepUpdate]
    made_at: datetime


class Script:
    """Writes steps one after the other, on a clock of its own."""

    def __init__(self, thread_id: str, start: datetime = START) -> None:
        self.thread_id = thread_id
        self.started_at = self.now = start
        self.steps: list[StepUpdate] = []

    def step(self, type_: str, name: str, seconds: float | None = 0.0, **fields: Any) -> str:
        """A step that starts now; None seconds: it never ends."""
        step_id = fields.pop("id", f"{self.thread_id}-{len(self.steps) + 1}")
        end = None if seconds is None else self.now + timedelta(seconds=seconds)
        update = StepUpdate(
            id=step_id,
            thread_id=self.thread_id,
            type=type_,
            name=name,
            start_time=self.now,
            end_time=end,
            **fields,
        )
        self.steps.append(update)
        return step_id

    def says(self, role: str, text: str, **fields: Any) -> str:
        """A message."""
        self.now += timedelta(milliseconds=20)
        return self.step(f"{role}_message", role, 0.0, output={"content": text}, **fields)

    def exhibit(self, **fields: Any) -> Exhibit:
        """The thread so far, made when its first step began."""
        return Exhibit(ThreadUpdate(id=self.thread_id, **fields), self.steps, self.started_at)

    def wait(self, seconds: float) -> None:
        """Time goes by."""
        self.now += timedelta(seconds=seconds)


WEATHER_TOOL = {
    "type": "function",
    "function": {
        "name": "get_current_weather",
        "description": "The weather in a city, now.",
        "parameters": {"type": "object", "properties": {"location": {"type": "string"}}, "required": ["location"]},
    },
}


def weather_turn(script: Script, history: list[dict[str, Any]], question: str, city: str, answer: str) -> None:
    """One turn of the classic conversation: a question, a tool, an answer."""
    script.says("user", question)
    history.append({"role": "user", "content": question})
    script.wait(0.01)
    run = script.step("run", "chat", 2.31, input={"content": question}, output={"content": answer})
    call = {
        "id": f"call_{city[:2].lower()}1",
        "type": "function",
        "function": {"name": "get_current_weather", "arguments": f'{{"location": "{city}", "unit": "celsius"}}'},
    }
    asks = {"role": "assistant", "content": None, "tool_calls": [call]}
    script.step("llm", "chat.completions", 0.84, parent_id=run, generation=generation(history, asks, 212, 18, 0.31))
    script.wait(0.86)
    result = {"city": city, "temperature": 17, "unit": "celsius", "sky": "partly cloudy", "source": "sample data"}
    script.step(
        "tool",
        "get_current_weather",
        0.12,
        parent_id=run,
        input={"location": city, "unit": "celsius"},
        output=result,
    )
    script.wait(0.14)
    history += [asks, {"role": "tool", "tool_call_id": call["id"], "content": str(result)}]
    says = {"role": "assistant", "content": answer}
    script.step(
        "llm",
        "chat.completions",
        1.27,
        parent_id=run,
        id=f"{script.thread_id}-answer-{city.lower().replace(' ', '-')}",
        generation=generation(history, says, 268, 41, 0.28),
        metadata={"finish_reason": "stop", "prompt_version": "3", "release": "1.4.0"},
        scores=[ScoreUpdate(name="user-feedback", type="HUMAN", value=1, comment="Just what I needed")],
    )
    script.wait(1.3)
    history.append(says)
    script.says("assistant", answer)
    script.wait(9)


def generation(
    history: list[dict[str, Any]], completion: dict[str, Any], asked: int, answered: int, first: float
) -> GenerationUpdate:
    """A complete record of one model call."""
    return GenerationUpdate(
        type="CHAT",
        provider="openai",
        model="gpt-4.1-mini-2026-04-14",
        messages=list(history),
        message_completion=completion,
        settings={"temperature": 0.2, "max_tokens": 800, "tool_choice": "auto"},
        tools=[WEATHER_TOOL],
        input_token_count=asked,
        output_token_count=answered,
        token_count=asked + answered,
        tt_first_token=first * 1000,
        duration=1.2,
    )


def classic() -> Exhibit:
    script = Script("weather")
    history: list[dict[str, Any]] = [{"role": "system", "content": "You are a helpful assistant."}]
    weather_turn(
        script,
        history,
        "what's the weather in sf",
        "San Francisco",
        "It is **17 °C** and partly cloudy in San Francisco.\n\n| Today | |\n|---|---|\n| Wind | 14 km/h, west |\n"
        "| Tonight | 12 °C, fog |\n\nTake a jacket: `fog` rolls in after six. "
        "([sample data](https://example.org/weather))",
    )
    weather_turn(script, history, "what's the weather in paris", "Paris", "Paris has 17 °C and light clouds, too.")
    return script.exhibit(
        name="what's the weather in sf",
        participant="ada@example.org",
        tags=["demo", "weather"],
        environment="prod",
        metadata={"release": "1.4.0"},
    )


def failing() -> Exhibit:
    script = Script("failing", START - timedelta(hours=2))
    script.says("user", "Where is my refund for order 7?")
    run = script.step("run", "refund agent", 8.4, error="Rate limit reached for gpt-4.1-mini; try again in 20 s")
    script.step(
        "tool",
        "find_order",
        0.4,
        parent_id=run,
        input='{"order": 7, "with_history": true}',
        output={"error": "OrderNotFound: 7"},
        error="OrderNotFound: there is no order 7 in the last 90 days",
    )
    script.wait(0.5)
    script.step(
        "llm",
        "chat.completions",
        7.6,
        parent_id=run,
        error="Rate limit reached for gpt-4.1-mini; try again in 20 s",
        generation=GenerationUpdate(
            provider="openai", model="gpt-4.1-mini", messages=[{"role": "user", "content": "Where is my refund?"}]
        ),
    )
    return script.exhibit(name="Where is my refund for order 7?", participant="kim", tags=["support"])


def running(now: datetime) -> Exhibit:
    script = Script("running", now - timedelta(seconds=4))
    script.says("user", "Compare the three quotes and write me a summary")
    run = script.step("run", "research agent", None)
    script.wait(0.5)
    script.step("tool", "read_file", 0.7, parent_id=run, input={"path": "quotes/a.pdf"}, output="14 pages")
    script.wait(1)
    script.step("llm", "chat.completions", None, parent_id=run, generation=GenerationUpdate(model="gpt-4.1"))
    return script.exhibit(name="Compare the three quotes")


def abandoned() -> Exhibit:
    script = Script("abandoned", START - timedelta(days=2))
    script.says("user", "Translate the handbook")
    script.step("run", "translator", None)
    return script.exhibit(name="Translate the handbook")


def many_scripts() -> Exhibit:
    """Right-to-left text, emoji, long words, a code block, and a payload too big to show."""
    script = Script("words", START - timedelta(hours=5))
    script.says("system", "Answer in the language you are asked in.")
    script.says("user", "ما هو الطقس في القاهرة اليوم؟ وهل أحتاج إلى مظلة؟")
    script.says(
        "assistant", "الطقس في القاهرة **مشمس** اليوم 🌞، ودرجة الحرارة 27 درجة.\n\n- لا تحتاج إلى مظلة\n- اشرب الماء"
    )
    script.says("user", "和上海比呢 👩‍👩‍👧‍👦🇫🇷")
    script.says(
        "assistant",
        "上海今天多云 22 °C。\n\n```python\ndef warmer(a: float, b: float) -> bool:\n"
        f"    return a > b  # {'a long line scrolls in its own box ' * 5}\n```",
    )
    script.says("user", "Donaudampfschifffahrtsgesellschaftskapitän" * 9)
    script.says("assistant", "https://example.org/" + "a" * 600)
    run = script.step("run", "import", 3.0)
    script.step(
        "tool",
        "read_everything",
        2.0,
        parent_id=run,
        id="huge",
        input={"path": "/big"},
        output="row of data\n" * 60_000,
    )
    return script.exhibit(name="ما هو الطقس في القاهرة اليوم؟", participant="مريم", tags=["عربي", "中文"])


def long_thread(turns: int = 40) -> Exhibit:
    script = Script("long", START - timedelta(hours=8))
    history: list[dict[str, Any]] = []
    for turn in range(turns):
        weather_turn(
            script, history[-6:], f"And what about city number {turn + 1}?", f"City {turn + 1}", "Mild, again."
        )
    return script.exhibit(name="Two hundred and forty steps", participant="bench")


def agents_in_agents() -> Exhibit:
    script = Script("nested", START - timedelta(hours=9))
    script.says("user", "Plan a trip to Kyoto")
    run = script.step("run", "planner", 14.2)
    research = script.step("run", "researcher", 9.1, parent_id=run)
    script.step(
        "retrieval", "guide books", 0.6, parent_id=research, input={"query": "Kyoto in November"}, output=["a", "b"]
    )
    script.wait(0.7)
    script.step("embedding", "embed", 0.2, parent_id=research)
    script.wait(0.3)
    deep = script.step("run", "hotel agent", 6.5, parent_id=research)
    script.step(
        "llm",
        "chat.completions",
        6.1,
        parent_id=deep,
        generation=generation([], {"role": "assistant", "content": "Two hotels"}, 1204, 310, 0.9),
    )
    script.wait(8.2)
    script.step("undefined", "format", 0.4, parent_id=run, output={"days": 4})
    script.wait(0.5)
    script.step(
        "llm",
        "chat.completions",
        3.6,
        parent_id=run,
        generation=generation([], {"role": "assistant", "content": "Four days in Kyoto"}, 2310, 640, 0.4),
    )
    script.wait(5)
    script.says(
        "assistant",
        "## Four days in Kyoto\n\n1. **Higashiyama** on foot\n2. Arashiyama by bike\n   - go early\n3. Nara\n\n"
        "> Book the bus before Friday.",
    )
    return script.exhibit(name="Plan a trip to Kyoto", tags=["travel"])


PAYLOADS = (
    "<script>window.pwned=1</script>",
    "<img src=x onerror='window.pwned=1'>",
    "[click](javascript:window.pwned=1) ![x](https://evil.invalid/x.png)",
    "<svg/onload=window.pwned=1>",
    "\"'><style>*{display:none}</style><iframe srcdoc='<script>parent.pwned=1</script>'>",
)


EVIL_IMAGE = "data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg' onload='window.pwned=1'/>"


def hostile() -> Exhibit:
    """Markup in every field that a user or a model can fill."""
    evil = "\n\n".join(PAYLOADS)
    thread_id = "evil <script>window.pwned=1</script>\"'"
    script = Script(thread_id, START - timedelta(days=1))
    script.says(
        "user",
        evil,
        error=evil,
        tags=[evil],
        attachments=[AttachmentUpdate(name=evil, mime=evil, url="javascript:window.pwned=1")],
    )
    run = script.step(
        "run", evil, 1, error=evil, input={evil: evil}, output=evil, metadata={evil: [evil]}, tags=list(PAYLOADS)
    )
    script.step("tool", evil, 1, parent_id=run, input={evil: evil}, output=evil, error=evil)
    script.step(
        "llm",
        evil,
        1,
        id=f"{thread_id} step",
        parent_id=run,
        input={evil: evil},
        metadata={evil: evil},
        error=evil,
        tags=[evil],
        scores=[ScoreUpdate(name=evil, type="HUMAN", value=1, comment=evil, label=evil, scorer=evil)],
        attachments=[AttachmentUpdate(name=evil, mime="text/html", url="javascript:window.pwned=1")],
        generation=GenerationUpdate(
            provider=evil,
            model=evil,
            settings={evil: evil},
            tools=[{"function": {"name": evil, "description": evil}}],
            messages=[
                {"role": evil, "content": evil},
                {
                    "role": "user",
                    "content": [{"type": "image_url", "image_url": {"url": "https://evil.invalid/a.png"}}],
                },
                {
                    "role": "user",
                    "content": [
                        {"type": "image_url", "image_url": "data:image/svg+xml,<svg onload='window.pwned=1'/>"}
                    ],
                },
            ],
            message_completion={
                "role": evil,
                "content": evil,
                "tool_calls": [{"id": evil, "function": {"name": evil, "arguments": evil}}],
            },
            input_token_count=1,
        ),
    )
    script.says("assistant", evil)
    return script.exhibit(
        name=evil,
        participant=evil,
        tags=[evil, *PAYLOADS],
        environment=evil,
        metadata={"release": evil},
    )


def gallery(now: datetime) -> Iterable[Exhibit]:
    """All of them, and enough plain ones for a second page."""
    yield from (
        classic(),
        failing(),
        running(now),
        abandoned(),
        many_scripts(),
        long_thread(),
        agents_in_agents(),
        hostile(),
    )
    for number in range(60):
        made_at = START - timedelta(days=3, minutes=number)
        script = Script(f"plain-{number}", made_at)
        script.says("user", f"Question number {number}")
        script.says("assistant", "An answer.")
        yield script.exhibit(name=f"Question number {number}")
