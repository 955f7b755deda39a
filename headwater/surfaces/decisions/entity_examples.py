"""An example of each kind of decision entity, as it is sent; together they are one small organisation's."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

EXAMPLES: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "offer": {
            "name": "Premium Card Upgrade",
            "status": "active",
            "priority": 90,
            "categoryId": "cat_cards",
            "budget": {"allocated": 10000, "currency": "EUR"},
            "businessValue": 60,
            "eligibility": [
                {"ruleType": "attribute_condition", "config": {"attribute": "age", "operator": "gte", "value": 18}}
            ],
            "schedule": {"startAt": "2026-03-01T00:00:00Z", "endAt": "2026-06-01T00:00:00Z"},
            "tags": ["cards"],
            "metadata": {"sku": "PC-1"},
        },
        "category": {"name": "Cards", "parentId": "cat_products"},
        "channel": {"name": "Marketing Email", "channelType": "email", "impressionMode": "implicit"},
        "creative": {
            "name": "Premium card banner",
            "offerId": "off_premium_card",
            "channelId": "ch_email",
            "content": {"subject": "A better card"},
            "weight": 80,
        },
        "segment": {
            "name": "Big spenders",
            "filters": [{"measure": "revenue", "operator": "gte", "value": 500, "days": 90}],
        },
        "decision_flow": {
            "key": "web_home",
            "name": "Home page",
            "channelId": "ch_email",
            "placement": "hero",
            "config": {"scoring": {"method": "formula", "weights": {"propensity": 0.5, "impact": 0.3}}},
        },
        "algorithm_model": {
            "key": "propensity_to_buy",
            "name": "Propensity to Buy",
            "modelType": "gradient_boosting",
            "version": "3",
        },
        "contact_policy": {
            "name": "Three mails a week",
            "ruleType": "frequency_cap",
            "scope": "channel",
            "scopeId": "ch_email",
            "config": {"maxContacts": 3, "windowDays": 7},
            "priority": 80,
        },
        "experiment": {"name": "Hero picture", "config": {"split": 50}},
        "journey": {"name": "Welcome", "config": {"steps": 3}},
        "trigger": {"name": "Card declined", "config": {"event": "card_declined"}},
        "approval": {
            "entityType": "offer",
            "entityId": "off_premium_card",
            "action": "activate",
            "requesterName": "Ada",
            "payload": {"comment": "For the spring campaign"},
        },
        "outcome_type": {"key": "call_back", "name": "Call back", "classification": "positive"},
    }
)
