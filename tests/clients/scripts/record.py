"""A decorated program, recorded as a thread, then read back, judged, changed and listed with any release of the SDK."""

import contextlib
import json
import sys

from literalai import ChatGeneration, LiteralClient

THREAD = "a thread of any name"

literal = LiteralClient()  # LITERAL_API_URL and LITERAL_API_KEY say where
api = literal.api


@literal.step(type="tool", name="get_weather")
def get_weather(city):
    return f"sunny in {city}"


@literal.step(type="run", name="agent")
def agent(question):
    with literal.step(type="llm", name="gpt") as step:
        step.generation = ChatGeneration(
            provider="openai",
            model="gpt",
            settings={"temperature": 0.5},
            messages=[{"role": "user", "content": question}],
            message_completion={"role": "assistant", "content": "I look it up"},
            token_count=42,
        )
    return get_weather("sf")


@literal.step(type="tool", name="get_news")
def get_news():
    raise ValueError("no paper today")


def as_dict(score):
    """0.0.509 made objects of a batch's scores, later releases don't."""
    return score if isinstance(score, dict) else score.to_dict()


ada = api.get_or_create_user(identifier="ada", metadata={"role": "admin"})
with literal.thread(thread_id=THREAD, name="Weather", tags=["demo"], metadata={"day": 1}, participant_id=ada.id):
    literal.message(content="weather in sf?", type="user_message", name="ada")
    agent("weather in sf?")
    with contextlib.suppress(ValueError):
        get_news()
    answer = literal.message(content="sunny in sf", type="assistant_message", name="bot")
literal.flush_and_stop()

thread = api.get_thread(THREAD)
steps = {step.name: step for step in thread.steps}
score = api.create_score(step_id=answer.id, name="user-feedback", type="HUMAN", value=0, comment="cold")
changed = api.update_score(id=score.id, update_params={"value": 1})
batch = api.create_scores(
    [{"stepId": steps["gpt"].id, "name": name, "type": "AI", "value": 0.5} for name in ("right", "kind")]
)
[listed] = api.list_threads(
    first=10,
    filters=[
        {"field": "participantId", "operator": "eq", "value": ada.id},
        {"field": "stepOutput", "operator": "ilike", "value": "SUNNY", "path": "content"},
        {"field": "scoreValue", "operator": "eq", "value": 1, "path": "user-feedback"},
    ],
    order_by={"column": "createdAt", "direction": "DESC"},
).data
[generation] = api.get_generations(filters=[{"field": "tokenCount", "operator": "gt", "value": 41}]).data
[participant] = api.get_users(filters=[{"field": "identifier", "operator": "in", "value": ["ada"]}]).data
scores = api.get_scores(filters=[{"field": "name", "operator": "eq", "value": "kind"}]).data

alone = api.create_step(name="alone", type="tool", input={"q": 1}, tags=["a"])
api.update_step(id=alone.id, tags=["b"])
kept = api.get_step(alone.id)
api.delete_step(alone.id)
passing = api.create_thread(name="passing", participant_id="bob")
api.update_thread(id=passing.id, tags=["x"])
retagged = api.get_thread(passing.id)
api.delete_thread(passing.id)

saw = {
    "user": [ada.identifier, ada.metadata, api.get_user(identifier="ada").id == ada.id],
    "thread": [thread.name, thread.tags, thread.metadata, thread.participant_id == ada.id],
    "below the run": sorted(step.name for step in thread.steps if step.parent_id == steps["agent"].id),
    "generation": [type(steps["gpt"].generation).__name__, steps["gpt"].generation.settings],
    "score": [changed.value, changed.comment],
    "batch of scores": [(made["name"], made["value"]) for made in map(as_dict, batch)],
    "list": [listed.id, listed.participant_identifier],
    "generations": [generation.model, generation.token_count],
    "users": [participant.identifier, participant.metadata],
    "scores": [score.value for score in scores],
    "a step alone": [kept.name, kept.input, kept.tags, api.get_step(alone.id)],
    "a thread alone": [retagged.name, retagged.tags, retagged.participant_identifier, api.get_thread(passing.id)],
}
json.dump(saw, sys.stdout)
