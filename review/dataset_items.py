"""Items of datasets made from what was recorded: a step with what happened below it, or a generation (§4.9)."""

from collections.abc import Sequence
from typing import cast

from review.evaluation import DatasetItemDraft
from review.records import Generation, Json, Step


def item_of_step(step: Step, below: Sequence[Step], *, metadata: Json = None) -> DatasetItemDraft:
    """A case that asks for what the step answered.

    Args:
        step: The step; where it has no input or output of its own, those of its generation are taken.
        below: Its children and theirs, in the order they were carried out.
        metadata: The caller's.
    """
    return DatasetItemDraft(
        input=_input_of(step),
        expected_output=_output_of(step),
        metadata=metadata,
        intermediary_steps=[_intermediary(child) for child in below],
        step_id=step.id,
    )


def item_of_generation(step: Step, generation: Generation, *, metadata: Json = None) -> DatasetItemDraft:
    """A case that asks for what the model answered.

    Args:
        step: The step of the generation.
        generation: Its model call; one without an answer is expected to give an empty object.
        metadata: The caller's; it is laid over what is known of the generation.
    """
    known: dict[str, Json] = {
        "promptType": generation.type,
        "variables": generation.variables if generation.variables is not None else {},
        "provider": generation.provider,
        "model": generation.model,
        "error": generation.error,
    }
    of_generation = {name: value for name, value in known.items() if value is not None}
    given = cast("dict[str, Json]", metadata) if isinstance(metadata, dict) else {}
    answer = _answer(generation)
    return DatasetItemDraft(
        input=_question(generation),
        expected_output={} if answer is None else answer,
        metadata=of_generation | given,
        step_id=step.id,
    )


def _intermediary(step: Step) -> Json:
    return {
        "id": step.id,
        "parentId": step.parent_id,
        "type": step.type,
        "name": step.name,
        "input": _input_of(step),
        "output": _output_of(step),
        "error": step.error,
    }


def _input_of(step: Step) -> Json:
    """Newer clients record the model calls of LangChain without input and output: the generation has both."""
    return _question(step.generation) if step.input is None and step.generation else step.input


def _output_of(step: Step) -> Json:
    return _answer(step.generation) if step.output is None and step.generation else step.output


def _question(generation: Generation) -> Json:
    if generation.type == "COMPLETION":
        return {"prompt": generation.prompt}
    question = {"messages": generation.messages}
    return question | {"tools": generation.tools} if generation.tools else question


def _answer(generation: Generation) -> Json:
    if generation.type == "COMPLETION":
        return None if generation.completion is None else {"completion": generation.completion}
    return generation.message_completion
