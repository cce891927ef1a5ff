"""The real SDK keeps prompts: lineages, versions, which of them is served, and variants."""

from datetime import UTC, datetime
from typing import Any

import pytest
from literalai import LiteralClient

from review.store import Store, prompts

TEMPLATE: list[Any] = [
    {"role": "system", "content": "You know {{city}}.{{#places}} Seen: {{name}}.{{/places}}"},
    {"role": "user", "content": [{"type": "text", "text": "Is it {{word}}?"}]},
]
SETTINGS: Any = {"provider": "openai", "model": "gpt", "temperature": 0.5}
VERSION = """mutation($lineage: String!, $messages: Json, $defaults: Json, $settings: Json) {
  createPromptVersion(lineageId: $lineage, templateMessages: $messages, variablesDefaultValues: $defaults,
                      settings: $settings, versionDesc: "first words")
  { id version versionDesc type label status tags updatedAt createdAt url variables } }"""


def test_a_prompt_is_made_once_and_found_again(review: Any) -> None:
    sdk = review.sdk()
    made = sdk.get_or_create_prompt(name="Forecast", template_messages=TEMPLATE, settings=SETTINGS)
    assert (made.name, made.version, made.provider, made.settings["model"]) == ("Forecast", 0, "openai", "gpt")
    again = sdk.get_or_create_prompt(name="Forecast", template_messages=TEMPLATE, settings=SETTINGS)
    assert again.id == made.id
    for fetched in (
        sdk.get_prompt(name="Forecast"),
        sdk.get_prompt(name="Forecast", version=0),
        sdk.get_prompt(id=made.id, name="other", version=9),
    ):
        assert (fetched.id, fetched.version, fetched.type) == (made.id, 0, "CHAT")
        assert fetched.url.endswith("/projects/default/playground?name=Forecast&version=0")
        assert fetched.url.startswith(review.url)


def test_a_fetched_prompt_sent_back_is_the_same_version(review: Any) -> None:
    """Its messages have a uuid then, and its settings have lost their provider (literal-api.md §4.11)."""
    sdk = review.sdk()
    made = sdk.get_or_create_prompt(name="p", template_messages=TEMPLATE, settings=SETTINGS)
    sdk.get_or_create_prompt(name="p", template_messages=TEMPLATE[:1], settings=SETTINGS)
    fetched = sdk.get_prompt(name="p", version=0)
    assert "provider" not in fetched.settings
    assert [bool(message["uuid"]) for message in fetched.template_messages] == [True, True]
    again = sdk.get_or_create_prompt(name="p", template_messages=fetched.template_messages, settings=fetched.settings)
    assert (again.id, again.template_messages) == (made.id, fetched.template_messages)


def test_other_words_settings_tools_or_provider_are_the_next_version(review: Any) -> None:
    sdk = review.sdk()
    made = [
        sdk.get_or_create_prompt(name="p", template_messages=messages, settings=settings, tools=tools).version
        for messages, settings, tools in (
            (TEMPLATE, SETTINGS, None),
            (TEMPLATE[:1], SETTINGS, None),
            (TEMPLATE, {**SETTINGS, "temperature": 1}, None),
            (TEMPLATE, SETTINGS, [{"type": "function"}]),
            (TEMPLATE, {**SETTINGS, "provider": "mistral"}, None),
            (TEMPLATE, SETTINGS, []),
        )
    ]
    assert made == [0, 1, 2, 3, 4, 0]


def test_an_unknown_prompt_is_null(any_review: Any) -> None:
    query = """query($id: String, $name: String, $version: Int) {
      promptVersion(id: $id, name: $name, version: $version) { id } }"""
    for asked in ({"id": "none"}, {"id": None, "name": "none", "version": None}, {"name": "none", "version": 0}):
        assert any_review.ask(query, asked).json() == {"data": {"promptVersion": None}}
    assert any_review.ask(query, {}).json()["error"] == "id, name: one of them must be given"
    assert any_review.sdk().get_prompt_ab_testing("none") == []
    assert any_review.ask('{ promptLineage(name: "none") { id } }').json() == {"data": {"promptLineage": None}}


