"""What may be written into projects, creators, videos and campaigns.

Pure: checks shapes and texts, gathers every problem, and leaves to the services what only
the database knows. A field that is left out stays as it is; ``None`` takes a value away.

>>> checked(ProjectFields(name="  Spring  "))
{'name': 'Spring'}
>>> checked(VideoFields(url="ftp://v.example/1"))
Traceback (most recent call last):
    ...
headwater.errors.InvalidRequest: 'url' must be an http or https address.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from functools import partial
from typing import Any, Final, get_args
from urllib.parse import urlsplit

import msgspec
from msgspec import UNSET, UnsetType

from headwater.control.creators.models import TrackingMode, TrackingStatus
from headwater.control.rules import long_text, not_too_deep, text
from headwater.errors import InvalidRequest, Problem

LONGEST_NAME: Final = 255
LONGEST_CAMPAIGN_NAME: Final = 200
LONGEST_TITLE: Final = 1_000
LONGEST_DESCRIPTION: Final = 10_000
LONGEST_URL: Final = 2_048
LONGEST_PLATFORM: Final = 32
LARGEST_METADATA: Final = 16 * 1024
LARGEST_TARGET: Final = 2**63 - 1
_PLATFORM = re.compile(r"[a-z0-9][a-z0-9._-]*").fullmatch


class ProjectFields(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller says about a project."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET


class CreatorFields(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller says about a creator."""

    handle: str | UnsetType = UNSET
    platform: str | UnsetType = UNSET
    display_name: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    metadata: dict[str, Any] | UnsetType | None = UNSET
    tracking_mode: TrackingMode | UnsetType = UNSET
    tracking_start_date: date | UnsetType | None = UNSET
    external_id: str | UnsetType | None = UNSET


class VideoFields(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller says about a video; ``creator_id`` is the creator's UUID."""

    creator_id: str | UnsetType | None = UNSET
    external_id: str | UnsetType | None = UNSET
    url: str | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    metadata: dict[str, Any] | UnsetType | None = UNSET
    posted_at: str | UnsetType | None = UNSET
    tracking_status: TrackingStatus | UnsetType = UNSET


class CampaignFields(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller says about a campaign."""

    name: str | UnsetType = UNSET
    description: str | UnsetType | None = UNSET
    metadata: dict[str, Any] | UnsetType | None = UNSET
    target_views: int | UnsetType | None = UNSET
    target_at: str | UnsetType | None = UNSET


Fields = ProjectFields | CreatorFields | VideoFields | CampaignFields


def checked(fields: Fields) -> dict[str, Any]:
    """The fields that are given, by column, each held to its rule; ``InvalidRequest`` names every one that is wrong."""
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    rules = _CAMPAIGN_RULES if isinstance(fields, CampaignFields) else _RULES
    for name, value in msgspec.structs.asdict(fields).items():
        if value is UNSET:
            continue
        try:
            values[name] = None if value is None else rules[name](value, name)
        except InvalidRequest as error:
            problems += error.problems
    if problems:
        raise InvalidRequest.of(problems)
    if "metadata" in values:
        # The models cannot call an attribute "metadata".
        values["details"] = values.pop("metadata") or {}
    return values


def moment(value: str, field: str) -> datetime:
    """A date or a date-time, in UTC unless it says otherwise.

    >>> moment("2026-03-20T14:30:00+02:00", "posted_at").isoformat()
    '2026-03-20T12:30:00+00:00'
    """
    try:
        read = datetime.fromisoformat(value.strip())
        return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
    except (ValueError, OverflowError):
        raise InvalidRequest(
            f"'{field}' must be an ISO 8601 date or date-time, such as 2026-03-20T14:30:00Z.", field=field
        ) from None


def _url(value: str, field: str) -> str:
    value = text(value, field, longest=LONGEST_URL)
    try:
        parts = urlsplit(value)
        right = parts.scheme in ("http", "https") and bool(parts.hostname) and " " not in value
    except ValueError:
        right = False
    if not right:
        raise InvalidRequest(f"'{field}' must be an http or https address.", field=field)
    return value


def _platform(value: str, field: str) -> str:
    value = text(value, field, longest=LONGEST_PLATFORM).lower()
    if not _PLATFORM(value):
        raise InvalidRequest(
            f"'{field}' must be a word of letters a to z, digits, '.', '_' and '-', such as tiktok.", field=field
        )
    return value


def _metadata(value: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    not_too_deep(value, field)
    try:
        size = len(msgspec.json.encode(value))
    except UnicodeEncodeError:
        raise InvalidRequest(f"'{field}' holds a text that is not Unicode.", field=field) from None
    if size > LARGEST_METADATA:
        raise InvalidRequest(
            f"'{field}' must have at most {LARGEST_METADATA:,} bytes as JSON; it has {size:,}.", field=field
        )
    return value


def _target(value: int, field: str) -> int:
    if not 0 <= value <= LARGEST_TARGET:
        raise InvalidRequest(f"'{field}' must be from 0 to {LARGEST_TARGET}.", field=field)
    return value


def _one_of(value: str, field: str, *, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidRequest(f"'{field}' must be one of {', '.join(allowed)}.", field=field, allowed=list(allowed))
    return value


def _as_it_is(value: Any, field: str) -> Any:
    return value


_Rule = Callable[[Any, str], Any]
_RULES: Final[dict[str, _Rule]] = {
    "name": partial(text, longest=LONGEST_NAME),
    "description": partial(long_text, longest=LONGEST_DESCRIPTION),
    "handle": partial(text, longest=LONGEST_NAME),
    "platform": _platform,
    "display_name": partial(text, longest=LONGEST_NAME),
    "metadata": _metadata,
    "tracking_mode": partial(_one_of, allowed=get_args(TrackingMode)),
    "tracking_start_date": _as_it_is,
    "external_id": partial(text, longest=LONGEST_NAME),
    "creator_id": _as_it_is,
    "url": _url,
    "title": partial(text, longest=LONGEST_TITLE),
    "posted_at": moment,
    "tracking_status": partial(_one_of, allowed=get_args(TrackingStatus)),
    "target_views": _target,
    "target_at": moment,
}
_CAMPAIGN_RULES: Final[dict[str, _Rule]] = {**_RULES, "name": partial(text, longest=LONGEST_CAMPAIGN_NAME)}
