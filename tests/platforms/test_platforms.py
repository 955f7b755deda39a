"""Each platform's signature, handshake, messages and replies, as it documents them."""

from __future__ import annotations

import base64
import json
from datetime import timedelta
from typing import Any

import pytest

from headwater.errors import InvalidRequest, Unauthorized
from headwater.platforms.port import Inbound, Platform
from headwater.platforms.registry import platforms
from headwater.platforms.web import Posted, checked_origin, posted
from headwater.settings import Settings
from tests.platforms.callers import CONFIGS, CONVERSATION, NOW, body, shopify_webhook, signed

ALL = platforms(Settings())
SIGNED = [name for name in ALL if name != "web"]
SIGNATURES = {
    "whatsapp": "x-hub-signature-256",
    "messenger": "x-hub-signature-256",
    "telegram": "x-telegram-bot-api-secret-token",
    "slack": "x-slack-signature",
    "woocommerce": "x-wc-webhook-signature",
    "shopify": "signature",
}
SENT_TO = [name for name, one in ALL.items() if not one.inline]


def platform(name: str) -> Platform:
    return ALL[name]


@pytest.mark.parametrize("name", ALL)
def test_what_the_platform_signed_is_taken(name: str) -> None:
    platform(name).check(CONFIGS[name], signed(name, body(name)))


@pytest.mark.parametrize("name", SIGNED)
@pytest.mark.parametrize("signature", ["", "wrong", "sha256=", "ü"])
def test_what_somebody_else_signed_is_refused(name: str, signature: str) -> None:
    with pytest.raises(Unauthorized):
        platform(name).check(CONFIGS[name], signed(name, body(name), **{SIGNATURES[name]: signature}))


@pytest.mark.parametrize("name", ["whatsapp", "messenger", "slack", "woocommerce"])
def test_a_body_that_was_changed_on_the_way_is_refused(name: str) -> None:
    sent = signed(name, body(name))
    changed = Inbound(sent.method, sent.query, sent.headers, body(name, "something else"), sent.now)
    with pytest.raises(Unauthorized):
        platform(name).check(CONFIGS[name], changed)


@pytest.mark.parametrize("name", ["slack", "shopify"])
@pytest.mark.parametrize("minutes", [-6, 6])
def test_what_was_signed_long_ago_is_refused(name: str, minutes: int) -> None:
    with pytest.raises(Unauthorized):
        platform(name).check(CONFIGS[name], signed(name, body(name), NOW + timedelta(minutes=minutes)))


def test_the_id_that_a_page_chose_is_that_of_its_conversation_alone() -> None:
    ids = {
        posted(Posted("Hello", conversation, message_id))[0].id
        for conversation in ("0123456789abcdef", "0123456789abcdeg")
        for message_id in ("1", "2", "1")
    }
    assert len(ids) == 4


def test_a_request_of_another_shop_with_the_same_app_is_refused() -> None:
    sent = signed("shopify", body("shopify"))
    with pytest.raises(Unauthorized):
        platform("shopify").check({**CONFIGS["shopify"], "shop": "other.myshopify.com"}, sent)


@pytest.mark.parametrize("name", ALL)
def test_a_message_is_read(name: str) -> None:
    sent = signed(name, body(name, "How many clicks?"))
    assert platform(name).handshake(CONFIGS[name], sent) is None
    (message,) = platform(name).messages(CONFIGS[name], sent)
    assert message.text == "How many clicks?"
    assert message.conversation


@pytest.mark.parametrize("name", ALL)
def test_its_id_is_the_same_when_it_comes_again_and_another_for_another(name: str) -> None:
    ids = [platform(name).messages(CONFIGS[name], signed(name, body(name, id=id)))[0].id for id in ("m1", "m1", "m2")]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("name", ALL)
@pytest.mark.parametrize("content", [b"", b"[]", b'"x"', b"{", b'{"entry": 1, "update_id": "x", "id": "y", "type": 2}'])
def test_a_body_that_the_platform_never_sends_is_refused_in_words(name: str, content: bytes) -> None:
    with pytest.raises(InvalidRequest):
        platform(name).messages(CONFIGS[name], signed(name, content))


