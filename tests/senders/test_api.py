"""Senders over the API: the contract of shared/API.md, and who may not."""

from typing import Any

import pytest

from accounts.models import Organisation
from ecrm.turns import one_at_a_time
from senders import services
from senders.errors import note_error
from senders.models import Sender, SenderState
from senders.services import create_sender, mailbox_of
from tests.conftest import Browser
from tests.providers.dns import DnsServer
from tests.providers.smtp import SmtpServer

BASE = "/orgs/acme/senders"
BODY = {
    "kind": "smtp",
    "name": "Alice",
    "address": "alice@acme.example",
    "host": "smtp.acme.example",
    "port": 587,
    "security": "starttls",
    "username": "alice",
    "password": " hunter2 ",
}
WINDOW = {"days": [0, 1], "start": "09:00", "end": "17:00", "time_zone": "Europe/Berlin"}
KEYS = {
    "id", "kind", "name", "address", "host", "port", "security", "username", "has_password", "daily_limit",
    "gap_seconds", "window", "reply_address", "signature", "dkim_selector", "ramp_start", "ramp_step", "ramp_ceiling",
    "bounce_limit", "complaint_limit", "cap_24h", "state", "state_reason", "last_error", "last_error_at", "sent_24h", "next_at",
    "connections", "checked_at", "check_ok", "check_detail", "created_at",
}  # fmt: skip


@pytest.fixture
def sender(acme: Organisation) -> Sender:
    return create_sender(acme, None, {name: value for name, value in BODY.items() if name != "kind"})


def faults(response: Any) -> list[str]:
    assert response.status_code == 422
    assert response["Content-Type"] == "application/problem+json"
    return [error["field"] for error in response.json()["errors"]]


def test_create_answers_201_without_the_secret(as_alice: Browser) -> None:
    response = as_alice.api("POST", BASE, BODY | {"daily_limit": 5, "gap_seconds": 1.5, "window": WINDOW})
    assert response.status_code == 201
    answer = response.json()
    assert set(answer) == KEYS
    assert "hunter2" not in response.content.decode()
    assert (answer["daily_limit"], answer["gap_seconds"], answer["window"]) == (5, 1.5, WINDOW)
    assert (answer["state"], answer["has_password"], answer["sent_24h"]) == ("active", True, 0)
    assert as_alice.api("GET", f"{BASE}/{answer['id']}").json() == answer | {"next_at": answer["next_at"]}
    secret = mailbox_of(Sender.objects.get()).secret
    assert secret is not None
    assert secret.reveal() == " hunter2 ", "a password is kept as it was sent, spaces included"


@pytest.mark.parametrize("left_out", ["kind", "username", "daily_limit"])
def test_what_may_be_left_out(as_alice: Browser, left_out: str) -> None:
    body = BODY | {"daily_limit": None}
    del body[left_out]
    if left_out == "username":
        del body["password"]
    response = as_alice.api("POST", BASE, body)
    assert response.status_code == 201
    assert response.json()["daily_limit"] is None


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"name": " "}, "name"),
        ({"name": None}, "name"),
        ({"address": "alice"}, "address"),
        ({"host": "http://smtp.acme.example"}, "host"),
        ({"port": 0}, "port"),
        ({"port": "smtp"}, "port"),
        ({"security": "ssl"}, "security"),
        ({"password": ""}, "password"),
        ({"username": ""}, "username"),
        ({"username": "x" * 255}, "username"),
        ({"daily_limit": 0}, "daily_limit"),
        ({"daily_limit": 1.5}, "daily_limit"),
        ({"gap_seconds": -1}, "gap_seconds"),
        ({"connections": 0}, "connections"),
        ({"connections": 21}, "connections"),
        ({"ramp_start": 5}, "ramp_step"),
        ({"ramp_step": 5}, "ramp_start"),
        ({"ramp_start": 5, "ramp_step": 1, "ramp_ceiling": 4}, "ramp_ceiling"),
        ({"bounce_limit": 101}, "bounce_limit"),
        ({"complaint_limit": -1}, "complaint_limit"),
        ({"reply_address": "desk"}, "reply_address"),
        ({"signature": "x" * 2001}, "signature"),
        ({"dkim_selector": "a b"}, "dkim_selector"),
        ({"window": {"lead_time_zone": "yes"}}, "window.lead_time_zone"),
        ({"window": {"days": []}}, "window.days"),
        ({"window": {"start": "9"}}, "window.start"),
        ({"window": {"colour": "red"}}, "window"),
        ({"window": "always"}, "window"),
        ({"colour": "red"}, "colour"),
        ({"secret": "x"}, "secret"),
        ({"state": "paused"}, "state"),
        ({"kind": "gmail"}, "kind"),
        ({"kind": "pigeon"}, "kind"),
    ],
)
def test_a_wrong_value_is_named(as_alice: Browser, changes: dict[str, Any], field: str) -> None:
    assert faults(as_alice.api("POST", BASE, BODY | changes)) == [field]
    assert not Sender.objects.exists()


