"""Names for the networks that visitors come from: nice to have, and no reason to go without a report."""

from __future__ import annotations

import csv
import ipaddress
from pathlib import Path
from typing import Any

from apflow import BaseTask, executor_register
from examples.config import data_dir


@executor_register()
class NameNetworks(BaseTask):
    """
    Looks up the networks of the busiest visitors in `networks.csv` of the data directory.

    The file isn't part of the examples, so this task fails until you write one, with lines such as
    `192.0.2.0/24,Head office`. What depends on it optionally does without.

    Args (inputs):
        top_clients (list): `[address, count]` pairs

    Returns:
        dict: `client_names`, a name by address

    Example:
        task = create_task(name="name_networks", inputs={"top_clients": [["192.0.2.1", 17]]})
    """

    id = "name_networks"
    name = "Name the networks"
    tags = ["example", "data"]
    examples = [{"top_clients": [["192.0.2.1", 17]]}]

    def execute(self, inputs: dict[str, Any]) -> dict[str, Any]:
        """Look the addresses up."""
        path = data_dir() / "networks.csv"
        if not path.is_file():
            error = "There is no networks.csv in the data directory, so the visitors' networks stay without names"
            return {"status": "failed", "error": error, "error_type": "networks_missing", "retryable": False}
        names = read_networks(path)
        found = {address: network_name(address, names) for address, _ in inputs.get("top_clients", [])}
        return {"status": "completed", "result": {"client_names": {key: name for key, name in found.items() if name}}}

    def get_demo_result(self, task: Any = None, inputs: dict[str, Any] | None = None) -> Any:
        """Return one name."""
        return {"client_names": {"192.0.2.1": "Head office"}}


def read_networks(path: Path) -> dict[ipaddress.IPv4Network, str]:
    """Read `network,name` lines. Raises ValueError for a network that is none."""
    with path.open(encoding="utf-8", newline="") as file:
        return {ipaddress.IPv4Network(row[0].strip()): row[1].strip() for row in csv.reader(file) if len(row) > 1}


def network_name(address: str, names: dict[ipaddress.IPv4Network, str]) -> str | None:
    """Return the name of the smallest network that has an address."""
    found = [network for network in names if ipaddress.IPv4Address(address) in network]
    return names[max(found, key=lambda network: network.prefixlen)] if found else None
