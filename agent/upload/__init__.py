"""Talking to an inventory: delivery of records (`delivery`), enrolment of a station (`enrolment`)."""

from agent.upload.answers import Answer, Client, open_session
from agent.upload.delivery import Delivery, Inventory, RefusedRecord, deliver, last_checkpoint, pause_s
from agent.upload.enrolment import Enrolled, enrol

__all__ = [
    "Answer",
    "Client",
    "Delivery",
    "Enrolled",
    "Inventory",
    "RefusedRecord",
    "deliver",
    "enrol",
    "last_checkpoint",
    "open_session",
    "pause_s",
]
