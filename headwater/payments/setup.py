"""Which gateway a server has, by its settings."""

from __future__ import annotations

from importlib.util import find_spec

from headwater.payments.gateway import Gateway
from headwater.settings import Settings, SettingsError


def check(settings: Settings) -> None:
    """Refuse settings that cannot work, before anything is loaded or started."""
    if settings.stripe_webhook_secret and not settings.stripe_api_key:
        raise SettingsError("Settings: stripe_webhook_secret needs stripe_api_key. See docs/billing.md.")
    if settings.stripe_api_key and find_spec("stripe") is None:
        raise SettingsError(
            "Settings: stripe_api_key is set, but Stripe's library is not installed. Run 'pip install"
            " headwater[stripe]', or leave the setting empty."
        )


def provide(settings: Settings) -> Gateway | None:
    """The gateway for cards; None where the operator set up none."""
    check(settings)
    if not settings.stripe_api_key:
        return None
    # Loaded only where it is used: it takes longer than all else together.
    from headwater.payments.stripe_gateway import StripeGateway

    return StripeGateway(
        settings.stripe_api_key, settings.stripe_webhook_secret, settings.stripe_api_url, settings.stripe_timeout
    )
