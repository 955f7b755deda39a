"""Mail to people: messages of plain text, some with a file.

They go through SMTP or, without a server for that, into a folder; ``provide`` chooses by
the settings. Nothing here knows users, tokens or HTTP.
"""

from headwater.mail.mailer import Mailer, provide
from headwater.mail.message import Attachment, Message, Undeliverable
from headwater.mail.senders import NotSent

__all__ = ["Attachment", "Mailer", "Message", "NotSent", "Undeliverable", "provide"]
