"""Signatures of webhooks, against values that openssl has computed."""

from __future__ import annotations

import base64

import pytest

from orchestration.engine.webhook_signing import SigningSecretError, is_signed, new_signing_secret, sign, signing_key

SECRET = "whsec_YWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXowMTIzNDU="
ID, AT, BODY = "msg_1", 1_700_000_000, b'{"event":"run.completed"}'
#: printf 'msg_1.1700000000.{"event":"run.completed"}' | openssl dgst -sha256 -mac HMAC -macopt hexkey:6162…3435
DIGEST = "f2f7455ea29889c672873f47034a1d936d9c2de79c56a9d70e9cf114bc86f3ac"
SIGNATURE = "v1," + base64.b64encode(bytes.fromhex(DIGEST)).decode()


def test_the_signature_is_what_openssl_says() -> None:
    assert sign(SECRET, ID, AT, BODY) == SIGNATURE


def test_the_example_of_the_specification_is_signed_as_it_says() -> None:
    body = b'{"test": 2432232314}'
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    signature = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    assert sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body) == signature


@pytest.mark.parametrize(
    ("given", "right"),
    [
        (SIGNATURE, True),
        (f"v1,AAAA {SIGNATURE}", True),
        (f"{SIGNATURE} v1a,other", True),
        ("", False),
        ("v1,", False),
        (SIGNATURE.removeprefix("v1,"), False),
        (SIGNATURE[:-2], False),
        ("v1,ünreadable", False),
    ],
)
def test_one_right_signature_of_several_is_enough(given: str, right: bool) -> None:
    assert is_signed(SECRET, ID, AT, BODY, given) is right


def test_id_time_and_body_are_all_signed() -> None:
    assert not is_signed(SECRET, "msg_2", AT, BODY, SIGNATURE)
    assert not is_signed(SECRET, ID, AT + 1, BODY, SIGNATURE)
    assert not is_signed(SECRET, ID, AT, BODY + b" ", SIGNATURE)
    assert not is_signed(new_signing_secret(), ID, AT, BODY, SIGNATURE)


def test_new_secrets_have_256_bits_and_differ() -> None:
    one, two = new_signing_secret(), new_signing_secret()
    assert one != two and len(signing_key(one)) == 32 and one.startswith("whsec_")


def test_what_is_no_secret_is_said() -> None:
    with pytest.raises(SigningSecretError, match="whsec_"):
        sign("whsec_no base64", ID, AT, BODY)
