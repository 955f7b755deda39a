"""Payment gateways: those whom a company's card is given to, and who say whether it paid.

``provide`` makes the gateway that the settings name. That money comes in by other ways,
and the operator says so, needs none. Nothing here knows credits, companies or HTTP routes.
"""

from headwater.payments.gateway import Asked, Card, Gateway, Payment, Report
from headwater.payments.setup import check, provide

__all__ = ["Asked", "Card", "Gateway", "Payment", "Report", "check", "provide"]
