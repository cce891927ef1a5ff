"""Every knob, once: its name, default and meaning. The README's table is tested against this file.

A setting is an environment variable of the field's name in capitals, or a line of `.env`. A secret can also be
read from a file named by `<NAME>_FILE`. Only entry points call `load()`; everybody else receives a section of it.
"""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeVar, get_args

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

S = TypeVar("S", bound="Section")


class SettingsError(ValueError):
    """A setting that can't be used. The message names it and says what to do; no secret is in it."""


class SecretFiles(PydanticBaseSettingsSource):
    """Reads `<NAME>_FILE` for every secret field, as container platforms hand secrets over."""

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        path = os.environ.get(f"{field_name.upper()}_FILE") if _is_secret(field) else None
        if not path:
            return None, field_name, False
        try:
            return Path(path).read_text(encoding="utf-8").strip(), field_name, False
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{field_name.upper()}_FILE={path} can't be read: {error}") from None

    def __call__(self) -> dict[str, Any]:
        values = {name: self.get_field_value(field, name)[0] for name, field in self.settings_cls.model_fields.items()}
        return {name: value for name, value in values.items() if value is not None}


def _is_secret(field: FieldInfo) -> bool:
    return field.annotation is SecretStr or SecretStr in get_args(field.annotation)


class Section(BaseSettings):
    """A frozen group of settings. Arguments win over the environment, that over `*_FILE`, that over `.env`."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003  # a folder of secrets is not offered
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        return init_settings, env_settings, SecretFiles(settings_cls), dotenv_settings


class ServerSettings(Section):
    """Where the agent server listens and what it accepts."""

    host: str = Field("127.0.0.1", description="Address to listen on")
    port: int = Field(8000, ge=0, le=65535, description="Port to listen on; 0 takes a free one")
    data_dir: Path = Field(Path("data"), description="Folder for everything the service keeps on disk")
    max_body_bytes: int = Field(4_000_000, gt=0, description="A larger request is answered 413")
    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged")
    stop_seconds: float = Field(10, ge=0, description="How long a stop waits for requests that are running")

    @property
    def local_url(self) -> str:
        """Where a server with these settings is reached from this machine; means little when `port` is 0."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(self.host, self.host)  # noqa: S104  # how to reach it
        return f"http://[{host}]:{self.port}" if ":" in host else f"http://{host}:{self.port}"


class AgentSettings(Section):
    """Which model answers, and the bounds of one turn."""

    openai_api_key: SecretStr | None = Field(None, description="The provider's key; none means the offline demo model")
    openai_base_url: str | None = Field(None, description="Another OpenAI-compatible endpoint: Gemini, Ollama, vLLM…")
    model: str = Field("gpt-4.1-mini", description="The model that is asked")
    max_iter: int = Field(5, ge=1, le=100, description="Model calls per turn that may use tools")
    turn_seconds: float = Field(60, gt=0, description="Wall-clock limit of one turn")
    answer_seconds: float = Field(15, gt=0, description="Time for the last answer, once a bound was hit")
    model_seconds: float = Field(30, gt=0, description="Time limit of one model call")
    model_retries: int = Field(2, ge=0, le=10, description="Tries more after a 429, a 5xx or a broken connection")
    temperature: float | None = Field(None, ge=0, le=2, description="How freely the model words it; none: its default")
    tool_seconds: float = Field(10, gt=0, description="Time limit of one tool call")
    tool_result_chars: int = Field(20_000, ge=100, description="A longer tool result is cut and says so")
    weather_provider: Literal["auto", "open-meteo", "sample"] = Field(
        "auto", description="auto: open-meteo, but labelled sample data with the offline demo model"
    )
    geocoding_url: str = Field("https://geocoding-api.open-meteo.com", description="Open-Meteo's geocoding service")
    forecast_url: str = Field("https://api.open-meteo.com", description="Open-Meteo's forecast service")

    @property
    def offline(self) -> bool:
        """Neither a key nor an endpoint: the offline demo model answers."""
        return not (self.openai_api_key and self.openai_api_key.get_secret_value()) and not self.openai_base_url

    @property
    def sample_weather(self) -> bool:
        """Weather is made up, and labelled as such."""
        return self.weather_provider == "sample" or (self.weather_provider == "auto" and self.offline)


