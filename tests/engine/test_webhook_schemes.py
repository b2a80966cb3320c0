"""What proves a request to an incoming webhook, against values that openssl has computed."""

from __future__ import annotations

import base64

import pytest

from orchestration.engine.webhook_schemes import NotProvenError, Proof, proven_key
from tests.engine.test_webhook_signing import AT, BODY, DIGEST, ID, SECRET

SIGNED = {
    "webhook-id": ID,
    "webhook-timestamp": str(AT),
    "webhook-signature": "v1," + base64.b64encode(bytes.fromhex(DIGEST)).decode(),
}
#: printf '{"event":"run.completed"}' | openssl dgst -sha256 -hmac "It's a Secret to Everybody"
GITHUB_DIGEST = "161b55385af6aa04d62b2a36ef5e811ec302f9323a11b1a8e8615ba067614303"
STANDARD = Proof("standard", SECRET, "", 300)
GITHUB = Proof("github", "It's a Secret to Everybody", "", 300)
TOKEN = Proof("token", "the-shared-token", "X-Webhook-Token", 300)


@pytest.mark.parametrize("off", [0, 300, -300])
def test_a_signed_request_in_time_is_proven(off: int) -> None:
    key = proven_key(STANDARD, SIGNED, BODY, AT + off)
    assert key == proven_key(STANDARD, SIGNED, BODY, AT) and key is not None and len(key) == 64


@pytest.mark.parametrize(
    ("changed", "now", "words"),
    [
        ({}, AT + 301, "301 s too late"),
        ({}, AT - 301, "301 s too early"),
        ({"webhook-timestamp": str(AT + 1)}, AT, "signature is not right"),
        ({"webhook-id": "msg_2"}, AT, "signature is not right"),
        ({"webhook-signature": "v1,AAAA"}, AT, "signature is not right"),
        ({"webhook-signature": ""}, AT, "header is missing"),
        ({"webhook-id": ""}, AT, "header is missing"),
        ({"webhook-timestamp": "soon"}, AT, "whole seconds"),
        ({"webhook-timestamp": "٣"}, AT, "whole seconds"),
        ({"webhook-timestamp": "9" * 400}, AT, "whole seconds"),
    ],
)
def test_anything_else_is_not(changed: dict[str, str], now: int, words: str) -> None:
    with pytest.raises(NotProvenError, match=words):
        proven_key(STANDARD, SIGNED | changed, BODY, now)


def test_the_example_of_github_is_signed_as_it_says() -> None:
    header = {"x-hub-signature-256": "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"}
    assert proven_key(GITHUB, header, b"Hello, World!", 0)


def test_a_replay_of_github_is_known_under_any_name() -> None:
    header = {"x-hub-signature-256": f"sha256={GITHUB_DIGEST}", "x-github-delivery": "one"}
    other = header | {"x-github-delivery": "two"}
    assert proven_key(GITHUB, header, BODY, 0) == proven_key(GITHUB, other, BODY, 0)
    for wrong in ({}, {"x-hub-signature-256": GITHUB_DIGEST}, {"x-hub-signature-256": f"sha256={GITHUB_DIGEST[:-1]}0"}):
        with pytest.raises(NotProvenError, match="missing or not right"):
            proven_key(GITHUB, wrong, BODY, 0)


def test_a_shared_token_is_shown_in_its_header() -> None:
    assert proven_key(TOKEN, {"x-webhook-token": "the-shared-token"}, BODY, 0) is None
    named = {"x-webhook-token": "the-shared-token", "idempotency-key": "k"}
    assert proven_key(TOKEN, named, BODY, 0) == proven_key(TOKEN, named, b"other", 0) is not None
    for wrong in ({}, {"x-webhook-token": "the-shared-tokem"}, {"x-webhook-token": ""}, {"x-webhook-token": "\ud800"}):
        with pytest.raises(NotProvenError, match="X-Webhook-Token"):
            proven_key(TOKEN, wrong, BODY, 0)
