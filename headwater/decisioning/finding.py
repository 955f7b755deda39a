"""What a request names, found in a book: channels, flows, offers and segments, and words for those not there."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

from headwater.control.decisions.book import Book, Channel, Flow
from headwater.errors import InvalidRequest, NotFound
from headwater.kit.suggest import did_you_mean

_MOST_NAMED = 10
_LONGEST_SHOWN = 64


def find_channel(book: Book, channel: str | None, channel_id: str | None) -> Channel:
    """The channel of an id, or of a name or type in any case.

    Of several active ones that ``channel`` may mean, one of that name comes before those of
    that type, and the oldest first. A name does not find a channel that is not active; an id does.
    """
    if channel is None and channel_id is None:
        raise InvalidRequest("'channel' or 'channelId' is required.", field="channelId")
    named = None if channel is None else _matching(book, channel)
    if channel_id is None:
        if named:
            return named[0]
        live = [one for one in book.channels.values() if one.active]
        hint = did_you_mean(channel or "", [word for one in live for word in (one.name, one.channel_type)])
        raise NotFound(f"There is no active channel of the name or type {_shown(channel)}.{hint}", field="channel")
    number = book.find("channel", channel_id)
    if number is None or book.channels[number].archived:
        raise NotFound(f"There is no channel {_shown(channel_id)}.", field="channelId")
    found = book.channels[number]
    if channel is not None and channel.casefold() not in _words(found):
        raise InvalidRequest(
            f"'channel' is {_shown(channel)}, but 'channelId' is that of '{found.name}'.", field="channel"
        )
    return found


def _matching(book: Book, channel: str) -> list[Channel]:
    wanted = channel.casefold()
    found = [one for one in book.channels.values() if one.active and wanted in _words(one)]
    return sorted(found, key=lambda one: (one.name.casefold() != wanted, one.number))


def _words(channel: Channel) -> tuple[str, str]:
    return channel.name.casefold(), channel.channel_type.casefold()


def find_flow(book: Book, key: str | None, channel: int, placement: str | None) -> Flow | None:
    """The flow of a key; without one, that of the channel and placement, and None where there is none.

    Without a key only flows that name a channel or a placement are taken, all that they name must
    be the request's, and the one that names more comes first, then the oldest.
    """
    if key is not None:
        found = next((one for one in book.flows.values() if one.key == key and not one.archived), None)
        if found is None:
            known = [one.key for one in book.flows.values() if one.active]
            raise NotFound(
                f"There is no decision flow {_shown(key)}.{did_you_mean(key, known)}", field="decisionFlowKey"
            )
        if not found.active:
            raise NotFound(f"The decision flow {_shown(key)} is {found.status}, not active.", field="decisionFlowKey")
        return found
    fitting = [
        one
        for one in book.flows.values()
        if one.active
        and (one.channel is not None or one.placement is not None)
        and one.channel in (None, channel)
        and one.placement in (None, placement)
    ]
    return min(fitting, key=lambda one: (one.channel is None, one.placement is None, one.number), default=None)


def find_all(
    book: Book, kind: Literal["offer", "segment"], ids: Iterable[str], field: str
) -> tuple[frozenset[int], list[str]]:
    """The numbers of those that exist, and a warning that names the others."""
    numbers = {one: book.find(kind, one) for one in ids}
    unknown = [one for one, number in numbers.items() if number is None]
    found = frozenset(number for number in numbers.values() if number is not None)
    if not unknown:
        return found, []
    named = ", ".join(_shown(one) for one in unknown[:_MOST_NAMED])
    more = f" and {len(unknown) - _MOST_NAMED} more" if len(unknown) > _MOST_NAMED else ""
    return found, [f"'{field}' names no {kind} that exists: {named}{more}."]


def _shown(text: str | None) -> str:
    return f"'{(text or '')[:_LONGEST_SHOWN]}'"
