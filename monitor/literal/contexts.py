"""`with client.step(...)` and `client.thread(...)`: what is current in a task, and what is recorded at the end."""

from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, cast

import literalai
from literalai.context import active_experiment_item_run_id_var, active_root_run_var, active_thread_var
from literalai.evaluation.experiment_item_run import ExperimentItemRunContextManager
from literalai.observability.step import StepContextManager
from literalai.observability.thread import ThreadContextManager

from monitor.decorating import Call, decorated, note_arguments, note_result
from monitor.literal.environment import EnvironmentContext
from monitor.literal.objects import Step, ids
from monitor.records import Kind
from monitor.serialise import merged

if TYPE_CHECKING:
    from monitor.literal.recording import RecordingClient


class StepContext(StepContextManager):
    """The SDK's `with client.step(...)`: the root run stays known until it ends, and nothing is flushed on errors."""

    def __init__(self, client: "RecordingClient", **properties: Any) -> None:
        """`properties` are those of `start_step`."""
        self.client = client
        self._properties = properties
        self._entered: list[tuple[Step, bool]] = []

    def __call__(self, func: Call) -> Call:  # pyright: ignore[reportIncompatibleMethodOverride]  # the SDK's is untyped
        """Decorate a function: its name, arguments and result become the step's."""
        properties = {**self._properties, "name": self._properties.get("name") or func.__name__}
        client = self.client
        return decorated(func, lambda: StepContext(client, **properties), called=note_arguments, returned=note_result)

    def __enter__(self) -> Step:
        step = self.step = self.client.start_step(**self._properties)
        is_root = step.type == "run" and active_root_run_var.get() is None
        if is_root:
            active_root_run_var.set(step)
        self._entered.append((step, is_root))
        self.client.associate()
        return step

    def __exit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        step, is_root = self._entered.pop()
        if is_root:
            active_root_run_var.set(None)
        with self.client.recorder.harmless:
            if error is not None:
                step.error = step.error or str(error) or type(error).__name__
            step.end()

    async def __aenter__(self) -> Step:
        return self.__enter__()

    async def __aexit__(self, _type: object, error: BaseException | None, _traceback: object) -> None:
        self.__exit__(_type, error, _traceback)


class ThreadContext(ThreadContextManager):
    """The SDK's `with client.thread(...)`: it ends in the outbox, and the thread around it comes back."""

    def __init__(self, client: "RecordingClient", thread_id: str | None, name: str | None, **properties: Any) -> None:
        """`properties` are `metadata`, `tags` and `participant_id`."""
        self.client = client
        self.thread_id = thread_id
        self.name = name
        self.kwargs = properties
        self._entered: list[tuple[literalai.Thread, literalai.Thread | None]] = []

    def __call__(self, func: Call) -> Call:  # pyright: ignore[reportIncompatibleMethodOverride]  # the SDK's is untyped
        """Decorate a function: every call is a thread."""
        client = self.client
        return decorated(func, lambda: ThreadContext(client, self.thread_id, self.name, **self.kwargs))

    def __enter__(self) -> literalai.Thread:
        properties: dict[str, Any] = {"metadata": {}, "tags": [], **self.kwargs}
        thread = literalai.Thread(id=self.thread_id or "", name=self.name, **properties)
        with self.client.recorder.harmless:
            thread.id = thread.id or ids.next()
        self._entered.append((thread, active_thread_var.get()))
        active_thread_var.set(thread)
        self.client.associate()
        return thread

    def __exit__(self, *exc: object) -> None:
        thread, before = self._entered.pop()
        active_thread_var.set(before)
        with self.client.recorder.harmless:
            self._record(thread)

    async def __aenter__(self) -> literalai.Thread:
        return self.__enter__()

    async def __aexit__(self, *exc: object) -> None:
        self.__exit__(*exc)

    def upsert(self) -> None:
        """Record the current thread as it is now."""
        if (thread := active_thread_var.get()) is not None:
            self._record(thread)

    def _record(self, thread: literalai.Thread) -> None:
        """What is not given leaves the server's value alone."""
        self.client.recorder.record(
            Kind.THREAD,
            {
                "id": thread.id,
                "name": thread.name,
                "metadata": merged(self.client.global_metadata, thread.metadata),
                "tags": thread.tags or None,
                "participantId": thread.participant_id or None,
            },
        )


class ExperimentItemRunContext(ExperimentItemRunContextManager):
    """The SDK's `with client.experiment_item_run()`: a run in the environment `experiment`, nothing flushed."""

    def __init__(self, client: "RecordingClient") -> None:
        """A run is made at each entry."""
        self.client = client
        self._exits: list[ExitStack] = []

    def __call__(self, func: Call) -> Call:  # pyright: ignore[reportIncompatibleMethodOverride]  # the SDK's is untyped
        """Decorate a function."""
        client = self.client
        return decorated(func, lambda: ExperimentItemRunContext(client))

    def __enter__(self) -> Step:
        client = self.client
        with ExitStack() as entering:
            entering.enter_context(EnvironmentContext(client, "experiment"))
            step = entering.enter_context(StepContext(client, name="Experiment Run", type="run"))
            active_experiment_item_run_id_var.set(step.id)
            entering.callback(active_experiment_item_run_id_var.set, None)
            self._exits.append(entering.pop_all())
        return step

    def __exit__(self, *exc: object) -> None:
        self._exits.pop().__exit__(*cast("tuple[Any, Any, Any]", exc))

    async def __aenter__(self) -> Step:
        return self.__enter__()

    async def __aexit__(self, *exc: object) -> None:
        self.__exit__(*exc)
