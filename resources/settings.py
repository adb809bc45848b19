"""Settings: one object, read from the environment, HOME/.env and HOME/musicgen.toml, in that order of weight.

Belongs here: names, defaults, ranges, and the folders that follow from the home. Does not belong here:
creating those folders (layout), and anything of a song: settings reach music only through its context.
"""

from __future__ import annotations

import difflib
import os
import tomllib
from pathlib import Path
from typing import Any, Literal
from urllib.parse import urlsplit

from pydantic import (
    AliasChoices,
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict, TomlConfigSettingsSource

from musicgen_assets.context import limits as bounds
from musicgen_assets.context.failures import BadInput
from resources.api_settings import ApiSettings
from resources.engine_settings import PREFIX, EngineKeys, Engines, known_outside
from resources.routing_settings import Budgets, RoutingSettings
from resources.webhook_settings import WebhookSettings

HOME_VARIABLE = "MUSICGEN_HOME"
_MEGABYTE = 1024 * 1024


class Features(BaseModel):
    """Feature flags. Set one with MUSICGEN_FEATURES__NAME=true or under [features] in musicgen.toml."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    automatic_enhancement: bool = True
    multi_provider_routing: bool = True
    parallel_stage_processing: bool = False
    real_time_collaboration: bool = False
    version_branching: bool = True
    stem_separation: bool = True
    custom_effects: bool = False
    ai_mastering: bool = True


class Limits(BaseModel):
    """Limits of this installation. They may be tighter than the product's own, never wider."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_prompt_characters: int = Field(bounds.PROMPT_MAX_CHARACTERS, ge=1, le=bounds.PROMPT_MAX_CHARACTERS)
    min_duration_s: float = Field(bounds.DURATION_MIN_S, ge=bounds.DURATION_MIN_S, le=bounds.DURATION_MAX_S)
    max_duration_s: float = Field(bounds.DURATION_MAX_S, ge=bounds.DURATION_MIN_S, le=bounds.DURATION_MAX_S)
    min_tempo_bpm: float = Field(bounds.TEMPO_MIN_BPM, ge=bounds.TEMPO_MIN_BPM, le=bounds.TEMPO_MAX_BPM)
    max_tempo_bpm: float = Field(bounds.TEMPO_MAX_BPM, ge=bounds.TEMPO_MIN_BPM, le=bounds.TEMPO_MAX_BPM)
    max_release_bytes: int = Field(500 * _MEGABYTE, ge=_MEGABYTE, le=500 * _MEGABYTE)
    max_retries: int = Field(3, ge=0, le=10)
    task_timeout_s: float = Field(120.0, gt=0)
    """For a task whose estimate does not say more."""
    max_concurrent: int = Field(100, ge=1, le=100)
    max_user_bytes: int = Field(0, ge=0)
    """What one user's songs may take on disk, as the housekeeping last measured it; 0 means as much as there is."""

    @model_validator(mode="after")
    def _ranges_hold_something(self) -> Limits:
        for name in ("duration_s", "tempo_bpm"):
            low, high = getattr(self, f"min_{name}"), getattr(self, f"max_{name}")
            if low > high:
                raise ValueError(f"min_{name} {low:g} is above max_{name} {high:g}")
        return self


class Housekeeping(BaseModel):
    """How long things are kept that nobody needs. Set with MUSICGEN_HOUSEKEEPING__NAME or under [housekeeping]."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    song_runs_kept_days: float = Field(30.0, ge=0)
    """A finished run of a song stays in Dagster so long; longer if what a living version has was made by it."""
    other_runs_kept_days: float = Field(2.0, ge=0)
    """Forms, standing checks and housekeeping itself: hundreds a day."""
    garbage_kept_hours: float = Field(24.0, ge=0)
    """How long nothing must need an object before it is removed."""


def checkout_root() -> Path | None:
    """The folder of the checkout this code runs from; None where it was installed as a package."""
    root = Path(__file__).resolve().parents[1]
    return root if (root / "pyproject.toml").is_file() and (root / "musicgen_assets").is_dir() else None


def default_home() -> Path:
    """.musicgen in the checkout, or in the current folder where there is no checkout."""
    return (checkout_root() or Path.cwd()) / ".musicgen"


class Settings(EngineKeys):
    """Everything that can be configured. Secrets show as asterisks wherever they are printed or logged."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", env_file_encoding="utf-8", env_ignore_empty=True,
        populate_by_name=True, extra="ignore", frozen=True, hide_input_in_errors=True,
    )  # fmt: skip

    home: Path = Field(default_factory=default_home)
    """Everything a user makes: registry, artifacts, caches, releases, Dagster's storage."""
    registry_url: str = Field("", repr=False)
    """sqlite:////PATH or postgresql://USER:PASSWORD@HOST/DATABASE; not shown, for it may hold a password."""
    artifacts_url: str = ""
    """file:///PATH or s3://BUCKET/PREFIX; where a bucket is reached and as whom, the AWS_... variables say."""
    dagster_storage_url: str = Field("", repr=False)
    """postgresql://USER:PASSWORD@HOST/DATABASE for Dagster's own storage; empty keeps it in the home."""
    inbox_url: str = ""
    """Where files of requests are taken from: file:///PATH or s3://BUCKET/PREFIX; empty means HOME/inbox."""
    soundfont: Path | None = None
    """A SoundFont to play with; None lets the engine look for one."""
    sampler: Literal["auto", "fluidsynth", "tinysoundfont"] = "auto"
    """Which engine plays SoundFonts; auto takes libfluidsynth where the system has it."""
    dagster_url: str = ""
    """Where a running deployment's webserver answers; empty means the one that `musicgen up` runs on this home."""
    model_path: Path | None = None
    """Folder with weights of MusicGen (docs/local-models.md)."""
    demucs_path: Path | None = None
    """Folder with weights of Demucs (docs/local-models.md)."""
    models_python: Path | None = None
    """Interpreter of the environment that local models run in; None takes .venv-ml in the checkout (make models)."""
    max_workers: int = Field(
        default_factory=lambda: min(len(os.sched_getaffinity(0)), 4),
        ge=1,
        le=256,
        validation_alias=known_outside("MAX_WORKERS"),
    )
    generation_timeout_s: float = Field(300.0, gt=0, validation_alias=known_outside("GENERATION_TIMEOUT"))
    """Upper bound for one call to a provider, in seconds."""

    redis_url: SecretStr | None = Field(None, validation_alias=known_outside("REDIS_URL"))
    celery_broker_url: SecretStr | None = Field(None, validation_alias=known_outside("CELERY_BROKER_URL"))
    s3_bucket: str | None = Field(None, validation_alias=known_outside("S3_BUCKET"))
    """Where artifacts go when no artifacts_url is given."""

    has_prompt_enhancement: bool = Field(True, validation_alias=known_outside("ENABLE_PROMPT_ENHANCEMENT"))
    has_parallel_processing: bool = Field(True, validation_alias=known_outside("ENABLE_PARALLEL_PROCESSING"))
    has_caching: bool = Field(True, validation_alias=known_outside("ENABLE_CACHING"))
    has_monitoring: bool = Field(True, validation_alias=known_outside("ENABLE_MONITORING"))

    features: Features = Features()
    limits: Limits = Limits()
    housekeeping: Housekeeping = Housekeeping()
    routing: RoutingSettings = RoutingSettings()
    budgets: Budgets = Budgets()
    engines: Engines = Engines()
    api: ApiSettings = ApiSettings()
    webhooks: WebhookSettings = WebhookSettings()

    @field_validator("home", "soundfont", "model_path", "demucs_path", "models_python")
    @classmethod
    def _absolute(cls, path: Path | None) -> Path | None:
        return None if path is None else path.expanduser().absolute()

    @model_validator(mode="after")
    def _two_databases(self) -> Settings:
        """Registry and Dagster each keep a table alembic_version: in one database they take it for their own."""
        if not self.dagster_storage_url:
            return self
        if urlsplit(self.dagster_storage_url).scheme.partition("+")[0] not in ("postgresql", "postgres"):
            raise ValueError("dagster_storage_url: only postgresql:// addresses are known")
        place, other = (_database(url) for url in (self.dagster_storage_url, self.registry_url))
        if place == other:
            raise ValueError("dagster_storage_url: it names the registry's database; give Dagster one of its own")
        return self

    def model_post_init(self, _context: Any) -> None:
        """Fill in the addresses that follow from the home."""
        if not self.registry_url:
            object.__setattr__(self, "registry_url", f"sqlite:///{self.home / 'registry.db'}")
        if not self.artifacts_url:
            remote = f"s3://{self.s3_bucket}/artifacts" if self.s3_bucket else None
            object.__setattr__(self, "artifacts_url", remote or f"file://{self.home / 'artifacts'}")
        if not self.inbox_url:
            remote = f"s3://{self.s3_bucket}/inbox" if self.s3_bucket else None
            object.__setattr__(self, "inbox_url", remote or f"file://{self.home / 'inbox'}")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Arguments, environment, HOME/.env, HOME/musicgen.toml: the first that says something wins."""
        del file_secret_settings
        home = Path(init_settings().get("home") or os.environ.get(HOME_VARIABLE) or default_home())
        toml = TomlConfigSettingsSource(settings_cls, home.expanduser() / "musicgen.toml")
        return init_settings, env_settings, dotenv_settings, toml

    @property
    def is_dagster_home_explicit(self) -> bool:
        """Whether DAGSTER_HOME names the user's own deployment rather than the folder we make."""
        given = os.environ.get("DAGSTER_HOME")
        return bool(given) and Path(given or "").expanduser() != self.home / "dagster"

    @property
    def dagster_home(self) -> Path:
        """DAGSTER_HOME if it is set, else HOME/dagster."""
        given = os.environ.get("DAGSTER_HOME")
        return Path(given).expanduser() if given else self.home / "dagster"

    @property
    def releases(self) -> Path:
        """Where finished songs lie, one folder a version."""
        return self.home / "releases"

    @property
    def cache(self) -> Path:
        """What may be deleted at any time."""
        return self.home / "cache"

    @property
    def logs(self) -> Path:
        """Log files of long-running processes."""
        return self.home / "logs"

    def configured_keys(self) -> tuple[str, ...]:
        """Names of the providers' keys that are set, never their values."""
        names = (name for name in EngineKeys.model_fields if name.endswith(("_api_key", "_api_token")))
        return tuple(name.upper() for name in names if getattr(self, name) is not None)

    def secret_values(self) -> tuple[str, ...]:
        """Every secret in clear, for masking them in logs. Never print this."""
        values = [getattr(self, name) for name in type(self).model_fields]
        values.append(self.api.secret)
        secrets = [value.get_secret_value() for value in values if isinstance(value, SecretStr)]
        passwords = [urlsplit(url).password for url in (self.registry_url, self.dagster_storage_url)]
        return (*secrets, *(password for password in passwords if password))


