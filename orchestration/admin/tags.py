"""What the administration's templates ask for, as a library of template tags."""

from __future__ import annotations

from typing import Any

from django import template
from django.template import Context

from .related import links_of, trail_url

register = template.Library()


@register.simple_tag(takes_context=True)
def related_links(context: Context, row: Any) -> list[tuple[str, str]]:
    """Return words and address of where a row's page leads to."""
    return links_of(context["request"], row)


@register.simple_tag(takes_context=True)
def audit_address(context: Context, row: Any) -> str | None:
    """Return the address of the audit entries about a row, if the one who looks may read them."""
    return trail_url(context["request"], row)