IGNORED: list[tuple[str, dict[str, Any]]] = [
    (
        "whatsapp",
        {
            "entry": [
                {
                    "changes": [
                        {
                            "value": {
                                "metadata": {"phone_number_id": "106540352242922"},
                                "statuses": [{"id": "wamid.1", "status": "read"}],
                            }
                        }
                    ]
                }
            ]
        },
    ),
    (
        "whatsapp",
        {
            "entry": [
                {
                    "changes": [
                        {
                            "value": {
                                "metadata": {"phone_number_id": "another"},
                                "messages": [{"id": "1", "from": "2", "text": {"body": "x"}}],
                            }
                        }
                    ]
                }
            ]
        },
    ),
    (
        "messenger",
        {"entry": [{"messaging": [{"sender": {"id": "1"}, "message": {"mid": "m", "text": "x", "is_echo": True}}]}]},
    ),
    ("messenger", {"entry": [{"messaging": [{"sender": {"id": "1"}, "read": {"watermark": 1}}]}]}),
    ("telegram", {"update_id": 1, "edited_message": {"message_id": 1, "chat": {"id": 1}, "text": "x"}}),
    ("telegram", {"update_id": 1, "message": {"message_id": 1, "chat": {"id": 1}, "sticker": {}}}),
    (
        "slack",
        {
            "type": "event_callback",
            "event_id": "E",
            "event": {"type": "message", "channel_type": "channel", "text": "x"},
        },
    ),
    (
        "slack",
        {
            "type": "event_callback",
            "event_id": "E",
            "event": {"type": "message", "channel_type": "im", "text": "x", "bot_id": "B"},
        },
    ),
    (
        "slack",
        {"type": "event_callback", "event_id": "E", "event": {"type": "app_mention", "text": "x", "subtype": "edited"}},
    ),
    ("woocommerce", {"id": 1, "customer_note": "  "}),
]


@pytest.mark.parametrize(("name", "content"), IGNORED)
def test_what_is_nothing_to_answer_is_left_out(name: str, content: dict[str, Any]) -> None:
    assert platform(name).messages(CONFIGS[name], signed(name, json.dumps(content).encode())) == []


class TestHandshakes:
    @pytest.mark.parametrize("name", ["whatsapp", "messenger"])
    def test_meta_s_challenge_is_answered_to_who_has_the_token(self, name: str) -> None:
        def asked(token: str, mode: str = "subscribe") -> Inbound:
            query = (("hub.mode", mode), ("hub.challenge", "1158201444"), ("hub.verify_token", token))
            return Inbound("GET", query, {}, b"", NOW)

        answer = platform(name).handshake(CONFIGS[name], asked(CONFIGS[name]["verify_token"]))
        assert answer is not None
        assert answer.body == b"1158201444"
        assert answer.media_type.startswith("text/plain")
        for wrong in (asked("other"), asked(CONFIGS[name]["verify_token"], "unsubscribe")):
            with pytest.raises(Unauthorized):
                platform(name).handshake(CONFIGS[name], wrong)

    def test_slack_s_challenge_is_signed_too(self) -> None:
        sent = signed("slack", b'{"token": "x", "challenge": "3eZbrw1aB", "type": "url_verification"}')
        platform("slack").check(CONFIGS["slack"], sent)
        answer = platform("slack").handshake(CONFIGS["slack"], sent)
        assert answer is not None
        assert json.loads(answer.body) == {"challenge": "3eZbrw1aB"}

    def test_woocommerce_s_ping_is_let_in_unsigned_and_brings_nothing(self) -> None:
        ping = Inbound("POST", (), {}, b"webhook_id=14", NOW)
        platform("woocommerce").check(CONFIGS["woocommerce"], ping)
        assert platform("woocommerce").handshake(CONFIGS["woocommerce"], ping) is not None
        for content in (b"webhook_id=14&id=1", b'webhook_id={"id":1,"customer_note":"x"}'):
            with pytest.raises(Unauthorized):
                platform("woocommerce").check(CONFIGS["woocommerce"], Inbound("POST", (), {}, content, NOW))

    def test_other_topics_of_woocommerce_are_acknowledged(self) -> None:
        sent = signed("woocommerce", b'{"id": 1}', **{"x-wc-webhook-topic": "product.updated"})
        assert platform("woocommerce").handshake(CONFIGS["woocommerce"], sent) is not None

    def test_shopify_s_webhooks_are_acknowledged_if_they_are_signed(self) -> None:
        sent = shopify_webhook(b'{"shop_id": 1}')
        platform("shopify").check(CONFIGS["shopify"], sent)
        assert platform("shopify").handshake(CONFIGS["shopify"], sent) is not None
        with pytest.raises(Unauthorized):
            platform("shopify").check(CONFIGS["shopify"], shopify_webhook(b'{"shop_id": 1}', "other"))