def test_a_prompt_formats_with_its_defaults_and_links_its_generations(review: Any) -> None:
    lineage = review.sdk().get_or_create_prompt_lineage(name="p")["id"]
    defaults = {"city": "Paris", "places": [{"name": "Louvre"}, {"name": "Orsay"}], "word": "sunny"}
    variables = {"lineage": lineage, "messages": TEMPLATE, "defaults": defaults, "settings": SETTINGS}
    made = review.ask(VERSION, variables).json()["data"]["createPromptVersion"]
    assert (made["versionDesc"], made["type"], made["updatedAt"]) == ("first words", "CHAT", made["createdAt"])
    assert (made["label"], made["status"], made["tags"]) == (None, None, None)
    languages = {variable["name"]: variable["language"] for variable in made["variables"]}
    assert languages == {"city": "plaintext", "places": "json", "name": "plaintext", "word": "plaintext"}
    prompt = review.sdk().get_prompt(name="p")
    system, user = prompt.format_messages(word="rainy")
    assert system["content"] == "You know Paris. Seen: Louvre. Seen: Orsay."
    assert user["content"][0]["text"] == "Is it rainy?"
    assert [message.__literal_prompt__["uuid"] for message in (system, user)] == [
        message["uuid"] for message in prompt.template_messages
    ]
    review.sdk().send_steps([{"id": "s", "generation": {"promptId": prompt.id, "messages": [system]}}])
    named: Any = [{"field": "promptLineage", "operator": "eq", "value": "p"}]
    assert [generation.id for generation in review.sdk().get_generations(filters=named).data] == ["s"]


def test_the_first_version_is_served_until_the_rollout_says_otherwise(review: Any) -> None:
    sdk = review.sdk()
    for number in range(3):
        sdk.get_or_create_prompt(name="p", template_messages=[{"role": "user", "content": str(number)}])
    assert sdk.get_prompt_ab_testing("p") == [{"version": 0, "rollout": 100}]
    assert sdk.get_prompt(name="p").version == 0
    sdk.update_prompt_ab_testing("p", rollouts=[{"version": 1, "rollout": 60}, {"version": 2, "rollout": 40}])
    assert sdk.get_prompt_ab_testing("p") == [{"version": 1, "rollout": 60}, {"version": 2, "rollout": 40}]
    assert {sdk.get_prompt(name="p").version for _ in range(5)} <= {1, 2}
    sdk.update_prompt_ab_testing("p", rollouts=[{"version": 2, "rollout": 1}])
    assert sdk.get_prompt_ab_testing("p") == [{"version": 2, "rollout": 1}]
    assert {sdk.get_prompt(name="p").version for _ in range(5)} == {2}
    assert sdk.get_prompt(name="p", version=0).version == 0


@pytest.mark.parametrize(
    ("name", "rollouts", "told"),
    [
        ("none", [{"version": 0, "rollout": 100}], "There is no prompt none"),
        ("p", [{"version": 0, "rollout": 50}, {"version": 9, "rollout": 50}], "has no version 9"),
        ("p", [{"version": 0, "rollout": -1}], "not negative"),
        ("p", [{"version": 0, "rollout": 0}], "one must be over zero"),
        ("p", [{"version": 0, "rollout": 1}] * 2, "may come once"),
        ("p", [], "one must be over zero"),
        ("p", ["all"], "must be an object"),
    ],
)
def test_a_rollout_that_can_t_be_is_refused_with_a_reason(
    any_review: Any, name: str, rollouts: list[Any], told: str
) -> None:
    sdk = any_review.sdk()
    sdk.get_or_create_prompt(name="p", template_messages=TEMPLATE)
    with pytest.raises(Exception, match=told):
        sdk.update_prompt_ab_testing(name, rollouts=rollouts)
    assert sdk.get_prompt_ab_testing("p") == [{"version": 0, "rollout": 100}]


def test_a_promoted_version_is_served_alone(review: Any) -> None:
    sdk = review.sdk()
    made = [sdk.get_or_create_prompt(name="p", template_messages=[{"content": str(n)}]) for n in range(2)]
    lineage = sdk.get_or_create_prompt_lineage(name="p")["id"]
    promote = """mutation($id: String!, $version: Int!) {
      promotePromptVersion(lineageId: $id, version: $version) { id championId } }"""
    promoted = review.ask(promote, {"id": lineage, "version": 1}).json()["data"]["promotePromptVersion"]
    assert promoted == {"id": lineage, "championId": made[1].id}
    assert sdk.get_prompt_ab_testing("p") == [{"version": 1, "rollout": 100}]
    assert review.ask(promote, {"id": lineage, "version": 5}).json()["errors"][0]["extensions"]["code"] == "refused"
    sdk.update_prompt_ab_testing("p", rollouts=[{"version": 0, "rollout": 1}, {"version": 1, "rollout": 1}])
    answer = review.ask('{ promptLineage(name: "p") { name championId deletedAt } }').json()["data"]["promptLineage"]
    assert answer == {"name": "p", "championId": None, "deletedAt": None}