def test_every_wrong_value_is_named_at_once(as_alice: Browser) -> None:
    body = BODY | {"address": "x", "host": "a b", "window": {"days": [9]}}
    assert faults(as_alice.api("POST", BASE, body)) == ["address", "host", "window.days"]


def test_a_missing_value_is_named(as_alice: Browser) -> None:
    assert faults(as_alice.api("POST", BASE, {"kind": "smtp", "username": ""})) == [
        "name", "address", "host", "port", "security",
    ]  # fmt: skip


def test_the_same_mailbox_twice_is_refused(as_alice: Browser, sender: Sender) -> None:
    assert faults(as_alice.api("POST", BASE, BODY)) == ["address"]
    assert Sender.objects.count() == 1


def test_what_a_sender_may_do_is_taken_and_told(as_alice: Browser) -> None:
    given = {
        "reply_address": "desk@acme.example", "signature": "Alice\nAcme", "dkim_selector": "s1", "daily_limit": 50,
        "ramp_start": 5, "ramp_step": 5, "ramp_ceiling": 40, "bounce_limit": 3, "complaint_limit": None,
        "connections": 4, "window": WINDOW | {"lead_time_zone": True},
    }  # fmt: skip
    answer = as_alice.api("POST", BASE, BODY | given).json()
    assert {name: answer[name] for name in given} == given
    assert answer["cap_24h"] == 5
    started = Sender.objects.get().ramp_started_at
    assert started is not None
    answer = as_alice.api("PATCH", f"{BASE}/{answer['id']}", {"ramp_step": 7}).json()
    assert (answer["ramp_start"], answer["ramp_step"]) == (5, 7)
    assert Sender.objects.get().ramp_started_at == started
    stopped = {"ramp_start": None, "ramp_step": None, "ramp_ceiling": None}
    assert as_alice.api("PATCH", f"{BASE}/{answer['id']}", stopped).json()["cap_24h"] == 50
    assert Sender.objects.get().ramp_started_at is None


def test_the_smallest_body_means_no_limit_and_no_pause(as_alice: Browser) -> None:
    answer = as_alice.api("POST", BASE, BODY).json()
    assert (answer["daily_limit"], answer["cap_24h"], answer["gap_seconds"], answer["ramp_start"]) == (
        None,
        None,
        0,
        None,
    )
    assert (answer["bounce_limit"], answer["complaint_limit"]) == (5.0, 0.3)


@pytest.mark.parametrize("name", ["host", "address", "username"])
def test_what_a_provider_vouches_for_is_not_changed_here(as_alice: Browser, sender: Sender, name: str) -> None:
    Sender.objects.update(kind="gmail")
    assert faults(as_alice.api("PATCH", f"{BASE}/{sender.pk}", {name: "x@y.example"})) == [name]
    assert as_alice.api("PATCH", f"{BASE}/{sender.pk}", {"name": "New"}).json()["name"] == "New"


def test_its_last_errors_are_listed(as_alice: Browser, sender: Sender) -> None:
    note_error(sender.pk, "450 Later")
    note_error(sender.pk, "450 Later")
    (error,) = as_alice.api("GET", f"{BASE}/{sender.pk}/errors").json()["items"]
    assert (error["reason"], error["times"]) == ("450 Later", 2)


