"""The programs' side: records in, receipts out, the log's proofs, enrolment. Errors are JSON in both languages."""

import asyncio
import re
import time
from base64 import b64encode
from typing import Any

import msgspec
from sqlalchemy import select
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from agent import envelope
from agent.errors import EnvelopeError
from agent.inventory import refusal
from agent.inventory.checking import Checker
from agent.inventory.database import write
from agent.inventory.enrol import Asked, Station, redeem
from agent.inventory.intake import SetAside, Upload, key_claimed
from agent.inventory.inventory import Inventory
from agent.inventory.refusal import Refusal
from agent.inventory.schema import envelopes, leaves
from agent.inventory.sessions import lock_log
from agent.inventory.store import Stored
from agent.inventory.writer import Writer

ACCEPTED_TYPES = ("application/json", "application/vnd.dsse.envelope.v1+json")
_DIGEST = re.compile(r"[0-9a-f]{64}")
_SMALL_BYTES = 4096
RecordWriter = Writer[Upload | SetAside, Stored | Refusal]


class Enrolment(msgspec.Struct, frozen=True, kw_only=True):
    code: str
    public_key: str
    name: str
    flying: bool = False


class Api:
    """The routes under /api/v1, over one open inventory."""

    def __init__(self, inventory: Inventory, writer: RecordWriter, checker: Checker) -> None:
        self._inventory = inventory
        self._settings = inventory.settings
        self._writer = writer
        self._checker = checker
        self._held_bytes = 0

    def routes(self) -> list[Route]:
        return [
            Route("/health", self.health),
            Route("/records/{digest}", self.put_record, methods=["PUT"]),
            Route("/records/{digest}", self.give_record, methods=["GET"]),
            Route("/records/{digest}/receipt", self.give_receipt),
            Route("/log/checkpoint", self.checkpoint),
            Route("/log/proof", self.inclusion),
            Route("/log/consistency", self.consistency),
            Route("/enrol", self.enrol, methods=["POST"]),
        ]

    async def health(self, request: Request) -> Response:
        log = self._inventory.log
        with self._inventory.engine.connect() as connection:
            size = log.size(connection)
        return JSONResponse(
            {
                "program": "rebond",
                "instance": self._inventory.instance,
                "tenant": log.tenant,
                "origin": log.origin,
                "log_public_key": b64encode(log.public_key).decode(),
                "log_size": size,
            }
        )

    # --- records ------------------------------------------------------------------------------------------------------

    async def put_record(self, request: Request) -> Response:
        digest = _digest_in(request)
        raw = await self._receive(request, self._settings.upload_limit_bytes)
        try:
            upload = await self._checker.check(digest, raw)
            wait_s = self._inventory.quota.spend(upload.key_id, time.monotonic())
            if wait_s:
                raise refusal.over_quota(wait_s)
        except Refusal as refused:
            if refused.keep:
                await self._writer.store(SetAside(digest=digest, key_id=key_claimed(raw), raw=raw, refused=refused))
            raise
        outcome = await self._writer.store(upload)
        if isinstance(outcome, Refusal):
            raise outcome
        return Response(outcome.receipt, 201 if outcome.is_first else 200, media_type="application/json")

    async def _receive(self, request: Request, limit_bytes: int) -> bytes:
        """The body, cut as soon as it is too large; nothing is read for a wrong type."""
        content_type = request.headers.get("content-type", "")
        if content_type.partition(";")[0].strip().lower() not in ACCEPTED_TYPES:
            raise refusal.wrong_type(content_type)
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise refusal.compressed()
        announced = request.headers.get("content-length", str(limit_bytes))  # absent when sent in chunks
        if not announced.isascii() or not announced.isdigit() or len(announced) > 12 or int(announced) > limit_bytes:
            raise refusal.too_large(limit_bytes)
        held_bytes = int(announced)
        if self._held_bytes + held_bytes > self._settings.pending_bytes:
            raise refusal.busy()
        body = bytearray()
        self._held_bytes += held_bytes
        try:
            async with asyncio.timeout(self._settings.upload_timeout_s):
                async for chunk in request.stream():
                    body += chunk
                    if len(body) > limit_bytes:
                        raise refusal.too_large(limit_bytes)
        except TimeoutError as error:
            raise refusal.too_slow() from error
        finally:
            self._held_bytes -= held_bytes
        return bytes(body)

    async def give_record(self, request: Request) -> Response:
        digest = _digest_in(request)
        with self._inventory.engine.connect() as connection:
            raw = connection.scalar(
                select(envelopes.c.raw).where(
                    envelopes.c.tenant_id == self._inventory.log.tenant, envelopes.c.digest == digest
                )
            )
        if raw is None:
            raise refusal.no_such_record()
        name = f'attachment; filename="{digest}.dsse.json"'
        return Response(raw, media_type="application/json", headers={"Content-Disposition": name})

    async def give_receipt(self, request: Request) -> Response:
        digest = _digest_in(request)
        with self._inventory.engine.connect() as connection:
            place = connection.scalar(
                select(leaves.c.log_index).where(
                    leaves.c.tenant_id == self._inventory.log.tenant, leaves.c.digest == digest
                )
            )
            if place is None:
                raise refusal.no_such_record()
            receipt = self._inventory.log.receipt(connection, place)
        name = f'attachment; filename="{digest}.receipt.json"'
        return Response(receipt, media_type="application/json", headers={"Content-Disposition": name})

    # --- the log ------------------------------------------------------------------------------------------------------

    async def checkpoint(self, request: Request) -> Response:
        with self._inventory.engine.connect() as connection:
            note = self._inventory.log.checkpoint(connection, self._inventory.clock())
        return Response(note, media_type="text/plain; charset=utf-8")

    async def inclusion(self, request: Request) -> Response:
        index, size = _whole(request, "index"), _whole(request, "size")
        with self._inventory.engine.connect() as connection:
            return _proof(lambda: self._inventory.log.inclusion(connection, index, size))

    async def consistency(self, request: Request) -> Response:
        old_size, size = _whole(request, "from"), _whole(request, "to")
        with self._inventory.engine.connect() as connection:
            return _proof(lambda: self._inventory.log.consistency(connection, old_size, size))

    # --- stations -----------------------------------------------------------------------------------------------------

    async def enrol(self, request: Request) -> Response:
        body = await self._receive(request, _SMALL_BYTES)
        try:
            asked = msgspec.json.decode(body, type=Enrolment)
            public_key = envelope.from_base64(asked.public_key)
        except (msgspec.DecodeError, EnvelopeError, UnicodeDecodeError) as error:
            raise refusal.wrong_request(
                "La demande doit contenir code, public_key (base64) et name.",
                "The request must hold code, public_key (base64) and name.",
            ) from error
        station = await run_in_threadpool(self._redeem, asked, public_key)
        log = self._inventory.log
        return JSONResponse(
            {
                "station": station.key_id,
                "name": station.name,
                "session": station.session,
                "tenant": log.tenant,
                "origin": log.origin,
                "log_public_key": b64encode(log.public_key).decode(),
            },
            201,
        )

    def _redeem(self, asked: Enrolment, public_key: bytes) -> Station:
        now = self._inventory.clock()
        log = self._inventory.log
        wanted = Asked(code=asked.code, public_key=public_key, name=asked.name, is_flying=asked.flying)
        with write(self._inventory.engine) as connection:
            lock_log(connection, log, now)
            station = redeem(connection, log.tenant, wanted, now)
        if station is None:
            raise refusal.wrong_code()
        self._inventory.store.readmit(station.key_id)  # what it sent too early
        return station


