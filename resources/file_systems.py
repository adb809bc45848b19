"""Reaching a folder or a bucket by its address, over fsspec, and what it means to a person when that is refused.

Belongs here: addresses and refusals. Does not belong here: what is kept there (store, inbox).
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from musicgen_assets.context.failures import BadInput, Failure, PermanentFailure, TransientFailure

_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError")


def file_system(url: str, setting: str = "MUSICGEN_ARTIFACTS_URL") -> tuple[Any, str]:
    """The fsspec file system of ``url`` and the place in it. Raises BadInput naming ``setting``, PermanentFailure."""
    import fsspec

    try:
        reached, root = fsspec.core.url_to_fs(url if "://" in url else str(Path(url).expanduser().resolve()))
    except ImportError as error:
        raise PermanentFailure(
            f"{url} needs a package that is not installed: {error}.",
            way_out="Install the extra that brings it: pip install 'musicgen-assets[aws]'.",
        ) from error
    except ValueError as error:
        raise BadInput(
            setting,
            url,
            f"no such kind of store: {error}",
            way_out="Use file:///PATH or s3://BUCKET/PREFIX.",
        ) from error
    return reached, str(root).rstrip("/")


def is_local(file_system: Any) -> bool:
    """Whether a file system of fsspec is this machine's own."""
    return "file" in _protocols(file_system)


def refusals(file_system: Any) -> tuple[type[Exception], ...]:
    """What a file system of fsspec raises where it is refused something: S3's client has errors of its own too."""
    if "s3" not in _protocols(file_system):
        return (OSError,)
    from botocore.exceptions import BotoCoreError, ClientError

    return (OSError, BotoCoreError, ClientError)


def remote_failure(error: Exception, text: str) -> Failure:
    """What a remote store's ``error`` means; ``text`` says what was tried. Rights and names stay wrong: permanent."""
    said = f"{text}: {' '.join(str(error).split()) or type(error).__name__}."
    if isinstance(error, PermissionError) or type(error).__name__ in _NO_CREDENTIALS:
        return PermanentFailure(said, way_out="Check the credentials and rights for that bucket.")
    if isinstance(error, FileNotFoundError):
        return PermanentFailure(said, way_out="Check that the bucket is there, and its name.")
    return TransientFailure(said, way_out="Run it again; if it stays, check the connection to the store.")


def _protocols(file_system: Any) -> tuple[str, ...]:
    protocol = file_system.protocol
    return (protocol,) if isinstance(protocol, str) else tuple(protocol)
