"""Django's admin and form classes with their type parameter, which Django itself does not know at run time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from django.contrib.admin import ModelAdmin, TabularInline
    from django.forms import BaseInlineFormSet, ModelForm
else:
    from django import forms
    from django.contrib import admin

    from .dates import NamesDates

    class _Subscriptable:
        def __class_getitem__(cls, parameter: Any) -> Any:
            return cls

    class ModelAdmin(_Subscriptable, NamesDates, admin.ModelAdmin):
        """`ModelAdmin[Tree]`."""

    class TabularInline(_Subscriptable, admin.TabularInline):
        """`TabularInline[Dependency, Task]`."""

    class ModelForm(_Subscriptable, forms.ModelForm):
        """`ModelForm[Tree]`."""

    class BaseInlineFormSet(_Subscriptable, forms.BaseInlineFormSet):
        """`BaseInlineFormSet[Dependency, Task, ModelForm[Dependency]]`."""


__all__ = ["BaseInlineFormSet", "ModelAdmin", "ModelForm", "TabularInline"]
