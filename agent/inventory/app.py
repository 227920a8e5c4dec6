"""The inventory as one ASGI application. `build` is the only entry; nothing is global."""

import contextlib
import logging
import secrets
from collections.abc import AsyncIterator
from pathlib import Path

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

from agent.inventory.api import Api, RecordWriter, on_disconnect, on_refusal
from agent.inventory.checking import Checker
from agent.inventory.guard import Guard
from agent.inventory.inventory import Clock, open_inventory
from agent.inventory.moment import now
from agent.inventory.pages import Pages
from agent.inventory.refusal import Refusal
from agent.inventory.settings import Settings

_HERE = Path(__file__).parent
_MESSAGES = {
    404: ("Cette adresse n'existe pas.", "There is nothing at this address."),
    405: ("Cette action n'est pas possible à cette adresse.", "This action is not possible at this address."),
    500: ("L'inventaire a rencontré un problème. Réessayez.", "The inventory met a problem. Try again."),
}


def build(settings: Settings, *, clock: Clock = now) -> Starlette:
    """The application; opens the database (StorageError when it cannot). Uploads need its lifespan to be running."""
    inventory = open_inventory(settings, instance=secrets.token_hex(16), clock=clock)
    log = logging.getLogger("rebond.inventory")

    def report(error: Exception) -> None:
        log.error("a batch was not stored: %s", error, exc_info=error)

    writer: RecordWriter = RecordWriter(
        inventory.store.commit, batch=settings.batch_records, pending=settings.pending_records, report=report
    )
    checker = Checker(inventory.store.keys)
    pages = Pages(inventory)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with writer, checker:
            yield
        inventory.engine.dispose()

    async def on_http(request: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 500
        headers = dict(error.headers or {}) if isinstance(error, HTTPException) else None
        if request.url.path.startswith("/api/"):
            fr, en = _MESSAGES.get(status, _MESSAGES[500])
            return JSONResponse({"error": str(status), "fr": fr, "en": en}, status, headers)
        return pages.message(request, status, headers)

    app = Starlette(
        routes=[
            Mount("/api/v1", routes=Api(inventory, writer, checker).routes()),
            Mount("/static", StaticFiles(directory=_HERE / "static")),
            *pages.routes(),
        ],
        middleware=[Middleware(Guard, hosts=settings.hosts)],
        exception_handlers={
            Refusal: on_refusal,
            ClientDisconnect: on_disconnect,
            HTTPException: on_http,
            Exception: on_http,
        },
        lifespan=lifespan,
    )
    app.state.inventory = inventory
    return app
