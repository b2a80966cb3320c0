"""Which network addresses a task may reach: public ones, and those that an administrator allows."""

from __future__ import annotations

import ipaddress
from collections.abc import Sequence
from typing import Final

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAT64: Final = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL: Final = ipaddress.IPv6Network("64:ff9b:1::/48")
_IPV4_COMPATIBLE: Final = ipaddress.IPv6Network("::/96")
_SHARED: Final = ipaddress.IPv4Network("100.64.0.0/10")


def blocked_kind(address: str) -> str | None:
    """Name the kind of a non-public address (`loopback`, `private`, …), or return None for a public one.

    IPv6 forms that carry an IPv4 address (mapped, compatible, 6to4, NAT64) are judged by what they carry.
    """
    try:
        ip: Address = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return "unreadable"
    kind = _kind(ip)
    if kind is None and isinstance(ip, ipaddress.IPv6Address):
        carried = _carried_ipv4(ip)
        kind = None if carried is None else _kind(carried)
    return kind


def _kind(ip: Address) -> str | None:
    checks = (
        ("unspecified", ip.is_unspecified),
        ("loopback", ip.is_loopback),
        ("link-local", ip.is_link_local),
        ("multicast", ip.is_multicast),
        ("shared (carrier-grade NAT)", isinstance(ip, ipaddress.IPv4Address) and ip in _SHARED),
        ("local NAT64", isinstance(ip, ipaddress.IPv6Address) and ip in _NAT64_LOCAL),
        ("site-local", isinstance(ip, ipaddress.IPv6Address) and ip.is_site_local),
    )
    for kind, applies in checks:
        if applies:
            return kind
    carries_ipv4 = isinstance(ip, ipaddress.IPv6Address) and _carried_ipv4(ip) is not None
    if carries_ipv4:
        return None
    if ip.is_private:
        return "private"
    return None if ip.is_global and not ip.is_reserved else "reserved"


def _carried_ipv4(ip: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip in _NAT64 or ip in _IPV4_COMPATIBLE:
        return ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip.sixtofour


def is_allowed(host: str, port: int, allowed_hosts: Sequence[str]) -> bool:
    """Tell whether an allow-list of `host` and `host:port` names this one. IPv6 hosts stand in square brackets."""
    shown = f"[{host}]" if ":" in host else host
    names = {host.lower(), shown.lower(), f"{shown}:{port}".lower()}
    return any(entry.strip().lower() in names for entry in allowed_hosts)
