"""Single sign-on: who comes in by a provider's word, and whose word is not taken."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest
from axes.models import AccessAttempt
from django.contrib.auth.models import Group, User
from django.test import Client

from orchestration.models import AuditEntry, OidcIdentity
from tests.pages.scene import PASSWORD, make_user

from .support.false_provider import CLIENT, FOREIGN_KEY, SECRET, FalseProvider, false_provider

pytestmark = pytest.mark.django_db


@pytest.fixture
def provider(settings: Any) -> Iterator[FalseProvider]:
    with false_provider() as provider:
        settings.APFLOW_OIDC_ISSUER = provider.issuer
        settings.APFLOW_OIDC_CLIENT_ID = CLIENT
        settings.APFLOW_OIDC_CLIENT_SECRET = SECRET
        settings.APFLOW_OIDC_NAME = "Example <Login>"
        yield provider


def begin(provider: FalseProvider, browser: Client, query: str = "") -> str:
    """Press the button, and return the state that the provider gets."""
    answer = browser.get(f"/login/sign-on/{query}")
    assert answer.status_code == 302, answer.content.decode()
    return provider.visit(answer.headers["Location"])


def come_back(browser: Client, state: str, code: str = "good") -> Any:
    return browser.get("/login/sign-on/back/", {"state": state, "code": code})


def sign_in(provider: FalseProvider, browser: Client | None = None, query: str = "") -> Any:
    browser = browser or Client(REMOTE_ADDR="10.0.0.9")
    return come_back(browser, begin(provider, browser, query))


def who(browser: Client) -> str:
    return str(browser.get("/api/v1/me").json().get("username", ""))


def refusal(answer: Any, code: str, status: int = 403) -> str:
    text = str(answer.content.decode())
    assert (answer.status_code, answer.context["code"]) == (status, code), text
    assert "You are not signed in" in text and "Begin again" in text and "Sign in with a password" in text
    return text


# --- coming in ---------------------------------------------------------------------------------------------------


def test_a_newcomer_gets_an_account_without_a_password(provider: FalseProvider) -> None:
    provider.claims = {"preferred_username": "ann", "email": "ann@example.org", "email_verified": True}
    browser = Client(REMOTE_ADDR="10.0.0.9")
    answer = sign_in(provider, browser, "?next=/runs/")
    assert answer.headers["Location"] == "/runs/"
    assert who(browser) == "ann"
    ann = User.objects.get(username="ann")
    assert (ann.email, ann.has_usable_password(), list(ann.groups.all())) == ("ann@example.org", False, [])
    identity = OidcIdentity.objects.get()
    assert (identity.user, identity.issuer, identity.subject) == (ann, provider.issuer, "4711")
    entries = AuditEntry.objects.order_by("id").values_list("act", "username", "address")
    assert list(entries) == [("user.sign_on", "ann", "10.0.0.9"), ("session.sign_in", "ann", "10.0.0.9")]
    assert AuditEntry.objects.get(act="session.sign_in").detail == {"sign_on": provider.issuer}
    assert "Change password" not in browser.get("/account/").content.decode()


def test_the_second_time_it_is_the_same_person_whatever_their_name_is_now(provider: FalseProvider) -> None:
    provider.claims = {"preferred_username": "ann", "email": "ann@example.org"}
    sign_in(provider)
    provider.claims = {"preferred_username": "beth", "email": "beth@example.org"}
    browser = Client()
    sign_in(provider, browser)
    assert (who(browser), User.objects.count()) == ("ann", 1)


def test_a_name_that_is_taken_stays_its_owners(provider: FalseProvider) -> None:
    make_user("Ann", is_superuser=True)
    make_user("ann-2")
    provider.claims = {"preferred_username": "ann", "email": "ann@example.org"}
    browser = Client()
    sign_in(provider, browser)
    assert who(browser) == "ann-3"


@pytest.mark.parametrize(
    ("claims", "name"),
    [
        ({}, "4711"),
        ({"email": "ann.b@example.org"}, "ann.b"),
        ({"preferred_username": "Ann <b>&\x00 Bo"}, "Ann-b-Bo"),
        ({"preferred_username": "///", "email": "@"}, "4711"),
        ({"preferred_username": "x" * 400}, "x" * 144),
        ({"preferred_username": ["no", "text"]}, "4711"),
    ],
)
def test_names_are_made_of_what_there_is(provider: FalseProvider, claims: dict[str, Any], name: str) -> None:
    provider.claims = claims
    browser = Client()
    sign_in(provider, browser)
    assert who(browser) == name


def test_the_session_gets_another_key(provider: FalseProvider) -> None:
    browser = Client()
    state = begin(provider, browser)
    before = browser.cookies["sessionid"].value
    come_back(browser, state)
    assert browser.cookies["sessionid"].value != before


@pytest.mark.parametrize("wanted", ["https://evil.example/", "//evil.example", "javascript:alert(1)", "\\\\evil", ""])
def test_next_leads_nowhere_else(provider: FalseProvider, wanted: str) -> None:
    browser = Client()
    answer = come_back(browser, begin(provider, browser, f"?next={wanted}"))
    assert answer.headers["Location"] == "/"


def test_claims_that_are_kept_out_of_the_token_are_asked_for(provider: FalseProvider) -> None:
    provider.user_info = {"sub": "4711", "preferred_username": "ann"}
    browser = Client()
    sign_in(provider, browser)
    assert who(browser) == "ann"


# --- whose word is not taken -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"claims": {"nonce": "another"}}, "nonce"),
        ({"claims": {"nonce": None}}, "nonce"),
        ({"claims": {"iss": "https://evil.example"}}, "iss"),
        ({"claims": {"aud": "another site"}}, "aud"),
        ({"claims": {"aud": ["another site"]}}, "aud"),
        ({"claims": {"aud": [CLIENT, "another site"]}}, "azp"),
        ({"claims": {"aud": [CLIENT, "another site"], "azp": "another site"}}, "azp"),
        ({"claims": {"aud": None}}, "aud"),
        ({"claims": {"exp": int(time.time()) - 3600}}, "exp"),
        ({"claims": {"exp": None}}, "exp"),
        ({"claims": {"nbf": int(time.time()) + 864_000}}, ""),
        ({"claims": {"iat": int(time.time()) + 864_000}}, ""),
        ({"claims": {"sub": None}}, "sub"),
        ({"claims": {"sub": ""}}, ""),
        ({"claims": {"sub": "x" * 256}}, "subject"),
        ({"claims": {"at_hash": "another"}}, "at_hash"),
        ({"key": FOREIGN_KEY}, ""),
        ({"algorithm": "none"}, ""),
        ({"algorithm": "HS256"}, ""),
        ({"algorithm": "RS512"}, ""),
        ({"user_info": {"sub": "0815", "email": "boss@example.org"}}, "somebody else"),
    ],
)
def test_a_token_that_breaks_a_rule_lets_nobody_in(provider: FalseProvider, fields: Any, problem: str) -> None:
    for name, value in fields.items():
        setattr(provider, name, value)
    browser = Client()
    text = refusal(sign_in(provider, browser), "token")
    assert "can&#x27;t be trusted" in text
    assert who(browser) == ""
    entry = AuditEntry.objects.get()
    assert (entry.act, entry.reason) == ("session.refused", "token")
    assert problem in entry.detail["problem"]
    assert not User.objects.exists()


def test_a_state_is_of_one_browser_and_for_once(provider: FalseProvider) -> None:
    browser, other = Client(), Client()
    state = begin(provider, browser)
    refusal(come_back(other, state), "state", 400)
    refusal(come_back(browser, f"{state}x"), "state", 400)
    refusal(come_back(browser, ""), "state", 400)
    assert come_back(browser, state).status_code == 302
    refusal(come_back(browser, state), "state", 400)
    # What anybody can bring about at will is not in the trail.
    assert not AuditEntry.objects.filter(act="session.refused").exists()


def test_a_state_does_not_last(provider: FalseProvider, monkeypatch: pytest.MonkeyPatch) -> None:
    browser = Client()
    state = begin(provider, browser)
    later = time.time() + 1000
    monkeypatch.setattr("orchestration.pages.sign_on.time.time", lambda: later)
    refusal(come_back(browser, state), "state", 400)


def test_a_code_without_the_verifier_of_this_browser_is_worth_nothing(provider: FalseProvider) -> None:
    browser = Client()
    first = begin(provider, browser)
    begin(provider, browser)
    refusal(come_back(browser, first), "away", 502)


def test_two_windows_may_be_on_their_way(provider: FalseProvider) -> None:
    browser = Client()
    begin(provider, browser)
    second = begin(provider, browser)
    assert come_back(browser, second).status_code == 302


def test_a_refusal_of_the_provider_is_told(provider: FalseProvider) -> None:
    browser = Client()
    query = {"state": begin(provider, browser), "error": "access_denied", "error_description": "No <b>way</b>"}
    text = refusal(browser.get("/login/sign-on/back/", query), "provider")
    assert "Example &lt;Login&gt; did not sign you in: No &lt;b&gt;way&lt;/b&gt;" in text


# --- a provider that is away ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("broken", ["/.well-known/openid-configuration", "/token", "/keys"])
def test_an_outage_is_told_and_passwords_still_work(provider: FalseProvider, broken: str) -> None:
    make_user("ann")
    browser = Client()
    state = begin(provider, browser)
    provider.broken = broken
    text = refusal(come_back(browser, state), "away", 502)
    assert "can&#x27;t be reached" in text
    assert browser.post("/login/", {"username": "ann", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize(
    "metadata",
    [
        {"issuer": "https://evil.example"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"authorization_endpoint": None},
        {"authorization_endpoint": 7},
    ],
)
def test_a_configuration_that_is_not_the_providers_is_not_used(provider: FalseProvider, metadata: Any) -> None:
    provider.metadata = metadata
    refusal(Client().get("/login/sign-on/"), "away", 502)


def test_an_endless_answer_is_cut(provider: FalseProvider) -> None:
    provider.metadata = {"jwks_uri": f"{provider.issuer}/huge"}
    refusal(sign_in(provider), "away", 502)


def test_nobody_at_the_address(provider: FalseProvider, settings: Any) -> None:
    settings.APFLOW_OIDC_ISSUER = "http://127.0.0.1:1"
    text = refusal(Client().get("/login/sign-on/"), "away", 502)
    assert "127.0.0.1 did not answer" in text


def test_nothing_is_asked_before_somebody_presses_the_button(provider: FalseProvider) -> None:
    page = Client().get("/login/").content.decode()
    assert "Sign in with Example &lt;Login&gt;" in page
    assert provider.asked == []


def test_it_is_off_until_it_is_configured() -> None:
    browser = Client()
    assert "Sign in with" not in browser.get("/login/").content.decode()
    assert browser.get("/login/sign-on/").status_code == 404
    assert browser.get("/login/sign-on/back/").status_code == 404


# --- who may come in --------------------------------------------------------------------------------------------------


def test_the_deactivated_stay_out(provider: FalseProvider) -> None:
    sign_in(provider)
    User.objects.update(is_active=False, username="gone")
    answer = sign_in(provider)
    assert "deactivated" in refusal(answer, "deactivated")
    entry = AuditEntry.objects.get(act="session.refused")
    assert (entry.username, entry.reason, entry.detail["subject"]) == ("gone", "deactivated", "4711")


def test_strangers_stay_out_when_newcomers_are_not_wanted(provider: FalseProvider, settings: Any) -> None:
    settings.APFLOW_OIDC_NEWCOMERS = False
    refusal(sign_in(provider), "unknown")
    OidcIdentity.objects.create(user=make_user("ann"), issuer=provider.issuer, subject="4711")
    browser = Client()
    sign_in(provider, browser)
    assert who(browser) == "ann"


@pytest.mark.parametrize(
    ("email", "verified", "comes_in"),
    [
        ("a@example.org", True, True),
        ("a@EXAMPLE.org", True, True),
        ("a@example.org", False, False),
        ("a@example.org", "true", False),
        ("a@evil.org", True, False),
        ("a@example.org.evil.org", True, False),
        ("a@sub.example.org", True, False),
        ("", True, False),
    ],
)
def test_domains(provider: FalseProvider, settings: Any, email: str, verified: Any, comes_in: bool) -> None:
    settings.APFLOW_OIDC_DOMAINS = ["@Example.org"]
    provider.claims = {"email": email, "email_verified": verified}
    assert (sign_in(provider).status_code == 302) == comes_in


@pytest.mark.parametrize(
    ("switched_on", "claims", "becomes"),
    [
        (False, {"email": "ann@example.org", "email_verified": True}, "new"),
        (True, {"email": "ANN@example.org", "email_verified": True}, "ann"),
        (True, {"email": "ann@example.org", "email_verified": False}, "new"),
        (True, {"email": "ann@example.org"}, "new"),
        (True, {"email": "two@example.org", "email_verified": True}, "new"),
        (True, {"email": "mıke@example.org", "email_verified": True}, "new"),  # noqa: RUF001 - a dotless i
        (True, {"email": "boss@example.org", "email_verified": True}, "new"),
        (True, {"email": "", "email_verified": True}, "new"),
    ],
)
def test_an_account_is_linked_by_a_verified_address_where_that_is_wanted(
    provider: FalseProvider, settings: Any, switched_on: bool, claims: dict[str, Any], becomes: str
) -> None:
    settings.APFLOW_OIDC_LINK_BY_EMAIL = switched_on
    make_user("ann", email="ann@example.org")
    make_user("noname")
    make_user("mike", email="mike@example.org")
    make_user("two", email="two@example.org")
    make_user("too", email="two@example.org")
    make_user("boss", email="boss@example.org", is_superuser=True)
    provider.claims = claims | {"preferred_username": "new"}
    browser = Client()
    sign_in(provider, browser)
    assert who(browser) == becomes
    assert AuditEntry.objects.filter(act="user.link").exists() == (becomes == "ann")


def test_who_is_linked_already_is_not_linked_to_somebody_else_as_well(provider: FalseProvider, settings: Any) -> None:
    settings.APFLOW_OIDC_LINK_BY_EMAIL = True
    ann = make_user("ann", email="ann@example.org")
    OidcIdentity.objects.create(user=ann, issuer=provider.issuer, subject="0815")
    provider.claims = {"email": "ann@example.org", "email_verified": True, "preferred_username": "new"}
    browser = Client()
    sign_in(provider, browser)
    assert who(browser) == "new"


def test_wrong_passwords_lock_this_way_too(provider: FalseProvider, settings: Any) -> None:
    settings.AXES_FAILURE_LIMIT = 2
    user = make_user("ann")
    OidcIdentity.objects.create(user=user, issuer=provider.issuer, subject="4711")
    browser = Client(REMOTE_ADDR="10.0.0.9")
    for _ in range(2):
        browser.post("/login/", {"username": "ann", "password": "wrong"})
    refusal(sign_in(provider, browser), "locked", 429)
    AccessAttempt.objects.all().delete()
    assert sign_in(provider, browser).status_code == 302


# --- roles ------------------------------------------------------------------------------------------------------------


def roles() -> set[str]:
    return set(User.objects.get(oidc_identities__subject="4711").groups.values_list("name", flat=True))


def test_roles_follow_the_claim_at_each_sign_in(provider: FalseProvider, settings: Any) -> None:
    settings.APFLOW_OIDC_ROLES_CLAIM = "groups"
    settings.APFLOW_OIDC_ROLES = ["cn=flow editors,ou=x=editor", "watchers=viewer"]
    provider.claims = {"groups": ["cn=flow editors,ou=x", "watchers", "others", 7]}
    sign_in(provider)
    assert roles() == {"editor", "viewer"}
    user = User.objects.get(oidc_identities__subject="4711")
    user.groups.add(Group.objects.create(name="night shift"), Group.objects.get(name="operator"))
    provider.claims = {"groups": "watchers"}
    sign_in(provider)
    assert roles() == {"viewer", "night shift"}
    entry = AuditEntry.objects.filter(act="user.roles").latest("id")
    assert (entry.detail["before"], entry.detail["after"]) == (["editor", "operator", "viewer"], ["viewer"])
    provider.claims = {}
    sign_in(provider)
    assert roles() == {"night shift"}


def test_roles_by_their_own_names_within_an_object(provider: FalseProvider, settings: Any) -> None:
    settings.APFLOW_OIDC_ROLES_CLAIM = "realm_access.roles"
    settings.APFLOW_OIDC_DEFAULT_ROLE = "viewer"
    provider.claims = {"realm_access": {"roles": ["operator", "offline_access"]}}
    sign_in(provider)
    assert roles() == {"operator"}
    provider.claims = {"realm_access": "nonsense"}
    sign_in(provider)
    assert roles() == {"viewer"}


def test_newcomers_get_the_default_role_once(provider: FalseProvider, settings: Any) -> None:
    settings.APFLOW_OIDC_DEFAULT_ROLE = "operator"
    sign_in(provider)
    assert roles() == {"operator"}
    User.objects.get().groups.set([Group.objects.get(name="viewer")])
    sign_in(provider)
    assert roles() == {"viewer"}


def test_who_is_linked_by_hand_keeps_their_roles(provider: FalseProvider, settings: Any) -> None:
    settings.APFLOW_OIDC_DEFAULT_ROLE = "viewer"
    ann = make_user("ann")
    ann.groups.add(Group.objects.get(name="editor"))
    OidcIdentity.objects.create(user=ann, issuer=provider.issuer, subject="4711")
    sign_in(provider)
    assert roles() == {"editor"}


def test_without_a_claim_roles_are_left_alone(provider: FalseProvider) -> None:
    provider.claims = {"groups": ["admin"], "roles": ["admin"]}
    sign_in(provider)
    assert roles() == set()


def test_the_last_administrator_stays_one(provider: FalseProvider, settings: Any) -> None:
    settings.APFLOW_OIDC_ROLES_CLAIM = "groups"
    provider.claims = {"groups": ["admin"]}
    sign_in(provider)
    provider.claims = {"groups": ["viewer"]}
    sign_in(provider)
    assert roles() == {"admin", "viewer"}
    assert AuditEntry.objects.filter(act="user.roles").latest("id").detail["kept_last_administrator"] is True
    make_user("ada", is_superuser=True)
    sign_in(provider)
    assert roles() == {"viewer"}


# --- passwords and the way out ----------------------------------------------------------------------------------------


def test_passwords_can_be_for_superusers_alone(provider: FalseProvider, settings: Any) -> None:
    settings.APFLOW_OIDC_ONLY = True
    make_user("ann")
    make_user("ada", is_superuser=True)
    browser = Client()
    assert 'name="password"' not in browser.get("/login/?next=/runs/").content.decode()
    assert 'name="password"' in browser.get("/login/?password=1").content.decode()
    answer = browser.post("/login/", {"username": "ann", "password": PASSWORD})
    assert "Passwords are for superusers here" in answer.content.decode()
    assert who(browser) == ""
    assert browser.post("/login/", {"username": "ada", "password": PASSWORD}).status_code == 302


def test_signing_out_leads_to_the_provider(provider: FalseProvider) -> None:
    browser = Client()
    sign_in(provider, browser)
    answer = browser.post("/logout/")
    address = answer.context["address"]
    assert address.startswith(f"{provider.issuer}/leave?client_id={CLIENT}&")
    assert "post_logout_redirect_uri=http%3A%2F%2Ftestserver%2Flogin%2F" in address
    assert "id_token_hint=ey" in address
    assert who(browser) == ""
    assert browser.post("/logout/").status_code == 302


def test_who_came_with_a_password_is_not_sent_there(provider: FalseProvider) -> None:
    browser = Client()
    browser.force_login(make_user("ann"))
    assert browser.post("/logout/").headers["Location"] == "/login/"


def test_a_provider_without_a_way_out(provider: FalseProvider) -> None:
    provider.metadata = {"end_session_endpoint": ""}
    browser = Client()
    sign_in(provider, browser)
    assert browser.post("/logout/").headers["Location"] == "/login/"