def _database(url: str) -> tuple[str | None, int, str]:
    """Host, port and name of a PostgreSQL database."""
    parts = urlsplit(url)
    return parts.hostname, parts.port or 5432, parts.path.strip("/")


def get_settings(home: Path | str | None = None) -> Settings:
    """Settings as the environment and the home's files stand now. Raises BadInput naming what is wrong.

    ``home`` wins over MUSICGEN_HOME.
    """
    chosen = Path(home or os.environ.get(HOME_VARIABLE) or default_home()).expanduser().absolute()
    try:
        _check_file(chosen / "musicgen.toml")
        return Settings(home=chosen, _env_file=chosen / ".env")
    except ValidationError as error:
        raise _bad_setting(error) from error
    except (tomllib.TOMLDecodeError, OSError, UnicodeDecodeError) as error:
        way_out = f"Correct the files in {chosen}, or take them away."
        raise BadInput("HOME", str(chosen), f"its settings cannot be read: {error}", way_out=way_out) from error


def setting_names() -> list[str]:
    """Every setting, those of the engines outside last."""
    return sorted(Settings.model_fields, key=lambda name: name in EngineKeys.model_fields)


def _check_file(path: Path) -> None:
    """A misspelt name in the file would otherwise say nothing and do nothing."""
    if not path.is_file():
        return
    known = [name for name in setting_names() if name != "home"]
    for name in tomllib.loads(path.read_text(encoding="utf-8")):
        if name not in known:
            near = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            way_out = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(known)}."
            raise BadInput(str(path), name, "there is no such setting", way_out=way_out)


def _bad_setting(error: ValidationError) -> BadInput:
    """The first complaint, named as the variable a person would set; the value of a secret stays out."""
    first = error.errors(include_url=False)[0]
    name, *rest = [str(part) for part in first["loc"]] or ["settings"]
    variable, is_secret = _variables().get(name, (name, True))
    return BadInput(
        "__".join([variable, *rest]).upper(),
        "***" if is_secret else first["input"],
        str(first["msg"]).removeprefix("Value error, "),
        way_out="Correct it in the environment, in HOME/.env or in HOME/musicgen.toml.",
    )


def _variables() -> dict[str, tuple[str, bool]]:
    """By every name a setting goes by: the variable that sets it, and whether its value is a secret."""
    found: dict[str, tuple[str, bool]] = {}
    for name, field in Settings.model_fields.items():
        alias = field.validation_alias
        names = (
            [str(choice) for choice in alias.choices] if isinstance(alias, AliasChoices) else [PREFIX + name.upper()]
        )
        is_secret = "SecretStr" in str(field.annotation) or not field.repr
        found |= dict.fromkeys((name, *names), (names[0], is_secret))
    return found
