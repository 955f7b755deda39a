"""The platforms that there are, with where each is reached."""

from __future__ import annotations

from collections.abc import Mapping

from headwater.platforms.meta import Messenger, WhatsApp
from headwater.platforms.port import Platform
from headwater.platforms.shopify import Shopify
from headwater.platforms.slack import Slack
from headwater.platforms.telegram import Telegram
from headwater.platforms.web import Web
from headwater.platforms.woocommerce import WooCommerce
from headwater.settings import Settings


def platforms(settings: Settings) -> Mapping[str, Platform]:
    """By name."""
    all_of_them: tuple[Platform, ...] = (
        WhatsApp(settings.whatsapp_api_url),
        Telegram(settings.telegram_api_url),
        Slack(settings.slack_api_url),
        Messenger(settings.messenger_api_url),
        Shopify(),
        WooCommerce(),
        Web(),
    )
    return {one.name: one for one in all_of_them}
