"""Parameters that every list has (contract: common, "Lists")."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta

Limit = Annotated[int, Meta(ge=1, le=100, description="Rows on a page.")]
Offset = Annotated[int, Meta(ge=0, le=2**31 - 1, description="Rows to skip.")]
