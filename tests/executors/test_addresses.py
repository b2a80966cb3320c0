"""Which addresses are public."""

from __future__ import annotations

import pytest

from orchestration.executors.support.addresses import blocked_kind, is_allowed


@pytest.mark.parametrize(
    ("address", "kind"),
    [
        ("127.0.0.1", "loopback"),
        ("127.255.255.254", "loopback"),
        ("::1", "loopback"),
        ("0.0.0.0", "unspecified"),
        ("::", "unspecified"),
        ("169.254.169.254", "link-local"),
        ("fe80::1%eth0", "link-local"),
        ("10.0.0.1", "private"),
        ("172.16.0.1", "private"),
        ("192.168.1.1", "private"),
        ("fc00::1", "private"),
        ("192.0.2.1", "private"),
        ("100.64.0.1", "shared (carrier-grade NAT)"),
        ("100.127.255.255", "shared (carrier-grade NAT)"),
        ("224.0.0.1", "multicast"),
        ("ff02::1", "multicast"),
        ("240.0.0.1", "private"),
        ("255.255.255.255", "private"),
        ("fec0::1", "site-local"),
        ("::ffff:127.0.0.1", "loopback"),
        ("::ffff:10.0.0.1", "private"),
        ("::ffff:169.254.169.254", "link-local"),
        ("::127.0.0.1", "loopback"),
        ("2002:7f00:1::", "loopback"),
        ("64:ff9b::a00:1", "private"),
        ("64:ff9b:1::1", "local NAT64"),
        ("2001::1", "private"),
        ("not an address", "unreadable"),
    ],
)
def test_addresses_that_are_not_public(address: str, kind: str) -> None:
    assert blocked_kind(address) == kind


@pytest.mark.parametrize(
    "address",
    ["8.8.8.8", "100.63.255.255", "100.128.0.0", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"],
)
def test_public_addresses(address: str) -> None:
    assert blocked_kind(address) is None


@pytest.mark.parametrize(
    ("host", "port", "entry", "allowed"),
    [
        ("intranet", 80, "intranet", True),
        ("intranet", 8443, "intranet", True),
        ("INTRANET", 80, " intranet ", True),
        ("intranet", 80, "intranet:80", True),
        ("intranet", 81, "intranet:80", False),
        ("intranet.example.org", 80, "intranet", False),
        ("notintranet", 80, "intranet", False),
        ("::1", 8000, "[::1]:8000", True),
        ("::1", 8000, "[::1]", True),
        ("::1", 8001, "[::1]:8000", False),
    ],
)
def test_allow_list_means_exactly_what_it_says(host: str, port: int, entry: str, allowed: bool) -> None:
    assert is_allowed(host, port, [entry]) is allowed
