"""One open inventory: what the routes share. Built once by `app.build`, never global."""

from collections.abc import Callable
from datetime import datetime

import msgspec
from sqlalchemy import Engine

from agent.inventory.database import open_database, write
from agent.inventory.log import Log, open_log
from agent.inventory.moment import now
from agent.inventory.quota import Quota
from agent.inventory.settings import Settings
from agent.inventory.store import Store

Clock = Callable[[], datetime]


class Inventory(msgspec.Struct, frozen=True, kw_only=True):
    settings: Settings
    engine: Engine
    log: Log
    store: Store
    quota: Quota
    clock: Clock
    instance: str  # told by the health page: which process answers here


def open_inventory(settings: Settings, *, instance: str = "", clock: Clock = now) -> Inventory:
    """The inventory of these settings, its tables and key made when missing; StorageError when it cannot be."""
    engine = open_database(settings)
    with write(engine) as connection:
        log = open_log(connection, settings, clock())
    return Inventory(
        settings=settings,
        engine=engine,
        log=log,
        store=Store(engine, log, clock=clock, quarantine_limit_bytes=settings.quarantine_limit_bytes),
        quota=Quota(settings.quota_per_minute),
        clock=clock,
        instance=instance,
    )
