"""Executors that say their inputs wherever they can, in the worker's process and in one of their own."""

from __future__ import annotations

import base64
import json
import textwrap
import time
from typing import Any
from urllib.parse import quote

from apflow import BaseTask, executor_register


class Leaky(BaseTask):
    """Logs its inputs, tells them as its progress, and ends as its input `end` says."""

    def execute(self, inputs: dict[str, Any]) -> Any:
        """Leak."""
        self.log.info("calling %s as %s", inputs["url"], inputs["headers"])
        self.log.warning("encoded: %s", quote(inputs["password"], safe=""))
        self.report_progress(0.5, f"signing in with {inputs['password']}")
        if inputs["end"] == "time out":
            while not self.is_cancelled():
                time.sleep(0.01)
        if inputs["end"] == "raise":
            raise ValueError(f"no answer from {inputs['url']} to {inputs!r}")
        if inputs["end"] == "return":
            return {"status": "failed", "error": f"refused: {inputs['headers']}", "error_type": "refused"}
        return {"status": "completed", "result": {"given": inputs, "said": f"{inputs['api_key']} is right"}}


@executor_register(id="leaky")
class LeakyHere(Leaky):
    """Leaks in the worker's process."""


@executor_register(id="leaky_apart")
class LeakyApart(Leaky):
    """Leaks in a process of its own."""

    isolation = "process"


def _fold(text: str) -> str:
    """Wrap a text as PEM files are."""
    return "\r\n".join(text[start : start + 64] for start in range(0, len(text), 64))


@executor_register(id="leaky_encoder")
class LeakyEncoder(BaseTask):
    """Says what it is given in every form that it can think of; in its result too."""

    def execute(self, inputs: dict[str, Any]) -> Any:
        """Leak."""
        given = inputs["given"]
        forms = {
            "plain": given,
            "base64": base64.b64encode(given.encode()).decode(),
            "url": quote(given, safe=""),
            "json": json.dumps({"nested": json.dumps(given)}),
            "lines": given.splitlines(),
            "wrapped": base64.encodebytes(given.encode()).decode(),
            "PEM": f"-----BEGIN-----\r\n{_fold(base64.urlsafe_b64encode(given.encode()).decode())}\r\n-----END-----",
            "folded": textwrap.wrap(given, 30),
            "escaped": json.dumps({"nested": "\n    ".join(textwrap.wrap(given, 30))}),
            given: "as a key",
        }
        for form in forms.values():
            self.log.info("it is %s", form)
        for line in (*forms["wrapped"].splitlines(), *forms["PEM"].splitlines()):
            self.log.info("the next line is %s", line)
        self.report_progress(0.5, forms["url"])
        if inputs.get("fails"):
            raise RuntimeError(f"{forms}")
        return forms


@executor_register(id="leaky_encoder_apart")
class LeakyEncoderApart(LeakyEncoder):
    """Does so in a process of its own."""

    isolation = "process"
