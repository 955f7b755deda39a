"""A server on this machine that behaves as Stripe documents, for the few requests that are made of it.

It holds to https://docs.stripe.com/api: the bearer key, form-encoded bodies, idempotency
keys, error objects, statuses of payment intents, and the signature of events. A request
that is off in any way is refused as Stripe would, and noted in ``wrong``, which tests
look at when they are done: no shape passes because nobody looked.

What a card does is told by its number, as with Stripe's own test cards.
"""

from __future__ import annotations

import hmac
import json
import re
import threading
import time
from collections.abc import Callable, Iterator, Set
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

KEY = "sk_test_stand_in"
SECRET = "whsec_stand_in"
VISA, DECLINED, POOR, ASKS, SLOW = "pm_visa", "pm_declined", "pm_poor", "pm_asks", "pm_slow"
_CARDS = {
    VISA: ("visa", "4242"),
    DECLINED: ("visa", "0002"),
    POOR: ("mastercard", "9995"),
    ASKS: ("visa", "3155"),
    SLOW: ("amex", "0005"),
}
_LEAST = 50

Fields = dict[str, str]
Answer = tuple[int, dict[str, Any]]


class Refused(Exception):
    """An error object with its HTTP status."""

    def __init__(self, status: int, kind: str, message: str, **more: Any) -> None:
        super().__init__(message)
        self.status = status
        self.body = {"error": {"type": kind, "message": message, **more}}