class TestReplies:
    def reply(self, name: str, text: str) -> tuple[str, dict[str, str], dict[str, Any]]:
        (message,) = platform(name).messages(CONFIGS[name], signed(name, body(name)))
        out = platform(name).reply(CONFIGS[name], message.address, text)
        assert out.method == "POST"
        return out.url, dict(out.headers), json.loads(out.content)

    def test_whatsapp(self) -> None:
        url, headers, sent = self.reply("whatsapp", "1,204 clicks.")
        assert url == "https://graph.facebook.com/v23.0/106540352242922/messages"
        assert headers["authorization"] == "Bearer wa-token"
        assert (sent["to"], sent["context"], sent["text"]["body"]) == (
            "16505551234",
            {"message_id": "m1"},
            "1,204 clicks.",
        )

    def test_messenger(self) -> None:
        url, headers, sent = self.reply("messenger", "1,204 clicks.")
        assert url == "https://graph.facebook.com/v23.0/104104/messages"
        assert headers["authorization"] == "Bearer page-token"
        assert sent == {
            "recipient": {"id": "psid-1"},
            "messaging_type": "RESPONSE",
            "message": {"text": "1,204 clicks."},
        }

    def test_telegram(self) -> None:
        url, _, sent = self.reply("telegram", "1,204 clicks.")
        assert url == "https://api.telegram.org/bot123456:bot/sendMessage"
        assert (sent["chat_id"], sent["text"], sent["reply_parameters"]["message_id"]) == (1111, "1,204 clicks.", 1365)
        assert platform("telegram").refusal(b'{"ok": false, "description": "chat not found"}') == "chat not found"
        assert platform("telegram").refusal(b'{"ok": true, "result": {}}') is None

    def test_slack_mentions_nobody_and_stays_in_the_thread(self) -> None:
        url, headers, sent = self.reply("slack", "<!channel> 1 & 2")
        assert url == "https://slack.com/api/chat.postMessage"
        assert headers["authorization"] == "Bearer xoxb-1"
        assert (sent["channel"], sent["thread_ts"], sent["text"]) == (
            "C1",
            "1515449522.000016",
            "&lt;!channel&gt; 1 &amp; 2",
        )
        assert platform("slack").refusal(b'{"ok": false, "error": "channel_not_found"}') == "channel_not_found"

    def test_woocommerce(self) -> None:
        url, headers, sent = self.reply("woocommerce", "1,204 clicks.")
        assert url == "https://example.com/shop/wp-json/wc/v3/orders/728/notes"
        assert base64.b64decode(headers["authorization"].removeprefix("Basic ")) == b"ck_1:cs_1"
        assert sent == {"note": "1,204 clicks.", "customer_note": True}


class TestWeb:
    @pytest.mark.parametrize("origin", ["https://shop.example", "http://localhost:3000", "https://SHOP.example/"])
    def test_origins(self, origin: str) -> None:
        assert checked_origin(origin).startswith("http")

    @pytest.mark.parametrize(
        "origin", ["shop.example", "*", "https://a.example; script-src *", "javascript:x", "https://a/b", ""]
    )
    def test_what_is_no_origin_is_refused(self, origin: str) -> None:
        with pytest.raises(InvalidRequest):
            checked_origin(origin)

    @pytest.mark.parametrize("conversation", ["short", "x" * 256])
    def test_a_conversation_that_could_be_guessed_is_refused(self, conversation: str) -> None:
        content = json.dumps({"message": "x", "conversation": conversation}).encode()
        with pytest.raises(InvalidRequest):
            platform("web").messages({}, signed("web", content))
        assert len(CONVERSATION) >= 16