def test_what_dns_says_of_its_domain(as_alice: Browser, sender: Sender, settings: Any) -> None:
    with DnsServer({"acme.example": ["v=spf1 -all"]}) as server:
        settings.DNS_SERVERS = [server.address]
        answer = as_alice.api("GET", f"{BASE}/{sender.pk}/domain").json()
    assert answer["ok"] is False
    assert [(check["name"], check["state"]) for check in answer["checks"]] == [
        ("SPF", "ok"), ("DKIM", "missing"), ("DMARC", "missing"),
    ]  # fmt: skip


def test_a_post_repeated_with_its_key_connects_once(as_alice: Browser) -> None:
    first = as_alice.api("POST", BASE, BODY, headers={"Idempotency-Key": "one"})
    second = as_alice.api("POST", BASE, BODY, headers={"Idempotency-Key": "one"})
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert Sender.objects.count() == 1


def test_a_patch_changes_what_it_names_and_nothing_else(as_alice: Browser, sender: Sender) -> None:
    response = as_alice.api("PATCH", f"{BASE}/{sender.pk}", {"name": "New", "daily_limit": 9, "window": WINDOW})
    assert response.status_code == 200
    answer = response.json()
    assert (answer["name"], answer["daily_limit"], answer["window"]) == ("New", 9, WINDOW)
    assert (answer["host"], answer["has_password"]) == ("smtp.acme.example", True)
    answer = as_alice.api("PATCH", f"{BASE}/{sender.pk}", {"daily_limit": None, "window": None}).json()
    assert (answer["daily_limit"], answer["window"], answer["name"]) == (None, None, "New")
    assert as_alice.api("PATCH", f"{BASE}/{sender.pk}", {}).json()["name"] == "New"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"port": 70000}, "port"),
        ({"kind": "smtp"}, "kind"),
        ({"window": {"end": "x"}}, "window.end"),
        ({"host": "mine.evil.example"}, "password"),
    ],
)
def test_a_wrong_patch_changes_nothing(as_alice: Browser, sender: Sender, body: dict[str, Any], field: str) -> None:
    assert faults(as_alice.api("PATCH", f"{BASE}/{sender.pk}", {"address": "new@acme.example"} | body)) == [field]
    assert Sender.objects.get().address == "alice@acme.example"


def test_without_a_user_name_no_password_is_kept(as_alice: Browser, sender: Sender) -> None:
    answer = as_alice.api("PATCH", f"{BASE}/{sender.pk}", {"username": ""}).json()
    assert (answer["username"], answer["has_password"]) == ("", False)


