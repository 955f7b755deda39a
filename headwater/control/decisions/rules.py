"""What must hold between the fields of a decision entity, and which other entities they name. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final, NamedTuple

import msgspec

from headwater.control.decisions.documents import typed
from headwater.control.decisions.kinds import (
    POLICY_CONFIGS,
    AttributeCondition,
    AttributeTest,
    Body,
    EntityKind,
    FlowBody,
    FlowConfig,
    HoursConfig,
    OfferBody,
    PolicyBody,
    Schedule,
    SegmentBody,
    SegmentRequired,
)
from headwater.control.rules import not_too_deep, text
from headwater.errors import InvalidRequest

LARGEST_DOCUMENT: Final = 64 * 1024
_MONEY_DIGITS: Final = 6
_ORDERED: Final = frozenset({"gt", "gte", "lt", "lte"})
_LISTS: Final = frozenset({"in", "not_in"})
_BARE: Final = frozenset({"exists", "not_exists"})


Target = tuple[str, str]
"""An entity's kind and id."""


class Named(NamedTuple):
    """Another entity that a field names."""

    field: str
    kind: str
    public_id: str

    @property
    def target(self) -> Target:
        """What is named."""
        return self.kind, self.public_id


def checked(body: Body) -> Body:
    """The body, its times in UTC; ``InvalidRequest`` for what the fields' types alone do not say."""
    for field in ("name", "key"):
        if (value := getattr(body, field, None)) is not None and text(value, field, longest=255) != value:
            raise InvalidRequest(f"'{field}' must not begin or end with white space.", field=field)
    for one in msgspec.structs.fields(body):
        not_too_deep(getattr(body, one.name), one.encode_name)
    size = len(msgspec.json.encode(body))
    if size > LARGEST_DOCUMENT:
        raise InvalidRequest(f"An entity has at most {LARGEST_DOCUMENT:,} bytes of JSON; this has {size:,}.")
    match body:
        case OfferBody():
            _check_offer(body)
            return msgspec.structs.replace(body, schedule=_in_utc(body.schedule))
        case PolicyBody():
            _check_policy(body)
        case FlowBody():
            typed(body.config, FlowConfig, "config")
    return body


def named(kind: EntityKind, body: Body) -> Iterator[Named]:
    """Every entity that the body names."""
    fields = msgspec.structs.fields(body)
    for field in fields:
        of = kind.references.get(field.encode_name)
        if of is not None and (public_id := getattr(body, field.name)) is not None:
            yield Named(field.encode_name, of, public_id)
    match body:
        case OfferBody():
            for place, rule in enumerate(body.eligibility):
                if isinstance(rule, SegmentRequired):
                    for one in rule.config.required_segments:
                        yield Named(f"eligibility[{place}].config.requiredSegments", "segment", one)
        case SegmentBody():
            for place, one_filter in enumerate(body.filters):
                if one_filter.offer_id is not None:
                    yield Named(f"filters[{place}].offerId", "offer", one_filter.offer_id)
                if one_filter.channel_id is not None:
                    yield Named(f"filters[{place}].channelId", "channel", one_filter.channel_id)
        case PolicyBody():
            if body.scope_id is not None and body.scope != "global":
                yield Named("scopeId", body.scope, body.scope_id)
            for one in body.config.get("offerIds", ()) if body.rule_type == "mutual_exclusion" else ():
                yield Named("config.offerIds", "offer", one)


def _in_utc(schedule: Schedule | None) -> Schedule | None:
    if schedule is None:
        return None
    return Schedule(
        start_at=_moment(schedule.start_at, "schedule.startAt"), end_at=_moment(schedule.end_at, "schedule.endAt")
    )


def _moment(value: datetime | None, field: str) -> datetime | None:
    try:
        return value and value.astimezone(UTC)
    except OverflowError:
        raise InvalidRequest(f"'{field}' lies outside of the years 1 to 9999 in UTC.", field=field) from None


def _check_offer(body: OfferBody) -> None:
    if body.budget and body.budget.allocated != round(body.budget.allocated, _MONEY_DIGITS):
        field = "budget.allocated"
        raise InvalidRequest(f"'{field}' has at most {_MONEY_DIGITS} decimals.", field=field)
    schedule = body.schedule
    if schedule and schedule.start_at and schedule.end_at and schedule.start_at >= schedule.end_at:
        raise InvalidRequest("'schedule.endAt' must be after 'schedule.startAt'.", field="schedule.endAt")
    for place, rule in enumerate(body.eligibility):
        if isinstance(rule, AttributeCondition):
            _check_test(rule.config, f"eligibility[{place}].config.value")


def _check_test(test: AttributeTest, field: str) -> None:
    """Whether the operator can be used with the value."""
    value, operator = test.value, test.operator
    if operator in _BARE and value is not None:
        raise InvalidRequest(f"'{field}' has no meaning with '{operator}'; leave it out.", field=field)
    if operator in _LISTS and not (isinstance(value, list) and all(map(_is_scalar, value))):
        raise InvalidRequest(
            f"'{field}' must be a list of texts, numbers or truth values for '{operator}'.", field=field
        )
    if operator in _ORDERED and (isinstance(value, bool) or not isinstance(value, int | float | str)):
        raise InvalidRequest(f"'{field}' must be a number or a text for '{operator}'.", field=field)
    if operator in ("eq", "ne") and not _is_scalar(value):
        raise InvalidRequest(f"'{field}' must be a text, a number or a truth value for '{operator}'.", field=field)


def _is_scalar(value: object) -> bool:
    return isinstance(value, str | bool | int | float)


def _check_policy(body: PolicyBody) -> None:
    config = typed(body.config, POLICY_CONFIGS[body.rule_type], "config")
    if isinstance(config, HoursConfig) and config.start_hour == config.end_hour:
        raise InvalidRequest("'config.endHour' must differ from 'config.startHour'.", field="config.endHour")
    if body.scope == "global" and body.scope_id is not None:
        raise InvalidRequest("'scopeId' has no meaning with the scope 'global'; leave it out.", field="scopeId")
    if body.scope != "global" and body.scope_id is None:
        raise InvalidRequest(f"'scopeId' is required: the id of the {body.scope}.", field="scopeId")
