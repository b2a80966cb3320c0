"""The thread of a worker that sends to webhooks what is due."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from typing import Final
from uuid import UUID

from django.db import connection

from orchestration.actions.delivery_attempts import claim_next, make_attempt
from orchestration.models import WebhookDelivery
from orchestration.store.connection import keep_no_locks_when_frozen

logger = logging.getLogger("apflow.webhooks")

#: Seconds between two looks when nothing is due.
LOOK_SECONDS: Final = 1.0
#: Attempts at a time, of one worker; and for one webhook, so that a slow receiver does not hold up the others.
MAX_AT_ONCE: Final = 8
MAX_FOR_ONE: Final = 3


class SenderThread:
    """Claims deliveries and makes each attempt in a thread of its own. Without a database it tries again."""

    def __init__(self, look_seconds: float = LOOK_SECONDS) -> None:
        self._look_seconds = look_seconds
        self._stopping = threading.Event()
        #: Set when an attempt has ended, so that the next one need not wait for the next look.
        self._free = threading.Event()
        self._lock = threading.Lock()
        self._busy: Counter[UUID] = Counter()
        self.thread = threading.Thread(target=self._serve, name="apflow-webhooks", daemon=True)

    def start(self) -> None:
        """Start to send."""
        self.thread.start()

    def ask_to_stop(self) -> None:
        """Claim nothing more; attempts that were begun go on."""
        self._stopping.set()
        self._free.set()

    def stop(self, seconds: float = 10.0) -> None:
        """Claim nothing more, and wait for attempts that were begun; what takes longer is sent again by another."""
        self.ask_to_stop()
        self.thread.join(seconds)

    def _serve(self) -> None:
        try:
            while not self._stopping.is_set():
                self._free.clear()
                if not self._claim():
                    self._free.wait(self._look_seconds)
        finally:
            connection.close()
        while self._sending():
            self._free.wait(self._look_seconds)
            self._free.clear()

    def _claim(self) -> bool:
        """Take one delivery and begin to send it; False when there is none, or no room for it."""
        if self._sending() >= MAX_AT_ONCE:
            return False
        try:
            keep_no_locks_when_frozen()
            delivery = claim_next(self._full())
        except Exception:
            logger.warning("deliveries can't be looked at; trying again", exc_info=True)
            connection.close()
            return False
        if delivery is None:
            return False
        self._count(delivery, 1)
        try:
            # A daemon: an attempt must not keep the process from ending.
            threading.Thread(target=self._attempt, args=(delivery,), name="apflow-webhook", daemon=True).start()
        except RuntimeError:
            # No more threads: this one has to do. The others wait for it, and no attempt is lost.
            logger.warning("there is no thread for delivery %s; sending it before anything else", delivery.pk)
            self._attempt(delivery)
        return True

    def _attempt(self, delivery: WebhookDelivery) -> None:
        try:
            keep_no_locks_when_frozen()
            make_attempt(delivery)
        except Exception:
            # Its claim runs out, and another attempt is made.
            logger.warning("an attempt of delivery %s has no outcome", delivery.pk, exc_info=True)
        finally:
            connection.close()
            self._count(delivery, -1)
            self._free.set()

    def _sending(self) -> int:
        with self._lock:
            return self._busy.total()

    def _full(self) -> list[UUID]:
        with self._lock:
            return [webhook for webhook, count in self._busy.items() if count >= MAX_FOR_ONE]

    def _count(self, delivery: WebhookDelivery, change: int) -> None:
        with self._lock:
            self._busy[delivery.webhook_id] += change
            if not self._busy[delivery.webhook_id]:
                del self._busy[delivery.webhook_id]