def test_the_list_pages_and_filters_and_counts_in_one_query(
    as_alice: Browser, acme: Organisation, django_assert_max_num_queries: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(services, "USAGE", [lambda senders: dict.fromkeys(senders, 3)])
    for number in range(5):
        create_sender(acme, None, {"name": "S", "address": f"s{number}@acme.example", "host": "h.example"})
    with django_assert_max_num_queries(8):
        first = as_alice.api("GET", f"{BASE}?limit=3").json()
    second = as_alice.api("GET", f"{BASE}?limit=3&cursor={first['next']}").json()
    items = first["items"] + second["items"]
    assert [item["address"][:2] for item in items] == ["s4", "s3", "s2", "s1", "s0"]
    assert {item["sent_24h"] for item in items} == {3}
    assert second["next"] is None
    Sender.objects.filter(address__startswith="s1").update(state=SenderState.PAUSED)
    (paused,) = as_alice.api("GET", f"{BASE}?state=paused").json()["items"]
    assert (paused["address"], paused["next_at"]) == ("s1@acme.example", None)


def test_a_check_answers_step_by_step(as_alice: Browser) -> None:
    with SmtpServer(credentials=("alice", "right"), starttls=True) as server:
        local = {"host": "localhost", "port": server.port, "password": "right"}
        made = as_alice.api("POST", BASE, BODY | local).json()
        answer = as_alice.api("POST", f"{BASE}/{made['id']}/check").json()
        assert answer["ok"] is True
        assert [(step["name"], step["ok"]) for step in answer["steps"]] == [
            ("resolve", True),
            ("connect", True),
            ("tls", True),
            ("sign in", True),
        ]
        as_alice.api("PATCH", f"{BASE}/{made['id']}", {"password": "wrong"})
        answer = as_alice.api("POST", f"{BASE}/{made['id']}/check").json()
    assert answer["ok"] is False
    assert answer["steps"][-1]["name"] == "sign in"
    assert "refused the user name or password" in answer["steps"][-1]["detail"]


def test_pause_and_resume(as_alice: Browser, sender: Sender) -> None:
    assert as_alice.api("POST", f"{BASE}/{sender.pk}/resume").status_code == 409
    assert as_alice.api("POST", f"{BASE}/{sender.pk}/pause").json()["state"] == "paused"
    assert as_alice.api("POST", f"{BASE}/{sender.pk}/pause").status_code == 409
    assert as_alice.api("POST", f"{BASE}/{sender.pk}/resume").json()["state"] == "active"


def test_delete(as_alice: Browser, sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(services, "DELETION_GUARDS", [lambda sender: "Spring uses it."])
    response = as_alice.api("DELETE", f"{BASE}/{sender.pk}")
    assert (response.status_code, response.json()["detail"]) == (409, "Spring uses it.")
    monkeypatch.setattr(services, "DELETION_GUARDS", [])
    assert as_alice.api("DELETE", f"{BASE}/{sender.pk}").status_code == 204
    assert as_alice.api("GET", f"{BASE}/{sender.pk}").status_code == 404


@pytest.mark.parametrize("sender_id", ["0", "-1", "x", "9" * 30, "1e3", "٣"])
def test_an_id_that_is_none_is_not_found(as_alice: Browser, sender: Sender, sender_id: str) -> None:
    assert as_alice.api("GET", f"{BASE}/{sender_id}").status_code == 404


CALLS = [
    ("GET", "/errors"),
    ("GET", "/domain"),
    ("GET", ""),
    ("PATCH", ""),
    ("DELETE", ""),
    ("POST", "/check"),
    ("POST", "/pause"),
    ("POST", "/resume"),
]


@pytest.mark.parametrize(("method", "path"), CALLS)
def test_a_stranger_finds_nothing(as_charlie: Browser, sender: Sender, method: str, path: str) -> None:
    body: dict[str, Any] | None = {"name": "Mine"} if method == "PATCH" else None
    assert as_charlie.api(method, f"{BASE}/{sender.pk}{path}", body).status_code == 404
    assert as_charlie.api(method, f"/orgs/other/senders/{sender.pk}{path}", body).status_code == 404
    assert as_charlie.api("GET", "/orgs/other/senders").json() == {"items": [], "next": None}
    assert as_charlie.api("POST", BASE, BODY).status_code == 404
    kept = Sender.objects.get()
    assert (kept.name, kept.state) == ("Alice", SenderState.ACTIVE)


def test_a_viewer_looks_and_changes_nothing(as_vera: Browser, sender: Sender) -> None:
    assert len(as_vera.api("GET", BASE).json()["items"]) == 1
    assert as_vera.api("GET", f"{BASE}/{sender.pk}").status_code == 200
    assert as_vera.api("POST", BASE, BODY | {"address": "v@acme.example"}).status_code == 403
    for method, path in [call for call in CALLS if call[0] != "GET"]:
        body = {"name": "Mine"} if method == "PATCH" else None
        assert as_vera.api(method, f"{BASE}/{sender.pk}{path}", body).status_code == 403
    assert Sender.objects.get().name == "Alice"


def test_the_reference_says_that_a_password_is_only_written(as_alice: Browser) -> None:
    schemas = as_alice.get("/api/v1/openapi.json").json()["components"]["schemas"]
    for name in ("SenderIn", "SenderPatch"):
        assert schemas[name]["properties"]["password"]["writeOnly"] is True


def test_a_person_has_one_check_under_way(as_alice: Browser, sender: Sender) -> None:
    with one_at_a_time("a check", as_alice.user.pk, 60):
        response = as_alice.api("POST", f"{BASE}/{sender.pk}/check")
        page = as_alice.post(f"/o/acme/senders/{sender.pk}/check/")
    assert (response.status_code, response["Content-Type"]) == (429, "application/problem+json")
    assert int(response["Retry-After"]) > 0
    assert page.status_code == 429
    assert "still under way" in page["HX-Trigger"]
