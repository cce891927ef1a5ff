"""What is served of a prompt, when two versions are one, and which variables a template names."""

import pytest

from review.prompts import (
    DEFAULT_ROLLOUTS,
    Rollout,
    VersionDraft,
    digest,
    same_provider,
    served,
    variables_of,
    with_uuids,
)

THREE = [Rollout(version=0, weight=60), Rollout(version=1, weight=0), Rollout(version=7, weight=40)]


@pytest.mark.parametrize(("chance", "version"), [(0.0, 0), (0.599, 0), (0.6, 7), (0.999_999, 7)])
def test_a_version_is_served_in_proportion_to_its_weight(chance: float, version: int) -> None:
    assert served(THREE, lambda: chance) == version


def test_weights_may_be_fractions_of_one_and_may_not_add_up() -> None:
    tenths = [Rollout(version=number, weight=0.1) for number in range(10)]
    assert served(tenths, lambda: 0.999_999_999_999_999_9) == 9
    assert served([Rollout(version=3, weight=0.5), Rollout(version=4, weight=0.5)], lambda: 0.5) == 4
    assert served([Rollout(version=3, weight=2)], lambda: 0.999) == 3


def test_the_first_version_is_served_until_somebody_says_otherwise() -> None:
    assert served(DEFAULT_ROLLOUTS, lambda: 0.5) == 0
    assert served([], lambda: 0.5) is None
    assert served([Rollout(version=3, weight=0)], lambda: 0.5) is None


def test_each_message_gets_a_uuid_and_keeps_the_one_it_has() -> None:
    made = with_uuids([{"role": "user", "content": "a"}, {"role": "user", "uuid": "mine"}, "text"])
    assert made[0]["uuid"]
    assert made[1:] == [{"role": "user", "uuid": "mine"}, "text"]


def test_what_clients_add_or_lose_makes_no_other_version() -> None:
    sent = VersionDraft(
        template_messages=[{"role": "user", "content": "a"}], settings={"provider": "openai", "model": "m"}
    )
    fetched = VersionDraft(
        template_messages=[{"content": "a", "role": "user", "uuid": "u", "templated": True, "name": None}],
        tools=[],
        settings={"model": "m"},
        variables=[{"name": "x"}],
    )
    assert digest(sent) == digest(fetched)
    assert digest(VersionDraft(settings={})) == digest(VersionDraft())
    assert digest(sent) != digest(VersionDraft(template_messages=sent.template_messages, settings={"model": "n"}))
    assert digest(sent) != digest(VersionDraft(template_messages=sent.template_messages, tools=[{"type": "function"}]))


def test_who_names_no_provider_means_the_one_there_is() -> None:
    assert same_provider({"model": "m"}, {"provider": "openai"})
    assert same_provider(None, None)
    assert same_provider({"provider": "openai"}, {"provider": "openai"})
    assert not same_provider({"provider": "mistral"}, {"provider": "openai"})
    assert not same_provider({"provider": "mistral"}, None)


def test_variables_are_those_the_template_names() -> None:
    content = "Hi {{ name }}, {{{html}}} {{&raw}} {{user.city}} {{! a word}} {{>part}} {{.}} {{name}}"
    parts = [{"type": "text", "text": "{{#rows}}{{name}}{{/rows}}{{^none}}x{{/none}}"}, {"type": "image_url"}]
    found = variables_of([{"role": "user", "content": content}, {"content": parts}, "odd", {"content": None}])
    assert {variable["name"]: variable["language"] for variable in found} == {
        "name": "plaintext",
        "html": "plaintext",
        "raw": "plaintext",
        "user": "json",
        "rows": "json",
        "none": "json",
    }
    assert variables_of([]) == []
