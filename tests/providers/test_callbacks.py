"""Callbacks: whose they are, how old they may be, and that only the job's id is taken from them."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from standardwebhooks import Webhook

from resources.providers.callbacks import BadCallback, callback_job, kie_job, replicate_job
from resources.settings import get_settings

KIE_KEY = SecretStr("kie-hmac-key")
SECRET = SecretStr("whsec_" + base64.b64encode(b"0123456789abcdef0123456789abcdef").decode())
BODY = json.dumps({"code": 200, "data": {"taskId": "t-1", "resultJson": "https://evil.example/"}}).encode()
OLD_BODY = json.dumps({"code": 200, "data": {"callbackType": "first", "task_id": "t-1"}}).encode()


def kie_headers(stamp: int | str, task: str = "t-1", key: SecretStr = KIE_KEY) -> dict[str, str]:
    signed = hmac.new(key.get_secret_value().encode(), f"{task}.{stamp}".encode(), hashlib.sha256).digest()
    return {"X-Webhook-Timestamp": str(stamp), "X-Webhook-Signature": base64.b64encode(signed).decode()}


@pytest.mark.parametrize("body", [BODY, OLD_BODY])
def test_kies_own_is_taken_within_five_minutes(body: bytes) -> None:
    for age_s in (0, 299, -299):
        assert kie_job(body, kie_headers(1_000_000 - age_s), KIE_KEY, now_s=1_000_000) == "t-1"
    for age_s in (301, -301, 10**6):
        with pytest.raises(BadCallback, match="too old"):
            kie_job(body, kie_headers(1_000_000 - age_s), KIE_KEY, now_s=1_000_000)


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (BODY, {}), (BODY, kie_headers(1000, key=SecretStr("other"))), (BODY, kie_headers(1000, task="t-2")),
        (BODY, kie_headers(1000) | {"X-Webhook-Signature": "é"}),
        (BODY, kie_headers(1000) | {"X-Webhook-Signature": ""}),
        (BODY, kie_headers("١٠٠٠")), (BODY, kie_headers("-1000")), (BODY, kie_headers("9" * 400)),
        (b"{}", kie_headers(1000)), (b'{"data": {"taskId": "../x"}}', kie_headers(1000, "../x")),
        (b"\xff", kie_headers(1000)), (BODY + b" " * 2**20, kie_headers(1000)),
    ],
)  # fmt: skip
def test_what_is_not_kies_is_refused(body: bytes, headers: dict[str, str]) -> None:
    with pytest.raises(BadCallback):
        kie_job(body, headers, KIE_KEY, now_s=1000)


def replicate_headers(body: bytes, at: float | None = None, secret: SecretStr = SECRET) -> dict[str, str]:
    when = datetime.fromtimestamp(time.time() if at is None else at, UTC)
    signature = Webhook(secret.get_secret_value()).sign("msg_1", when, body.decode())
    return {"Webhook-Id": "msg_1", "Webhook-Timestamp": str(int(when.timestamp())), "Webhook-Signature": signature}


def test_replicates_own_is_taken_and_nothing_else() -> None:
    body = b'{"id": "p-1", "status": "succeeded", "output": "https://evil.example/"}'
    good = replicate_headers(body)
    assert replicate_job(body, good, SECRET) == "p-1"
    assert (
        replicate_job(body, good | {"Webhook-Signature": "v1,AAAA v1a,zz " + good["Webhook-Signature"]}, SECRET)
        == "p-1"
    )
    other = SecretStr("whsec_" + base64.b64encode(b"x" * 32).decode())
    refused = [
        (body + b" ", good), (body, {}), (body, replicate_headers(body, time.time() - 400)),
        (body, replicate_headers(body, time.time() + 400)), (body, replicate_headers(body, secret=other)),
        (body, good | {"Webhook-Signature": "nonsense"}), (body, good | {"Webhook-Signature": "v1,é"}),
        (body, good | {"Webhook-Timestamp": "nan"}), (b"\xff", good), (b"{}", replicate_headers(b"{}")),
        (b'{"id": "../x"}', replicate_headers(b'{"id": "../x"}')),
    ]  # fmt: skip
    for bad_body, headers in refused:
        with pytest.raises(BadCallback):
            replicate_job(bad_body, headers, SECRET)
    with pytest.raises(BadCallback):
        replicate_job(body, good, SecretStr("whsec_"))


@given(
    st.binary(max_size=200),
    st.dictionaries(
        st.sampled_from(
            ["webhook-id", "webhook-timestamp", "webhook-signature", "x-webhook-timestamp", "x-webhook-signature"]
        ),
        st.text(),
    ),
)
def test_anything_else_is_a_bad_callback(body: bytes, headers: dict[str, str]) -> None:
    for job in (lambda: kie_job(body, headers, KIE_KEY), lambda: replicate_job(body, headers, SECRET)):
        with pytest.raises(BadCallback):
            job()


def test_callbacks_are_taken_only_where_a_secret_is_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    headers = kie_headers(int(time.time()))
    with pytest.raises(BadCallback, match="KIE_WEBHOOK_KEY"):
        callback_job("kie", BODY, headers, get_settings(tmp_path))
    monkeypatch.setenv("KIE_WEBHOOK_KEY", KIE_KEY.get_secret_value())
    monkeypatch.setenv("REPLICATE_WEBHOOK_SECRET", SECRET.get_secret_value())
    found = get_settings(tmp_path)
    assert callback_job("kie", BODY, headers, found) == "t-1"
    assert callback_job("replicate", b'{"id": "p"}', replicate_headers(b'{"id": "p"}'), found) == "p"
    with pytest.raises(BadCallback):
        callback_job("lyria", BODY, headers, found)
    assert KIE_KEY.get_secret_value() not in repr(found)
