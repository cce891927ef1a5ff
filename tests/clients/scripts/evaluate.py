"""A dataset of hand-made items, a step and a generation, and an experiment over it."""

import json
import sys

from literalai import ChatGeneration, LiteralClient

literal = LiteralClient()
api = literal.api

with literal.step(type="run", name="agent") as run:
    run.input = {"question": "weather?"}
    run.output = {"answer": "sunny"}
    with literal.step(type="llm", name="gpt") as llm:
        llm.generation = ChatGeneration(
            messages=[{"role": "user", "content": "weather?"}],
            message_completion={"role": "assistant", "content": "sunny"},
            variables={"city": "sf"},
        )
literal.flush_and_stop()

dataset = api.create_dataset(name="weather", description="of cities", metadata={"v": 1})
item = dataset.create_item(input={"question": "rain?"}, expected_output={"answer": "no"})
of_step = dataset.add_step(run.id)
calls = api.create_dataset(name="calls", type="generation")
of_generation = calls.add_generation(llm.id)
dataset.update(name="weather of cities")
found = api.get_dataset(name="weather of cities")

experiment = dataset.create_experiment(name="first try", params={"model": "gpt"})
for score in ([{"name": "right", "type": "AI", "value": 1}], []):
    logged = experiment.log(
        {"datasetItemId": item.id, "input": item.input, "output": {"answer": "no"}, "scores": score}
    )
api.delete_dataset_item(item.id)
calls.delete()
saw = {
    "found": [found.id == dataset.id, found.description, found.metadata, found.type, len(found.items)],
    "of the step": [of_step.input, of_step.expected_output, [part["name"] for part in of_step.intermediary_steps]],
    "of the generation": [of_generation.input, of_generation.expected_output["content"]],
    "experiment": [experiment.name, experiment.params, [len(item.scores) for item in experiment.items]],
    "logged": [logged.input, logged.output],
    "left": [len(api.get_dataset(id=dataset.id).items), api.get_dataset(name="calls")],
}
json.dump(saw, sys.stdout)
