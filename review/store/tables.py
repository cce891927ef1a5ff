"""The tables, their keys and indexes. One schema for SQLite, PostgreSQL and its distributed kin.

Every key starts with `project_id`, so that a database of several machines can be split by project. There are no foreign
keys: a child may arrive before its parent, and nothing it names has to exist (literal-api.md §3.7). Columns that lists
read come first and payload last, because SQLite reads a row from the left and leaves long payload on other pages.
"""

from sqlalchemy import BigInteger, Boolean, Column, Float, Index, Integer, MetaData, Table, Text, text

from review.store.types import JsonValue, UtcTime

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    }
)


def _key(name: str) -> Column[str]:
    return Column(name, Text, primary_key=True)


def _index_where(name: str, *columns: str, condition: str) -> Index:
    """An index of some rows only; a query has to state the condition for it to be used."""
    return Index(name, *columns, sqlite_where=text(condition), postgresql_where=text(condition))


project = Table(
    "project",
    metadata,
    _key("project_id"),
    Column("name", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
)

api_key = Table(
    "api_key",
    metadata,
    _key("project_id"),
    _key("key_hash"),
    Column("id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("tail", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("revoked_at", UtcTime),
    # A request brings a key and nothing else: the project is what is asked for.
    Index("ix_api_key_key_hash", "key_hash"),
)

participant = Table(
    "participant",
    metadata,
    _key("project_id"),
    _key("id"),
    Column("identifier", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("metadata", JsonValue),
    Index("uq_participant_project_id_identifier", "project_id", "identifier", unique=True),
    Index("ix_participant_project_id_created_at_id", "project_id", "created_at", "id"),
)

thread = Table(
    "thread",
    metadata,
    _key("project_id"),
    _key("id"),
    Column("created_at", UtcTime, nullable=False),
    Column("name", Text),
    Column("environment", Text),
    Column("participant_id", Text),
    # Kept here too, so that a list of threads needs no join.
    Column("participant_identifier", Text),
    # Maintained by review/store/totals.py in the transaction that changes a step.
    Column("started_at", UtcTime),
    Column("ended_at", UtcTime),
    Column("step_count", Integer, nullable=False, server_default="0"),
    Column("turn_count", Integer, nullable=False, server_default="0"),
    Column("error_count", Integer, nullable=False, server_default="0"),
    Column("token_count", BigInteger),
    Column("tags", JsonValue),
    Column("metadata", JsonValue),
    # The list, newest first; also what `totalCount` of an unfiltered list counts.
    Index("ix_thread_project_id_created_at_id", "project_id", "created_at", "id"),
    # Chainlit's history sidebar: the threads of one person, newest first.
    Index("ix_thread_project_id_participant_id", "project_id", "participant_id", "created_at", "id"),
)

step = Table(
    "step",
    metadata,
    _key("project_id"),
    _key("id"),
    Column("created_at", UtcTime, nullable=False),
    Column("thread_id", Text),
    Column("parent_id", Text),
    Column("root_run_id", Text),
    Column("type", Text),
    Column("name", Text),
    Column("environment", Text),
    Column("start_time", UtcTime),
    Column("end_time", UtcTime),
    # NULL: no generation was ever given. Otherwise true.
    Column("has_generation", Boolean),
    Column("generation_type", Text),
    Column("generation_prompt_id", Text),
    Column("generation_provider", Text),
    Column("generation_model", Text),
    Column("generation_token_count", BigInteger),
    Column("generation_input_token_count", BigInteger),
    Column("generation_output_token_count", BigInteger),
    Column("generation_tt_first_token", Float),
    Column("generation_token_throughput", Float),
    Column("generation_duration", Float),
    Column("preview", Text),
    Column("error", Text),
    Column("generation_error", Text),
    Column("tags", JsonValue),
    Column("generation_tags", JsonValue),
    # Payload from here on.
    Column("metadata", JsonValue),
    Column("input", JsonValue),
    Column("output", JsonValue),
    Column("generation_metadata", JsonValue),
    Column("generation_settings", JsonValue),
    Column("generation_variables", JsonValue),
    Column("generation_tools", JsonValue),
    Column("generation_messages", JsonValue),
    Column("generation_message_completion", JsonValue),
    Column("generation_prompt", Text),
    Column("generation_completion", Text),
    # The steps of a thread. Threads are read whole, so their order needs no index.
    Index("ix_step_project_id_thread_id", "project_id", "thread_id"),
    # The list of all steps, newest first.
    Index("ix_step_project_id_created_at_id", "project_id", "created_at", "id"),
    # The list of generations, newest first; and its count, for which SQLite wants the condition's column, too.
    _index_where(
        "ix_step_generations",
        "project_id",
        "created_at",
        "id",
        "has_generation",
        condition="has_generation IS NOT NULL",
    ),
    # What is below a step without a thread; with one, the thread's index finds it.
    _index_where("ix_step_threadless_children", "project_id", "parent_id", condition="thread_id IS NULL"),
)

score = Table(
    "score",
    metadata,
    _key("project_id"),
    _key("id"),
    Column("step_id", Text),
    Column("dataset_experiment_item_id", Text),
    # NULL: not given yet; readers see the defaults of the SDKs.
    Column("name", Text),
    Column("type", Text),
    Column("value", Float),
    Column("created_at", UtcTime, nullable=False),
    Column("updated_at", UtcTime, nullable=False),
    Column("label", Text),
    Column("scorer", Text),
    Column("tags", JsonValue),
    Column("comment", Text),
    Index("ix_score_project_id_step_id", "project_id", "step_id"),
    _index_where(
        "ix_score_experiment_items",
        "project_id",
        "dataset_experiment_item_id",
        condition="dataset_experiment_item_id IS NOT NULL",
    ),
    Index("ix_score_project_id_created_at_id", "project_id", "created_at", "id"),
)

attachment = Table(
    "attachment",
    metadata,
    _key("project_id"),
    _key("id"),
    Column("step_id", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("name", Text),
    Column("mime", Text),
    Column("object_key", Text),
    Column("url", Text),
    Column("metadata", JsonValue),
    Index("ix_attachment_project_id_step_id", "project_id", "step_id"),
    # Who else has a file that is about to be deleted.
    _index_where("ix_attachment_files", "project_id", "object_key", condition="object_key IS NOT NULL"),
)

dataset = Table(
    "dataset",
    metadata,
    _key("project_id"),
    _key("id"),
    Column("created_at", UtcTime, nullable=False),
    Column("name", Text, nullable=False),
    Column("type", Text, nullable=False),
    Column("description", Text),
    Column("metadata", JsonValue),
    Index("uq_dataset_project_id_name", "project_id", "name", unique=True),
    Index("ix_dataset_project_id_created_at_id", "project_id", "created_at", "id"),
)

dataset_item = Table(
    "dataset_item",
    metadata,
    _key("project_id"),
    _key("id"),
    Column("created_at", UtcTime, nullable=False),
    Column("dataset_id", Text, nullable=False),
    Column("step_id", Text),
    Column("metadata", JsonValue),
    Column("input", JsonValue),
    Column("expected_output", JsonValue),
    Column("intermediary_steps", JsonValue),
    # The items of a dataset, oldest first.
    Index("ix_dataset_item_project_id_dataset_id", "project_id", "dataset_id", "created_at", "id"),
)

dataset_experiment = Table(
    "dataset_experiment",
    metadata,
    _key("project_id"),
    _key("id"),
    Column("created_at", UtcTime, nullable=False),
    Column("name", Text, nullable=False),
    # NULL: without a dataset, or its dataset was deleted.
    Column("dataset_id", Text),
    Column("prompt_variant_id", Text),
    Column("prompt_id", Text),
    Column("params", JsonValue),
    Index("ix_dataset_experiment_project_id_dataset_id", "project_id", "dataset_id", "created_at", "id"),
)

dataset_experiment_item = Table(
    "dataset_experiment_item",
    metadata,
    _key("project_id"),
    _key("id"),
    Column("created_at", UtcTime, nullable=False),
    Column("dataset_experiment_id", Text, nullable=False),
    Column("dataset_item_id", Text),
    Column("experiment_run_id", Text),
    Column("input", JsonValue),
    Column("output", JsonValue),
    # The items of an experiment, oldest first.
    Index(
        "ix_dataset_experiment_item_project_id_dataset_experiment_id",
        "project_id",
        "dataset_experiment_id",
        "created_at",
        "id",
    ),
)

prompt_lineage = Table(
    "prompt_lineage",
    metadata,
    _key("project_id"),
    _key("id"),
    Column("created_at", UtcTime, nullable=False),
    Column("name", Text, nullable=False),
    Column("deleted_at", UtcTime),
    Column("description", Text),
    # NULL: none was ever set. Replaced as a whole, so they need no table.
    Column("rollouts", JsonValue),
    Index("uq_prompt_lineage_project_id_name", "project_id", "name", unique=True),
)

prompt_version = Table(
    "prompt_version",
    metadata,
    _key("project_id"),
    _key("id"),
    Column("created_at", UtcTime, nullable=False),
    Column("lineage_id", Text, nullable=False),
    Column("version", Integer, nullable=False),
    # Of what makes two versions the same, but for the provider.
    Column("digest", Text, nullable=False),
    Column("description", Text),
    Column("template_messages", JsonValue),
    Column("tools", JsonValue),
    Column("settings", JsonValue),
    Column("variables", JsonValue),
    Column("variables_default_values", JsonValue),
    Index("uq_prompt_version_project_id_lineage_id_version", "project_id", "lineage_id", "version", unique=True),
)

prompt_variant = Table(
    "prompt_variant",
    metadata,
    _key("project_id"),
    _key("id"),
    Column("created_at", UtcTime, nullable=False),
    Column("from_lineage_id", Text),
    Column("from_version", Integer),
    Column("score_template_id", Text),
    Column("template_messages", JsonValue),
    Column("tools", JsonValue),
    Column("settings", JsonValue),
    Column("variables", JsonValue),
)
