"""Mail to people: messages of plain text, sent through SMTP or, without a server for that, written to a folder.

``provide`` chooses by the settings. Nothing here knows users, tokens or HTTP.
"""

from headwater.mail.mailer import Mailer, provide
from headwater.mail.message import Message

__all__ = ["Mailer", "Message", "provide"]