async def test_a_deleted_prompt_still_answers_and_says_so(review: Any, store_url: str) -> None:
    sdk = review.sdk()
    sdk.get_or_create_prompt(name="p", template_messages=TEMPLATE)
    lineage = sdk.get_or_create_prompt_lineage(name="p")
    store = await Store.open(store_url)
    now = datetime(2026, 11, 20, tzinfo=UTC)
    assert await store.write(prompts.delete_lineage, "another", lineage["id"], now=now) is False
    assert await store.write(prompts.delete_lineage, "default", lineage["id"], now=now) is True
    assert await store.write(prompts.delete_lineage, "default", lineage["id"], now=now) is False
    await store.close()
    deleted = "2026-11-20T00:00:00.000Z"
    assert sdk.get_or_create_prompt_lineage(name="p") == {**lineage, "deletedAt": deleted}
    query = '{ promptLineage(name: "p") { deletedAt } promptVersion(name: "p") { version lineage { deletedAt } } }'
    assert review.ask(query).json()["data"] == {
        "promptLineage": {"deletedAt": deleted},
        "promptVersion": {"version": 0, "lineage": {"deletedAt": deleted}},
    }


def test_a_variant_is_a_draft_and_no_version(review: Any) -> None:
    sdk = review.sdk()
    sdk.get_or_create_prompt(name="p", template_messages=TEMPLATE)
    variant = sdk.create_prompt_variant(name="p", template_messages=TEMPLATE[:1], settings=SETTINGS)
    assert sdk.create_experiment(name="try", prompt_variant_id=variant).prompt_variant_id == variant
    assert sdk.get_or_create_prompt(name="p", template_messages=TEMPLATE[:1]).version == 1
    query = """mutation($messages: Json) {
      createPromptExperiment(fromLineageId: "unknown", fromVersion: 0, templateMessages: $messages) {
        fromLineageId fromVersion projectId projectUserId settings tools templateMessages } }"""
    made = review.ask(query, {"messages": TEMPLATE[:1]}).json()["data"]["createPromptExperiment"]
    [message] = made.pop("templateMessages")
    assert message["uuid"]
    assert made == {
        "fromLineageId": "unknown",
        "fromVersion": 0,
        "projectId": "default",
        "projectUserId": None,
        "settings": {},
        "tools": [],
    }


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ('lineageId: "none"', "There is no prompt none"),
        ('lineageId: "none", templateMessages: {}', "templateMessages: must be a list"),
        ('lineageId: "none", tools: "x"', "tools: must be a list"),
        ('lineageId: "none", settings: []', "settings: must be an object"),
    ],
)
def test_a_version_that_can_t_be_is_refused_by_name(any_review: Any, arguments: str, told: str) -> None:
    answer = any_review.ask(f"mutation {{ createPromptVersion({arguments}) {{ id }} }}")
    assert told in answer.json()["error"]


def test_a_bad_key_is_answered_from_the_client_s_cache(review: Any) -> None:
    client = LiteralClient(api_key=review.key, url=review.url)
    try:
        client.api.get_or_create_prompt(name="p", template_messages=TEMPLATE)
        fetched = client.api.get_prompt(name="p", version=0)
        client.api.api_key = "lsk_wrong"
        assert client.api.get_prompt(name="p", version=0).id == fetched.id
    finally:
        client.flush_and_stop()


async def test_writers_of_one_lineage_never_give_a_number_twice(store: Store) -> None:
    import asyncio

    from review.prompts import VersionDraft

    now = datetime(2026, 11, 20, tzinfo=UTC)
    lineages = [store.write(prompts.get_or_create_lineage, "p", "same", now=now) for _ in range(4)]
    [lineage] = {made.id for made in await asyncio.gather(*lineages)}
    drafts = [VersionDraft(template_messages=[{"content": str(number // 2)}]) for number in range(8)]
    writes = [store.write(prompts.create_version, "p", lineage, draft, now=now) for draft in drafts]
    assert sorted(made.version for made in await asyncio.gather(*writes)) == [0, 0, 1, 1, 2, 2, 3, 3]
