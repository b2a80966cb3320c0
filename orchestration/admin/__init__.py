"""The Django admin: definitions can be edited, and stay valid; what happened can be looked at."""

from django.contrib import admin

from . import execution, operation, tasks, trees

__all__ = ["execution", "operation", "tasks", "trees"]

admin.site.site_header = "apflow administration"
admin.site.site_title = "apflow"
admin.site.index_title = "Administration"
admin.site.site_url = "/"
