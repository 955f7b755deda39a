"""When a delivery that failed is tried again, when it is given up, and when its webhook is. Pure.

>>> [pause(attempts, 1.0).total_seconds() for attempts in (1, 2, 3, 14, 15)]
[10.0, 20.0, 40.0, 81920.0, 86400.0]
>>> pause(1, 0.0).total_seconds(), pause(40, 0.0).total_seconds()
(5.0, 43200.0)
>>> pause(1, 0.5, asked=timedelta(minutes=2)), pause(1, 0.5, asked=timedelta(days=9))
(datetime.timedelta(seconds=120), datetime.timedelta(days=1))
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

LONGEST_PAUSE: Final = timedelta(hours=24)
GIVEN_UP_AFTER: Final = timedelta(days=3)
"""From its first attempt on; by then another event of the webhook should have its turn."""
DISABLED_AFTER: Final = timedelta(days=5)
"""From the first failure since the last success on."""
_FIRST: Final = timedelta(seconds=10)
_ENOUGH_DOUBLINGS: Final = 20


def pause(attempts: int, chance: float, asked: timedelta | None = None) -> timedelta:
    """How long to wait after so many attempts that failed: twice as long each time, from 5 seconds to 24 hours.

    ``chance``, from 0 to 1, says where between half and all of it, so that not everybody
    comes back at once. What the receiver ``asked`` for makes it longer, not shorter.
    """
    longest = min(LONGEST_PAUSE, _FIRST * (1 << min(attempts - 1, _ENOUGH_DOUBLINGS)))
    return min(LONGEST_PAUSE, max(longest / 2 * (1 + chance), asked or timedelta()))


def is_given_up(first_attempt_at: datetime, next_attempt_at: datetime) -> bool:
    """Whether a delivery ends rather than being tried again then."""
    return next_attempt_at - first_attempt_at > GIVEN_UP_AFTER


def is_hopeless(failing_since: datetime, now: datetime) -> bool:
    """Whether a webhook that has failed since then is disabled."""
    return now - failing_since >= DISABLED_AFTER
