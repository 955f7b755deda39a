"""The control plane: who may ask, what they may do, and the rows that people edit.

``provide`` builds a ``Control``; everything else is reached through it or through the
service classes of the folders, which work in a session that it hands out. Nothing
here knows HTTP or measurements.
"""

from headwater.control.plane import Control, provide

__all__ = ["Control", "provide"]
