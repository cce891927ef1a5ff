"""One step with everything there is, as the panel beside the tree shows it."""

from dataclasses import dataclass
from typing import Literal

from review.dashboard.legend import Kind, State, kind_of
from review.dashboard.payload import ChatMessage, Payload, chat_message, fields_of, items_of, shown
from review.files import Files
from review.files.serving import is_shown
from review.records import Attachment, Generation, Json, Step


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelCall:
    """What a step's model was asked and what it answered.

    Attributes:
        messages: What was sent, one message a card; the prompt of a completion is one.
        completion: What came back; None when nothing did.
        settings: Temperature and the like, those that were set.
        tool_names: The tools that were offered.
        tools: The same in full.
        speed: Tokens a second; worked out from tokens and time, since not every SDK gets it right.
    """

    messages: list[ChatMessage]
    completion: ChatMessage | None
    settings: dict[str, Json]
    tool_names: list[str]
    tools: Payload | None
    speed: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """An attachment as the panel shows it.

    Attributes:
        attachment: What is known of it.
        link: Opens a file of ours for a while, from the app's root; None when it is kept elsewhere.
        elsewhere: Its address in the web, when it has one.
        shown_as: What the page makes of it; None: a link, and nothing more.
    """

    attachment: Attachment
    link: str | None
    elsewhere: str | None
    shown_as: Literal["image", "audio", "video"] | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StepDetail:
    """A step and what is worth seeing of it. Input, output and metadata are None when there is nothing in them."""

    step: Step
    kind: Kind
    state: State
    model_call: ModelCall | None
    input: Payload | None
    output: Payload | None
    metadata: Payload | None
    files: list[File]


def step_detail(step: Step, state: State, *, files: Files, project_id: str) -> StepDetail:
    """The step as the panel shows it, with fresh links to the project's files."""
    return StepDetail(
        step=step,
        kind=kind_of(step),
        state=state,
        model_call=_model_call(step.generation, step.duration) if step.generation else None,
        input=_shown_if_any(step.input),
        output=_shown_if_any(step.output),
        metadata=_shown_if_any(step.metadata),
        files=[_file(attachment, files.link(project_id, attachment)) for attachment in step.attachments],
    )


def _file(attachment: Attachment, link: str | None) -> File:
    """Only what is ours is shown in place: a page that loads from elsewhere tells elsewhere who reads it."""
    url = attachment.url or ""
    return File(
        attachment=attachment,
        link=link,
        elsewhere=url if link is None and url.startswith(("https://", "http://")) else None,
        shown_as=_shown_as(attachment.mime) if link else None,
    )


def _shown_as(mime: str | None) -> Literal["image", "audio", "video"] | None:
    match (mime or "").partition("/")[0]:
        case "image" | "audio" | "video" as shown if is_shown(mime):
            return shown
        case _:
            return None


def _model_call(generation: Generation, seconds: float | None) -> ModelCall:
    messages = items_of(generation.messages)
    if not messages and generation.prompt:
        messages = [{"role": "prompt", "content": generation.prompt}]
    completion = generation.message_completion
    if not completion and generation.completion:
        completion = {"role": "assistant", "content": generation.completion}
    tools = items_of(generation.tools)
    seconds = generation.duration or seconds
    return ModelCall(
        messages=[chat_message(message) for message in messages],
        completion=chat_message(completion) if completion else None,
        settings={key: value for key, value in fields_of(generation.settings).items() if value is not None},
        tool_names=[_tool_name(tool) for tool in tools],
        tools=_shown_if_any(tools),
        speed=generation.output_token_count / seconds if generation.output_token_count and seconds else None,
    )


def _shown_if_any(value: Json) -> Payload | None:
    return None if value is None or value in ({}, [], "") else shown(value)


def _tool_name(tool: Json) -> str:
    """The name in a tool's declaration, whether it is wrapped in `function` or not."""
    declaration = fields_of(fields_of(tool).get("function")) or fields_of(tool)
    return str(declaration.get("name") or "unnamed")