class StripeStandIn:
    """What is at Stripe. ``silent`` has it do what it is asked and then break off without an answer."""

    def __init__(self) -> None:
        self.url = ""
        self.customers: dict[str, dict[str, Any]] = {}
        self.methods: dict[str, dict[str, Any]] = {}
        self.intents: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str, Fields]] = []
        self.wrong: list[str] = []
        self.silent = False
        self.down = False
        self.answered = threading.Event()
        self.answered.set()
        self._kept: dict[str, tuple[str, Answer]] = {}
        self._count = 0
        self._one_at_a_time = threading.Lock()

    def answer(self, method: str, target: str, headers: Any, body: str) -> Answer:
        """The answer to one request."""
        with self._one_at_a_time:
            try:
                return self._checked(method, target, headers, body)
            except Refused as refused:
                if refused.status != 402 and "tells" not in refused.body["error"]:
                    self.wrong.append(f"{method} {target}: {refused}")
                refused.body["error"].pop("tells", None)
                return refused.status, refused.body

    def pay(self, intent_id: str) -> dict[str, Any]:
        """The payer confirms, or the bank does."""
        self.intents[intent_id].update(status="succeeded", last_payment_error=None)
        return self.intents[intent_id]

    def refuse(self, intent_id: str) -> dict[str, Any]:
        """The payer, or the bank, does not."""
        error = {"type": "card_error", "message": "The payer did not confirm."}
        self.intents[intent_id].update(status="requires_payment_method", last_payment_error=error)
        return self.intents[intent_id]

    def _checked(self, method: str, target: str, headers: Any, body: str) -> Answer:
        if self.down:
            raise Refused(503, "api_error", "We are down.", tells=True)
        if headers.get("Authorization") != f"Bearer {KEY}":
            raise Refused(401, "invalid_request_error", "Invalid API Key provided: sk_****")
        if not re.fullmatch(r"\d{4}-\d{2}-\d{2}(\.\w+)?", headers.get("Stripe-Version", "")):
            raise Refused(400, "invalid_request_error", "There is no Stripe-Version.")
        path = urlsplit(target)
        if method == "POST" and body and headers.get("Content-Type") != "application/x-www-form-urlencoded":
            raise Refused(400, "invalid_request_error", "The body is not form-encoded.")
        fields = dict(parse_qsl(body if method == "POST" else path.query, strict_parsing=bool(body or path.query)))
        self.requests.append((method, path.path, fields))
        key = headers.get("Idempotency-Key") if method == "POST" else None
        if key is None:
            return self._done(method, path.path, fields)
        asked = json.dumps([path.path, fields], sort_keys=True)
        if key in self._kept and self._kept[key][0] != asked:
            raise Refused(400, "idempotency_error", "Keys can only be used with the same parameters.")
        if key not in self._kept:
            self._kept[key] = asked, self._tried(method, path.path, fields)
        return self._kept[key][1]

    def _tried(self, method: str, path: str, fields: Fields) -> Answer:
        """Also an error is what a key's request is answered from then on, if it was begun at all."""
        try:
            return self._done(method, path, fields)
        except Refused as refused:
            if refused.status != 402:
                raise
            return refused.status, refused.body

    def _done(self, method: str, path: str, fields: Fields) -> Answer:
        routes: list[tuple[str, str, Callable[..., dict[str, Any]]]] = [
            ("POST", r"/v1/customers", self._make_customer),
            ("POST", r"/v1/payment_methods/(\w+)/attach", self._attach),
            ("POST", r"/v1/payment_methods/(\w+)/detach", self._detach),
            ("POST", r"/v1/checkout/sessions", self._make_session),
            ("GET", r"/v1/checkout/sessions/(\w+)", self._session),
            ("POST", r"/v1/payment_intents", self._make_intent),
            ("POST", r"/v1/payment_intents/(\w+)/cancel", self._cancel),
            ("GET", r"/v1/payment_intents/(\w+)", self._intent),
            ("GET", r"/v1/payment_intents", self._list),
        ]
        for verb, pattern, do in routes:
            if verb == method and (match := re.fullmatch(pattern, path)):
                return 200, do(fields, *match.groups())
        raise Refused(404, "invalid_request_error", f"Unrecognized request URL ({method}: {path}).")

    def _make_customer(self, fields: Fields) -> dict[str, Any]:
        _only(fields, {"name", "metadata[headwater_company]"})
        made = {"id": self._id("cus"), "object": "customer", "name": fields["name"], "livemode": False}
        self.customers[made["id"]] = made
        return made

    def give(self, session_id: str, token: str) -> None:
        """Somebody gives a card on the page of a session, which attaches it to the session's customer."""
        session = self.sessions[session_id]
        method = self._attach({"customer": session["customer"]}, token)
        session.update(status="complete", setup_intent={"id": "seti_1", "payment_method": method})

    def _make_session(self, fields: Fields) -> dict[str, Any]:
        addresses = {"success_url", "cancel_url"}
        _only(
            fields, {"mode", "allowed_payment_method_types[0]", "customer", "metadata[headwater_company]", *addresses}
        )
        if fields["mode"] != "setup":
            raise Refused(400, "invalid_request_error", "You must pass line_items.")
        if any(urlsplit(fields[one]).scheme not in ("http", "https") for one in addresses):
            raise Refused(400, "invalid_request_error", "Not a valid URL", code="url_invalid")
        if fields["customer"] not in self.customers:
            raise _missing("customer", fields["customer"])
        made = {
            "id": self._id("cs"),
            "object": "checkout.session",
            "status": "open",
            "customer": fields["customer"],
            "metadata": {"headwater_company": fields["metadata[headwater_company]"]},
            "setup_intent": None,
            "success_url": fields["success_url"],
            "url": f"https://checkout.stripe.com/c/pay/cs_{self._count:08}",
        }
        self.sessions[str(made["id"])] = made
        return made

    def _session(self, fields: Fields, session_id: str) -> dict[str, Any]:
        _only(fields, {"expand[0]"})
        if session_id not in self.sessions:
            raise _missing("checkout.session", session_id, tells=True)
        return self.sessions[session_id]

    def _attach(self, fields: Fields, token: str) -> dict[str, Any]:
        _only(fields, {"customer"})
        if fields["customer"] not in self.customers:
            raise _missing("customer", fields["customer"])
        if token not in _CARDS:
            raise _missing("PaymentMethod", token, tells=True)
        brand, last4 = _CARDS[token]
        held = self.methods.setdefault(
            token,
            {
                "id": token,
                "object": "payment_method",
                "type": "card",
                "card": {"brand": brand, "last4": last4, "exp_month": 12, "exp_year": 2031, "funding": "credit"},
                "customer": None,
            },
        )
        if held["customer"] not in (None, fields["customer"]):
            raise Refused(
                400, "invalid_request_error", "The payment method has been attached to another customer.", tells=True
            )
        held["customer"] = fields["customer"]
        return held

    def _detach(self, fields: Fields, token: str) -> dict[str, Any]:
        _only(fields, set())
        if self.methods.get(token, {}).get("customer") is None:
            raise Refused(400, "invalid_request_error", "It is not attached to a customer.", tells=True)
        self.methods[token]["customer"] = None
        return self.methods[token]

    def _make_intent(self, fields: Fields) -> dict[str, Any]:
        automatic = {"automatic_payment_methods[enabled]", "automatic_payment_methods[allow_redirects]"}
        needed = {"amount", "currency", "customer", "payment_method", "confirm", "metadata[headwater_transaction]"}
        _only(fields, needed | automatic | {"description"})
        if (fields["confirm"], *(fields[one] for one in sorted(automatic))) != ("true", "never", "true"):
            raise Refused(400, "invalid_request_error", "A return_url is needed, since it might redirect.")
        if int(fields["amount"]) < _LEAST:
            message = "Amount must be at least $0.50 usd"
            raise Refused(400, "invalid_request_error", message, code="amount_too_small", param="amount", tells=True)
        method = self.methods.get(fields["payment_method"], {})
        if method.get("customer") != fields["customer"]:
            raise Refused(400, "invalid_request_error", "The customer does not have that payment method.", tells=True)
        intent = {
            "id": self._id("pi"),
            "object": "payment_intent",
            "amount": int(fields["amount"]),
            "currency": fields["currency"],
            "customer": fields["customer"],
            "payment_method": method["id"],
            "metadata": {"headwater_transaction": fields["metadata[headwater_transaction]"]},
            "client_secret": f"pi_{self._count}_secret_x",
            "created": int(time.time()),
            "status": {ASKS: "requires_action", SLOW: "processing"}.get(method["id"], "succeeded"),
            "last_payment_error": None,
        }
        self.intents[str(intent["id"])] = intent
        if method["id"] in (DECLINED, POOR):
            code = "generic_decline" if method["id"] == DECLINED else "insufficient_funds"
            words = "Your card was declined." if method["id"] == DECLINED else "Your card has insufficient funds."
            error = {"type": "card_error", "code": "card_declined", "decline_code": code, "message": words}
            intent.update(status="requires_payment_method", last_payment_error=error)
            raise Refused(
                402, "card_error", words, code="card_declined", decline_code=code, payment_intent=dict(intent)
            )
        return intent

    def _cancel(self, fields: Fields, intent_id: str) -> dict[str, Any]:
        _only(fields, set())
        intent = self._intent({}, intent_id)
        if intent["status"] in ("succeeded", "canceled"):
            code = "payment_intent_unexpected_state"
            raise Refused(400, "invalid_request_error", "It cannot be canceled now.", code=code, tells=True)
        intent["status"] = "canceled"
        return intent

    def _intent(self, fields: Fields, intent_id: str) -> dict[str, Any]:
        if intent_id not in self.intents:
            raise _missing("payment_intent", intent_id)
        return self.intents[intent_id]

    def _list(self, fields: Fields) -> dict[str, Any]:
        _only(fields, {"customer", "created[gte]", "limit"}, {"starting_after"})
        rows = [
            one
            for one in reversed(self.intents.values())
            if one["customer"] == fields["customer"] and one["created"] >= int(fields["created[gte]"])
        ]
        after = [place for place, one in enumerate(rows) if one["id"] == fields.get("starting_after")]
        page = rows[after[0] + 1 :] if after else rows
        # Pages of one, so that whoever reads but the first page is found out.
        return {"object": "list", "url": "/v1/payment_intents", "data": page[:1], "has_more": len(page) > 1}

    def _id(self, prefix: str) -> str:
        self._count += 1
        return f"{prefix}_{self._count:08}"