def _proof(make: Any) -> Response:
    try:
        proof: list[bytes] = make()
    except ValueError as error:
        raise refusal.wrong_request("Le registre n'a pas cette taille.", "The log has no such size.") from error
    return JSONResponse({"proof": [b64encode(hash_).decode() for hash_ in proof]})


def _digest_in(request: Request) -> str:
    digest = str(request.path_params["digest"])
    if not _DIGEST.fullmatch(digest):
        raise refusal.not_a_digest()
    return digest


def _whole(request: Request, name: str) -> int:
    text = request.query_params.get(name, "")
    if not re.fullmatch(r"[0-9]{1,15}", text):
        raise refusal.wrong_request(
            f"Le paramètre {name} doit être un nombre entier.", f"The parameter {name} must be a whole number."
        )
    return int(text)


async def on_refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    headers = {}
    if error.wait_s:
        headers["Retry-After"] = str(error.wait_s)
    if error.status == 401:
        headers["WWW-Authenticate"] = "DSSE"
    if error.status in (408, 413, 415, 503):
        headers["Connection"] = "close"  # the body was not read: the connection cannot serve another request
    return JSONResponse(error.body(), error.status, headers)


async def on_disconnect(request: Request, error: Exception) -> Response:
    assert isinstance(error, ClientDisconnect)
    return Response(status_code=400)  # nobody reads it
