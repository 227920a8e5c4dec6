"""The outbox: a folder of signed records waiting for delivery (`folder`), the chain they form (`chain`)."""

from agent.outbox.chain import Link
from agent.outbox.folder import Outbox, Queued, Reason, Refused, Waiting

__all__ = ["Link", "Outbox", "Queued", "Reason", "Refused", "Waiting"]
