"""A home as a team has it: registry in PostgreSQL, artifacts and inbox in a bucket. Real servers, once a session."""

from __future__ import annotations

import importlib.util
import itertools
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from support.postgresql import PostgreSQL, homeless
from support.swift_server import KEY, SECRET

TEMPLATE = "template_registry"
BUCKET = "musicgen"


@dataclass
class Bucket:
    """A server that speaks S3, with one bucket."""

    folder: Path
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    @property
    def environment(self) -> dict[str, str]:
        """How S3's own clients are told where it is, and who asks."""
        return {
            "AWS_ENDPOINT_URL": f"http://127.0.0.1:{self.port}", "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET, "AWS_DEFAULT_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
        }  # fmt: skip

    def start(self) -> None:
        """Start it, on the ports it had before where it had some, and wait until it answers."""
        (self.folder / "port").unlink(missing_ok=True)
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-W", "ignore", "-m", "support.swift_server", str(self.folder)],
                cwd=Path(__file__).resolve().parents[1], stdout=subprocess.DEVNULL, stderr=log,
                env=homeless(),
            )  # fmt: skip
        deadline = time.monotonic() + 60
        while not (self.folder / "port").exists():
            if self.process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.05)
        self.port = int((self.folder / "port").read_text())

    def kill(self) -> None:
        """End it at once."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    @cached_property
    def client(self) -> Any:
        """S3 as its own client speaks it, at the port of the first start."""
        import boto3

        return boto3.client(
            "s3", endpoint_url=f"http://127.0.0.1:{self.port}", aws_access_key_id=KEY, aws_secret_access_key=SECRET,
            region_name="us-east-1",
        )  # fmt: skip


@contextmanager
def asking_as(monkeypatch: Any, **environment: str) -> Iterator[None]:
    """S3 spoken with as ``environment`` says: clients that were made before are not used, nor these afterwards."""
    from s3fs import S3FileSystem

    S3FileSystem.clear_instance_cache()
    try:
        with monkeypatch.context() as patched:
            for name, value in environment.items():
                patched.setenv(name, value)
            yield
    finally:
        S3FileSystem.clear_instance_cache()


@dataclass(frozen=True)
class BucketFile:
    """An object, or all under a prefix, handled as a test handles a path."""

    bucket: Bucket
    key: str

    def __truediv__(self, name: str) -> BucketFile:
        return BucketFile(self.bucket, f"{self.key}/{name}")

    def write_bytes(self, data: bytes) -> None:
        self.bucket.client.put_object(Bucket=BUCKET, Key=self.key, Body=data)

    def write_text(self, text: str) -> None:
        self.write_bytes(text.encode())

    def read_text(self) -> str:
        body: bytes = self.bucket.client.get_object(Bucket=BUCKET, Key=self.key)["Body"].read()
        return body.decode()


@dataclass
class Team:
    """Both servers, and a fresh database and prefix for whoever asks."""

    database: PostgreSQL
    bucket: Bucket
    _numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    @contextmanager
    def whole_place(self) -> Iterator[dict[str, str]]:
        """As ``place``, with an empty database for Dagster too."""
        name = f"dagster_{next(self._numbers)}"
        self.database.run(f"CREATE DATABASE {name}")
        try:
            with self.place() as environment:
                yield {**environment, "MUSICGEN_DAGSTER_STORAGE_URL": self.database.url(name)}
        finally:
            self.database.run(f"DROP DATABASE {name} WITH (FORCE)")

    @contextmanager
    def place(self) -> Iterator[dict[str, str]]:
        """The environment of an own home: a current registry, an empty prefix."""
        name = f"home_{next(self._numbers)}"
        self.database.run(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
        try:
            yield {
                "MUSICGEN_REGISTRY_URL": self.database.url(name),
                "MUSICGEN_ARTIFACTS_URL": f"s3://{BUCKET}/{name}/artifacts",
                "MUSICGEN_INBOX_URL": f"s3://{BUCKET}/{name}/inbox",
                **self.bucket.environment,
            }
        finally:
            self.database.run(f"DROP DATABASE {name} WITH (FORCE)")


def why_no_bucket() -> str | None:
    """Why no S3 server can be started here; None where one can."""
    missing = [name for name in ("swift", "s3fs", "boto3") if importlib.util.find_spec(name) is None]
    return f"not run: {', '.join(missing)} is not installed (extra dev)" if missing else None


@contextmanager
def bucket_server(folder: Path) -> Iterator[Bucket]:
    """OpenStack Swift over ``folder``, with its bucket."""
    found = Bucket(folder)
    try:
        found.start()
        found.client.create_bucket(Bucket=BUCKET)
        yield found
    finally:
        found.kill()


def make_template(database: PostgreSQL) -> None:
    """A current, empty registry that others are copied from: quicker than migrating each."""
    from resources.registry import Registry

    database.run(f"CREATE DATABASE {TEMPLATE}")
    Registry(database.url(TEMPLATE)).close()