def _only(fields: Fields, needed: set[str], allowed: Set[str] = frozenset()) -> None:
    if unknown := sorted(set(fields) - needed - allowed):
        raise Refused(
            400, "invalid_request_error", f"Received unknown parameter: {unknown[0]}", code="parameter_unknown"
        )
    if missing := sorted(needed - set(fields)):
        raise Refused(400, "invalid_request_error", f"Missing required param: {missing[0]}.", code="parameter_missing")


def _missing(what: str, name: str, **more: Any) -> Refused:
    return Refused(404, "invalid_request_error", f"No such {what}: '{name}'", code="resource_missing", **more)


def signature(body: bytes, secret: str = SECRET, at: float | None = None) -> str:
    """The header with which Stripe signs ``body``: HMAC-SHA-256 of time and body, as documented."""
    stamp = int(time.time() if at is None else at)
    mac = hmac.new(secret.encode(), f"{stamp}.".encode() + body, sha256)
    return f"t={stamp},v1={mac.hexdigest()},v0={'0' * 64}"


def event(kind: str, what: dict[str, Any]) -> bytes:
    """An event about an object of Stripe's."""
    told = {
        "id": "evt_1",
        "object": "event",
        "api_version": "2026-10-28.endive",
        "created": int(time.time()),
        "type": kind,
        "data": {"object": what},
        "livemode": False,
        "pending_webhooks": 1,
        "request": {"id": None, "idempotency_key": None},
    }
    return json.dumps(told).encode()


def nothing_of_ours() -> bytes:
    """An event about what this server never asked for."""
    return event("charge.refunded", {"id": "ch_1", "object": "charge"})


@contextmanager
def standing_in() -> Iterator[StripeStandIn]:
    """Start one; at the end nothing that it was asked may have been wrong."""
    stand_in = StripeStandIn()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _handle(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            status, answer = stand_in.answer(self.command, self.path, self.headers, body)
            stand_in.answered.wait(30)
            if stand_in.silent:
                self.close_connection = True
                return
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Request-Id", "req_1")
            self.end_headers()
            self.wfile.write(content)

        def do_GET(self) -> None:
            self._handle()

        def do_POST(self) -> None:
            self._handle()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    stand_in.url = f"http://127.0.0.1:{server.server_address[1]}"
    try:
        yield stand_in
    finally:
        stand_in.answered.set()
        server.shutdown()
        server.server_close()
        thread.join()
    assert not stand_in.wrong, stand_in.wrong