class MonitorSettings(Section):
    """Where steps go, and how they wait until they are there."""

    literal_api_url: str | None = Field(None, description="Deliver steps to this Literal API; none mounts our own")
    literal_api_key: SecretStr | None = Field(
        None, description="Project key; made on first start when we mount our own"
    )
    literal_env: Literal["dev", "staging", "prod", "experiment"] | None = Field(
        None, description="Environment the steps are labelled with"
    )
    release: str | None = Field(None, description="Version of your app, kept in the metadata of threads and steps")
    written_seconds: float = Field(2, gt=0, description="An answer waits at most this long for its steps to be on disk")
    outbox_dir: Path | None = Field(None, description="Folder of the outbox; none: `outbox` in DATA_DIR")
    outbox_synchronous: Literal["NORMAL", "FULL"] = Field(
        "NORMAL", description="NORMAL: written steps survive a killed process; FULL: a power cut too"
    )
    outbox_max_bytes: int = Field(512_000_000, ge=100_000, description="Size of the backlog on disk, for all workers")
    outbox_max_age_days: float = Field(30, gt=0, description="Undelivered steps older than this are given up")
    outbox_when_full: Literal["refuse_new", "drop_oldest"] = Field(
        "refuse_new", description="Which steps are lost, and counted, when the backlog has reached its size"
    )
    outbox_segment_bytes: int = Field(8_000_000, ge=4_096, description="Size of one file of the backlog")
    outbox_memory_bytes: int = Field(64_000_000, ge=100_000, description="Steps held in memory while the disk is full")
    outbox_step_bytes: int = Field(8_000_000, ge=1_000, description="A larger step is recorded without its content")
    delivery_process: bool = Field(
        True, description="Deliver from a process of its own, which takes nothing from requests; false: from a thread"
    )
    delivery_steps: int = Field(64, ge=1, le=512, description="Steps per request to the Literal API")
    delivery_bytes: int = Field(2_000_000, ge=1_000, description="Bytes per request to the Literal API")
    delivery_seconds: float = Field(10, gt=0, description="Time limit of a request to the Literal API")
    delivery_poll_seconds: float = Field(0.1, gt=0, description="How often new steps are looked for")
    delivery_backoff_seconds: float = Field(
        0.5, gt=0, description="First pause after a failed delivery; then it doubles"
    )
    delivery_backoff_max_seconds: float = Field(30, gt=0, description="Longest pause after failed deliveries")
    delivery_stop_seconds: float = Field(5, ge=0, description="How long a stop goes on delivering; the rest is kept")
    delivery_stalled_seconds: float = Field(300, gt=0, description="/readyz says no when a step waits longer than this")
    mask_patterns: str = Field("", description="What is masked: all, or some of email,phone,card,iban,api_key,bearer")
    mask_presidio: bool = Field(False, description="Mask what Presidio finds as well, when it is installed")


class ReviewSettings(Section):
    """The place where threads land, and its pages."""

    database_url: str | None = Field(None, description="sqlite:///… or postgresql://…; none: review.db in DATA_DIR")
    admin_token: SecretStr | None = Field(None, description="Opens the review pages; made on first start when not set")
    admin_password: SecretStr | None = Field(None, description="Lets people sign in to the review pages by password")
    review_url: str | None = Field(None, description="Public address of the review pages, when a proxy hides it")
    max_ingest_bytes: int = Field(64_000_000, gt=0, description="A larger request to the Literal API is answered 413")
    max_file_bytes: int = Field(100_000_000, gt=0, description="A larger file is refused when it is uploaded")
    file_url_seconds: float = Field(3600, gt=0, description="How long a link to an uploaded file can be opened")
    files_url: str | None = Field(
        None, description="s3://bucket/folder keeps uploaded files there; none: `files` in DATA_DIR"
    )
    aws_endpoint_url: str | None = Field(None, description="Address of an S3-compatible store other than Amazon's")
    aws_region: str | None = Field(None, description="Region of the bucket")
    aws_access_key_id: str | None = Field(None, description="Key id for the bucket; none: the role of the machine")
    aws_secret_access_key: SecretStr | None = Field(None, description="The secret that belongs to the key id")


class ClientSettings(Section):
    """How client.py shows conversations."""

    no_color: str | None = Field(None, description="Anything here: client.py prints without colours (no-color.org)")


@dataclass(frozen=True)
class Settings:
    """All sections."""

    server: ServerSettings
    agent: AgentSettings
    monitor: MonitorSettings
    review: ReviewSettings
    client: ClientSettings


SECTIONS: tuple[type[Section], ...] = (ServerSettings, AgentSettings, MonitorSettings, ReviewSettings, ClientSettings)


def load(env_file: Path | None = Path(".env")) -> Settings:
    """The settings of this process.

    Raises:
        SettingsError: a value that can't be used; the message names the variable and what was wrong with it.
    """
    return Settings(
        server=_section(ServerSettings, env_file),
        agent=_section(AgentSettings, env_file),
        monitor=_section(MonitorSettings, env_file),
        review=_section(ReviewSettings, env_file),
        client=_section(ClientSettings, env_file),
    )


def _section(section: type[S], env_file: Path | None) -> S:
    try:
        return section(_env_file=env_file)  # pyright: ignore[reportCallIssue]  # pydantic-settings adds the argument
    except ValidationError as error:
        wrong = [f"{'.'.join(map(str, e['loc'])).upper()}: {e['msg']}" for e in error.errors(include_input=False)]
        raise SettingsError("Setting refused. " + "; ".join(wrong)) from None
