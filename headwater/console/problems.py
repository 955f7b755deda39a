"""What is wrong with a form, ready to stand beside its fields, with what was typed.

>>> from headwater.errors import Conflict, Unauthorized
>>> shown = Shown({"email": ["a@b.example"]}, Conflict("There is such an address.", field="email"))
>>> shown.of("email"), shown.value("email"), shown.value("name", "Ada"), shown.elsewhere(("email", "name"))
('There is such an address.', 'a@b.example', 'Ada', '')
>>> Shown({}, Unauthorized("Wrong.")).elsewhere(("email",)), Shown().value("name", "Ada")
('Wrong.', 'Ada')
>>> Shown({}, InvalidRequest("'email' is required.", field="email")).of("email")
'This is required.'
"""

from __future__ import annotations

from collections.abc import Sequence

from headwater.errors import HeadwaterError, InvalidRequest
from headwater.surfaces._http.endpoint import Typed


class Shown:
    """A form as it is shown: for the first time, or again with an error."""

    def __init__(self, typed: Typed | None = None, error: HeadwaterError | None = None) -> None:
        self._typed = typed
        self._error = error
        self._problems: dict[str, str] = {}
        if isinstance(error, InvalidRequest):
            for name, message in error.problems:
                # What the API holds one in another, forms have beside each other.
                self._say(name.partition("[")[0].rpartition(".")[2], message, name)
        elif error is not None and "field" in error.details:
            self._say(field := str(error.details["field"]), error.message, field)

    def _say(self, field: str, message: str, path: str) -> None:
        # People know a field by its label, beside which this stands, not by the name that programs use.
        for own_name in (f"'{path}'", f"'{field}'"):
            if message.startswith(own_name):
                message = f"This{message.removeprefix(own_name)}"
        self._problems.setdefault(field, message)

    @property
    def status(self) -> int:
        """Of the answer: a wrong password is no missing credential, after which a browser would ask again."""
        if self._error is None:
            return 200
        return 400 if self._error.status == 401 else self._error.status

    def of(self, field: str) -> str:
        """What is wrong with a field, or nothing."""
        return self._problems.get(field, "")

    def elsewhere(self, fields: Sequence[str]) -> str:
        """What is wrong but with none of these fields."""
        if self._error is None or any(name in fields for name in self._problems):
            return ""
        return self._error.message

    def value(self, field: str, otherwise: str = "") -> str:
        """What was typed, or what stood there before anybody typed."""
        if self._typed is None or field not in self._typed:
            # Another form of the page was sent; browsers send their own fields also where they are empty.
            return otherwise
        return (self._typed[field] or [""])[-1]

    def has(self, field: str, value: str, otherwise: bool = False) -> bool:
        """Whether a box of several was ticked."""
        return otherwise if self._typed is None else value in self._typed.get(field, ())
