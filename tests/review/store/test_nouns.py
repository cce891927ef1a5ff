"""Projects and keys, participants, scores and attachments: made, changed, found, deleted."""

import pytest

from review.errors import NotFound, Refused
from review.records import AttachmentUpdate, ScoreUpdate, StepUpdate, ThreadUpdate
from review.store import attachments, keys, participants, reads, scores, writes

PROJECT = "weather-app"


async def test_a_key_opens_its_project_until_it_is_revoked(store, at):
    for project in ("a", "b"):
        await store.write(keys.ensure_project, project, project.upper(), now=at(0))
        await store.write(keys.ensure_project, project, "again", now=at(1))
        key = await store.write(keys.add_key, project, key_hash=f"hash of {project}", tail="…xyz", name="ci", now=at(0))
        assert (key.name, key.tail, key.revoked_at) == ("ci", "…xyz", None)
    assert [project.name for project in await store.read(keys.projects)] == ["A", "B"]
    opened = await store.read(keys.project_of_key, "hash of b")
    assert opened is not None
    assert opened.id == "b"
    (listed,) = await store.read(keys.keys, "b")
    assert await store.write(keys.revoke_key, "a", listed.id, now=at(2)) is False
    assert await store.write(keys.revoke_key, "b", listed.id, now=at(2)) is True
    assert await store.write(keys.revoke_key, "b", listed.id, now=at(3)) is False
    assert await store.read(keys.project_of_key, "hash of b") is None
    await store.write(keys.add_key, "b", key_hash="hash of b", tail="…xyz", name="ci", now=at(4))
    assert await store.read(keys.project_of_key, "hash of b") is None
    assert await store.read(keys.project_of_key, "unknown") is None
    (listed,) = await store.read(keys.keys, "b")
    assert listed.revoked_at == at(2)


async def test_a_participant_is_found_by_id_or_identifier_and_made_once(store, at):
    ann = await store.write(participants.create_participant, PROJECT, "ann", metadata=None, now=at(0))
    assert ann.metadata == {}
    again = await store.write(participants.create_participant, PROJECT, "ann", metadata={"plan": "pro"}, now=at(1))
    assert (again.id, again.created_at, again.metadata) == (ann.id, at(0), {"plan": "pro"})
    for asked in (ann.id, "ann"):
        change = ThreadUpdate(id=f"by {asked}", participant=asked)
        await store.write(writes.upsert_thread, PROJECT, change, received_at=at(2))
        thread = await store.read(reads.thread_summary, PROJECT, f"by {asked}")
        assert thread is not None
        assert (thread.participant_id, thread.participant_identifier) == (ann.id, "ann")
    assert await store.read(participants.participant, PROJECT, id=ann.id) == again
    assert await store.read(participants.participant, PROJECT, identifier="ann") == again
    assert await store.read(participants.participants_by_id, PROJECT, [ann.id, "x"]) == {ann.id: again}
    assert await store.read(participants.participant, "other", identifier="ann") is None
    assert await store.read(participants.participant, PROJECT) is None


async def test_a_renamed_participant_keeps_its_threads_and_frees_its_old_name(store, at):
    ann = await store.write(participants.create_participant, PROJECT, "ann", now=at(0))
    await store.write(writes.upsert_thread, PROJECT, ThreadUpdate(id="t", participant="ann"), received_at=at(0))
    await store.write(participants.update_participant, PROJECT, ann.id, identifier="anna")
    thread = await store.read(reads.thread_summary, PROJECT, "t")
    assert thread is not None
    assert thread.participant_identifier == "anna"
    other = await store.write(participants.create_participant, PROJECT, "ann", now=at(1))
    assert other.id != ann.id
    with pytest.raises(Refused):
        await store.write(participants.update_participant, PROJECT, other.id, identifier="anna")
    with pytest.raises(NotFound):
        await store.write(participants.update_participant, PROJECT, "nobody", metadata={})


async def test_metadata_of_a_participant_is_replaced_and_cleared(store, at):
    ann = await store.write(participants.create_participant, PROJECT, "ann", metadata={"a": 1}, now=at(0))
    kept = await store.write(participants.update_participant, PROJECT, ann.id)
    replaced = await store.write(participants.update_participant, PROJECT, ann.id, metadata={"b": 2})
    cleared = await store.write(participants.update_participant, PROJECT, ann.id, metadata=None)
    assert [person.metadata for person in (kept, replaced, cleared)] == [{"a": 1}, {"b": 2}, {}]


async def test_threads_outlive_their_participant(store, at):
    await store.write(writes.upsert_thread, PROJECT, ThreadUpdate(id="t", participant="ann"), received_at=at(0))
    ann = await store.read(participants.participant, PROJECT, identifier="ann")
    assert ann is not None
    assert await store.write(participants.delete_participant, PROJECT, ann.id) is True
    assert await store.write(participants.delete_participant, PROJECT, ann.id) is False
    thread = await store.read(reads.thread_summary, PROJECT, "t")
    assert thread is not None
    assert (thread.participant_id, thread.participant_identifier) == (None, None)


