"""Fixtures of the acceptance tests."""

from tests.acceptance.support.builder_site import author as author
from tests.acceptance.support.builder_site import builder_site as builder_site
from tests.acceptance.test_pages_look import browser as browser
