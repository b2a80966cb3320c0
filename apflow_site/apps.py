"""The Django admin, with a site of ours."""

from __future__ import annotations

from django.contrib.admin import apps


class AdminConfig(apps.AdminConfig):
    """The admin app; Django imports the site itself only when it is needed."""

    default_site = "apflow_site.admin_site.AdminSite"
