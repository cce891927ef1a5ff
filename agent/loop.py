"""The bounded loop: ask the model, run the tools it calls, ask again, until it answers or a limit is reached.

1. A turn ends with an answer (`TurnDone`), with a `ProviderError`, or by being cancelled; in no other way.
2. At most `model_calls` calls may use tools. When they, or the turn's seconds, are used up, the model is asked
   once more without tools, so that the user gets an answer; `Finish` says which limit it was.
3. Every tool call gets a result, whatever happens to it, and results keep the model's order.
4. Whether the model calls tools is read from its calls; providers disagree on what `finish_reason` says then.
5. Leaving the generator, or cancelling its task, cancels the model call and the tools that are running.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from agent.chat import Completion, Message, Model, ModelRequest, ToolCall, ToolResult, Usage
from agent.clock import SYSTEM_CLOCK, Clock
from agent.errors import ModelTimeout
from agent.events import Discarded, Event, Finish, MessageAdded, Token, ToolEnded, ToolStarted, TurnDone
from agent.recorder import SILENT, Recorder
from agent.toolkit import Toolkit
from settings import AgentSettings

NO_ANSWER = "(The model gave no answer within the limits of this turn.)"


@dataclass(frozen=True, slots=True)
class Limits:
    """The bounds of one turn."""

    model_calls: int = 5  # calls that may use tools; one more, without tools, when they are used up
    turn_seconds: float = 60  # after that no more tools: the model is asked for its answer
    answer_seconds: float = 15  # for that last answer, so a turn takes at most the sum of both
    tool_seconds: float = 10  # a slower tool call is given up
    tool_result_chars: int = 20_000  # a longer result is cut, and says so

    @classmethod
    def from_settings(cls, settings: AgentSettings) -> "Limits":
        """The limits the operator chose."""
        return cls(
            model_calls=settings.max_iter,
            turn_seconds=settings.turn_seconds,
            answer_seconds=settings.answer_seconds,
            tool_seconds=settings.tool_seconds,
            tool_result_chars=settings.tool_result_chars,
        )


async def run_turn(
    messages: list[Message],
    *,
    model: Model,
    tools: Toolkit,
    limits: Limits,
    recorder: Recorder = SILENT,
    clock: Clock = SYSTEM_CLOCK,
    stream: bool = False,
) -> AsyncIterator[Event]:
    """Answer the last message of a validated history, telling what happens as it happens.

    The turn runs in a task of its own, so that the recorder's context variables and the time limits live in one
    place, whoever takes the events, and never leak to them.

    Raises:
        ProviderError: the model gave no usable answer.
    """
    events: asyncio.Queue[Event | None] = asyncio.Queue()
    turn = _Turn(list(messages), model, tools, limits, recorder, clock, stream=stream, tell=events.put_nowait)
    task = asyncio.create_task(turn.run())
    task.add_done_callback(lambda _: events.put_nowait(None))
    try:
        while (event := await events.get()) is not None:
            yield event
        await task  # raises what ended the turn early
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


@dataclass
class _Turn:
    messages: list[Message]
    model: Model
    tools: Toolkit
    limits: Limits
    recorder: Recorder
    clock: Clock
    stream: bool
    tell: Callable[[Event], None]
    usage: Usage = field(default_factory=Usage)
    tools_used: dict[str, None] = field(default_factory=dict[str, None])  # a set that keeps its order

    async def run(self) -> None:
        deadline = self.clock.now() + self.limits.turn_seconds
        finish = Finish.MAX_ITER
        for _ in range(self.limits.model_calls):
            try:
                answer = await self.ask(with_tools=True, until=deadline)
            except TimeoutError:
                finish = Finish.MAX_SECONDS
                break
            self.add(answer.message)
            if not answer.tool_calls:
                return self.done(_finish(answer))
            for result in await self.call_tools(answer.tool_calls, until=deadline):
                self.add(result)
            if self.clock.now() >= deadline:
                finish = Finish.MAX_SECONDS
                break
        self.add(await self.last_answer())
        return self.done(finish)

    async def last_answer(self) -> Message:
        try:
            answer = await self.ask(with_tools=False, until=self.clock.now() + self.limits.answer_seconds)
        except TimeoutError:
            raise ModelTimeout("The model did not answer within the time of this turn.") from None
        return {"role": "assistant", "content": answer.text or NO_ANSWER}

    async def ask(self, *, with_tools: bool, until: float) -> Completion:
        request = ModelRequest(
            model=self.model.name,
            messages=list(self.messages),
            tools=self.tools.schemas if with_tools else [],
            settings=self.model.settings | ({"stream": True} if self.stream else {}),
        )
        said: list[str] = []

        def on_text(text: str) -> None:
            said.append(text)
            self.tell(Token(text))

        started = self.clock.now()
        with self.recorder.model_call(request) as record:
            try:
                async with self.clock.timeout(until - started):
                    completion = await self.model.ask(request, on_text)
            except BaseException as error:
                if said:
                    record.done(self.partial("".join(said), self.clock.now() - started))
                    if isinstance(error, TimeoutError):
                        self.tell(Discarded())
                raise
            record.done(completion)
        self.usage += completion.usage or Usage()
        return completion

    def partial(self, said: str, seconds: float) -> Completion:
        message: Message = {"role": "assistant", "content": said}
        return Completion(message, self.model.name, self.model.provider, None, None, None, seconds)

    async def call_tools(self, calls: list[ToolCall], *, until: float) -> list[Message]:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self.call_tool(call, until=until)) for call in calls]
        return [
            {"role": "tool", "tool_call_id": call.id, "content": task.result().content}
            for call, task in zip(calls, tasks, strict=True)
        ]

    async def call_tool(self, call: ToolCall, *, until: float) -> ToolResult:
        if call.name in self.tools:
            self.tools_used[call.name] = None
        started = self.clock.now()
        self.tell(ToolStarted(call))
        with self.recorder.tool_call(call) as record:
            result = await self.tools.run(
                call,
                seconds=min(self.limits.tool_seconds, until - started),
                max_chars=self.limits.tool_result_chars,
                clock=self.clock,
            )
            record.done(result)
        self.tell(ToolEnded(call, result, self.clock.now() - started))
        return result

    def add(self, message: Message) -> None:
        self.messages.append(message)
        self.tell(MessageAdded(message))

    def done(self, finish: Finish) -> None:
        self.tell(TurnDone(self.messages, finish, list(self.tools_used), self.usage))


def _finish(answer: Completion) -> Finish:
    if answer.finish_reason in (Finish.LENGTH, Finish.CONTENT_FILTER):
        return Finish(answer.finish_reason)
    return Finish.STOP