async def test_scores_are_made_in_order_changed_and_deleted(store, save, at):
    wanted = [ScoreUpdate(step_id="s", name="same", type="AI", value=value, scorer="judge") for value in (0.1, 0.2)]
    made = await store.write(scores.create_scores, PROJECT, wanted, now=at(0))
    assert [(score.value, score.scorer, score.step_id) for score in made] == [(0.1, "judge", "s"), (0.2, "judge", "s")]
    assert made[0].id != made[1].id
    await store.write(scores.update_score, PROJECT, made[0].id, value=0.5, comment="well", now=at(1))
    kept = await store.write(scores.update_score, PROJECT, made[0].id, value=0.6, now=at(2))
    assert (kept.value, kept.comment, kept.created_at, kept.updated_at) == (0.6, "well", at(0), at(2))
    cleared = await store.write(scores.update_score, PROJECT, made[0].id, value=0.6, comment=None, now=at(3))
    assert cleared.comment is None
    assert await store.write(scores.delete_score, PROJECT, made[1].id) is True
    assert await store.write(scores.delete_score, PROJECT, made[1].id) is False
    with pytest.raises(NotFound):
        await store.write(scores.update_score, PROJECT, made[1].id, value=1, now=at(4))
    await save(StepUpdate(id="s", thread_id="t"))
    assert [step.score_count for step in await store.read(reads.thread_steps, PROJECT, "t")] == [1]
    assert await store.write(scores.create_scores, PROJECT, [], now=at(0)) == []


async def test_an_attachment_is_made_renamed_and_deleted(store, save, at):
    given = AttachmentUpdate(name="a.txt", mime="text/plain", url="https://example.org/a", metadata={"k": 1})
    made = await store.write(attachments.create_attachment, PROJECT, "s", given, now=at(0))
    await save(StepUpdate(id="s", thread_id="t"))
    renamed = await store.write(attachments.update_attachment, PROJECT, made.id, name="b.txt", mime=None)
    assert (renamed.name, renamed.mime, renamed.url, renamed.metadata, renamed.thread_id) == (
        "b.txt",
        None,
        "https://example.org/a",
        {"k": 1},
        "t",
    )
    assert await store.read(attachments.attachment, PROJECT, made.id) == renamed
    assert await store.write(attachments.delete_attachment, PROJECT, made.id) is True
    assert await store.write(attachments.delete_attachment, PROJECT, made.id) is False
    assert await store.read(attachments.attachment, PROJECT, made.id) is None
    with pytest.raises(NotFound):
        await store.write(attachments.update_attachment, PROJECT, made.id, name="c")


async def test_deleting_a_thread_takes_its_steps_scores_and_attachments(store, save, at):
    def step(id_: str, thread_id: str) -> StepUpdate:
        score, file = ScoreUpdate(id=f"score {id_}", value=1), AttachmentUpdate(id=f"file {id_}", url="u")
        return StepUpdate(id=id_, thread_id=thread_id, scores=[score], attachments=[file])

    await save(step("a", "goes"), step("b", "stays"))
    assert await store.write(writes.delete_thread, PROJECT, "goes") is True
    assert await store.write(writes.delete_thread, PROJECT, "goes") is False
    assert await store.read(reads.step, PROJECT, "a") is None
    assert await store.read(attachments.attachment, PROJECT, "file a") is None
    with pytest.raises(NotFound):
        await store.write(scores.update_score, PROJECT, "score a", value=1, now=at(0))
    other = await store.read(reads.step, PROJECT, "b")
    assert other is not None
    assert (len(other.scores), len(other.attachments)) == (1, 1)


async def test_deleting_a_step_takes_its_children_of_other_kinds_but_no_steps(store, save):
    await save(
        StepUpdate(id="parent", thread_id="t", scores=[ScoreUpdate(id="score", value=1)]),
        StepUpdate(id="child", parent_id="parent", thread_id="t"),
    )
    assert await store.write(writes.delete_step, PROJECT, "parent") is True
    assert await store.write(writes.delete_step, PROJECT, "parent") is False
    assert [step.id for step in await store.read(reads.thread_steps, PROJECT, "t")] == ["child"]


async def test_changing_what_does_not_exist_is_refused(store, at):
    with pytest.raises(NotFound):
        await store.write(writes.update_step, PROJECT, StepUpdate(id="none", name="x"), received_at=at(0))
    with pytest.raises(NotFound):
        await store.write(writes.update_thread, PROJECT, ThreadUpdate(id="none", name="x"), received_at=at(0))


async def test_a_step_that_exists_is_patched(store, save, at):
    await save(StepUpdate(id="s", name="kept", input={"kept": True}))
    await store.write(writes.update_step, PROJECT, StepUpdate(id="s", tags=["new"]), received_at=at(0))
    step = await store.read(reads.step, PROJECT, "s")
    assert step is not None
    assert (step.name, step.input, step.tags) == ("kept", {"kept": True}, ["new"])
