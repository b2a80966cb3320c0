"""How long frames take while somebody looks around on the canvas: recorded and printed, for people to judge."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.acceptance.support.builder_page import Builder

#: Scripts that begin to note the times between frames, and return them.
BEGIN = """() => {
  window.frameTimes = [];
  let last = performance.now();
  const note = (now) => {
    window.frameTimes.push(now - last);
    last = now;
    window.frameRequest = requestAnimationFrame(note);
  };
  window.frameRequest = requestAnimationFrame(note);
}"""
END = "() => { cancelAnimationFrame(window.frameRequest); return window.frameTimes; }"
#: Until now, and so with what it takes to notice from outside of the browser.
_SINCE_ARRIVAL = """() => {
  const isTree = ({ name }) => /\\/api\\/v1\\/trees\\/[0-9a-f-]+$/.test(name);
  const answers = performance.getEntriesByType('resource').filter(isTree);
  return performance.now() - Math.max(...answers.map(({ responseEnd }) => responseEnd));
}"""
STEPS = 60


@dataclass(frozen=True)
class FrameTimes:
    """Milliseconds between frames, by what was done meanwhile."""

    nothing: list[float]
    panning: list[float]
    zooming: list[float]
    dragging: list[float]

    @property
    def median_of_nothing(self) -> float:
        """Of frames in which nothing moved: what this machine can do now."""
        return statistics.median(self.nothing)

    @property
    def median_of_all(self) -> float:
        """Of frames in which something moved."""
        return statistics.median([*self.panning, *self.zooming, *self.dragging])


def print_opening(builder: Builder, title: str) -> None:
    """Print how long ago the tree arrived; called as soon as the page can be used."""
    sys.stdout.write(f"{title}, opening: {builder.page.evaluate(_SINCE_ARRIVAL):.0f} ms after the data had arrived\n")


def recorded(builder: Builder, title: str) -> FrameTimes:
    """Pan, zoom and drag; record and print the times of the frames."""
    start = builder.free_place(0.5, 0.5)
    builder.page.mouse.move(*start)
    times = FrameTimes(
        nothing=_while(builder, lambda _: builder.page.evaluate("new Promise(requestAnimationFrame)")),
        panning=_while(builder, lambda step: builder.page.mouse.wheel(0, 12 if step < STEPS / 2 else -12)),
        zooming=_zooming(builder),
        dragging=_dragging(builder, start),
    )
    for name in ("nothing", "panning", "zooming", "dragging"):
        print_times(f"{title}, {name}", getattr(times, name))
    return times


def print_times(title: str, times: list[float]) -> None:
    """Print how milliseconds are spread."""
    middle, p95, worst = statistics.median(times), percentile(times, 0.95), max(times)
    sys.stdout.write(f"{title}: median {middle:.1f} ms, p95 {p95:.1f} ms, worst {worst:.1f} ms\n")


def percentile(times: list[float], share: float) -> float:
    """The time that so large a share stays within."""
    return sorted(times)[int(len(times) * share)]


def _zooming(builder: Builder) -> list[float]:
    builder.page.keyboard.down("Control")
    times = _while(builder, lambda step: builder.page.mouse.wheel(0, -20 if step < STEPS / 2 else 20))
    builder.page.keyboard.up("Control")
    return times


def _dragging(builder: Builder, start: tuple[float, float]) -> list[float]:
    """A box over the middle: it meets cards all the time, and changes nothing of the document."""
    builder.page.mouse.down()
    times = _while(builder, lambda step: builder.page.mouse.move(start[0] + step * 3, start[1] + step * 2))
    builder.page.keyboard.press("Escape")
    builder.page.mouse.up()
    return times


def _while(builder: Builder, act: Callable[[int], object]) -> list[float]:
    builder.page.evaluate(BEGIN)
    for step in range(STEPS):
        act(step)
    times: list[float] = builder.page.evaluate(END)
    return times
