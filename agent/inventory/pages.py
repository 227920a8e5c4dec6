"""The people's side: a list of machines and one page each, in French first. Everything shown is cleaned and escaped.

Routes only; what a machine page says is made in `sheet`. The large web application will add its own modules beside.
"""

import contextlib
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

import msgspec
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from agent import envelope
from agent.errors import EnvelopeError
from agent.inventory import search
from agent.inventory.intake import pretty
from agent.inventory.inventory import Inventory
from agent.inventory.moment import read_aloud
from agent.inventory.sheet import make_sheet
from agent.inventory.told import shortened
from agent.inventory.words import SIGNS, counted, word
from agent.keys import fingerprint_words
from agent.record import parse_payload
from agent.text import clean

_DOCUMENT_MOST = 200_000  # characters of the folded whole record; the download has the rest


class Listing(str):
    """Text already bounded and in ASCII, whose line ends must stay; escaped like any other."""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """Why this record may be believed, in words."""

    signature: str
    is_bad: bool
    key_id: str
    words: str
    digest: str
    log_index: int


class Pages:
    """The routes a browser asks for, over one open inventory."""

    def __init__(self, inventory: Inventory) -> None:
        self._inventory = inventory
        self._tenant = inventory.log.tenant
        folder = Path(__file__).parent / "templates"
        self._templates = Environment(
            loader=FileSystemLoader(folder),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            # Whatever a `{{ }}` prints is bounded and has no control or bidi character left, then is escaped.
            finalize=lambda value: clean(value, 2000) if type(value) is str else value,
        )

    def routes(self) -> list[Route]:
        return [
            Route("/", self.list),
            Route("/machines/{machine_id}", self.machine),
            Route("/records/{start}", self.record),
        ]

    def list(self, request: Request) -> Response:
        query = request.query_params.get("q", "")[:200]
        outcome = request.query_params.get("outcome", "")
        outcome = outcome if outcome in search.OUTCOMES else ""
        before = _place(request.query_params.get("before", ""))
        with self._inventory.engine.connect() as connection:
            found, older = search.list_machines(connection, self._tenant, query=query, outcome=outcome, before=before)
            counts = search.count_outcomes(connection, self._tenant, query)
            waiting, raised = search.count_waiting(connection, self._tenant)
            log_size = self._inventory.log.size(connection)
        lang = language_of(request)
        return self._page(
            request,
            "list.html",
            rows=[_row(one, lang) for one in found],
            query=query,
            outcome=outcome,
            before=before,
            older=older,
            counts=[(name, counts.get(name, 0)) for name in search.OUTCOMES],
            total=sum(counts.values()),
            quarantine=waiting,
            alarms=raised,
            log_size=log_size,
            origin=self._inventory.log.origin,
        )

    def machine(self, request: Request) -> Response:
        machine_id = request.path_params["machine_id"]
        with self._inventory.engine.connect() as connection:
            history = search.history_of(connection, self._tenant, machine_id)
            if not history:
                raise HTTPException(404)
            asked = request.query_params.get("record", history[0].digest)
            evidence = search.evidence_of(connection, self._tenant, asked)
        if evidence is None or asked not in {one.digest for one in history}:
            raise HTTPException(404)
        lang = language_of(request)
        proof, payload = _prove(evidence, lang)
        if payload is None:
            return self.message(request, 500, text=proof.signature)
        text, is_cut = pretty(payload, _DOCUMENT_MOST)
        return self._page(
            request,
            "machine.html",
            machine_id=machine_id,
            sheet=make_sheet(parse_payload(payload), evidence.received_at, lang),
            proof=proof,
            history=[_row(one, lang) for one in history],
            document=Listing(text),
            document_is_cut=is_cut,
        )

    def record(self, request: Request) -> Response:
        """The short address that `triage` prints: the first digits of a record's digest lead to its machine."""
        start = request.path_params["start"]
        with self._inventory.engine.connect() as connection:
            found = search.find_record(connection, self._tenant, start)
        if found is None:
            raise HTTPException(404)
        asked = request.query_params.get("lang")
        query = {"record": found.digest} | ({"lang": asked} if asked in ("fr", "en") else {})
        return RedirectResponse(f"/machines/{found.machine_id}?{urlencode(query)}", 303)

    def message(
        self, request: Request, status: int, headers: Mapping[str, str] | None = None, *, text: str = ""
    ) -> Response:
        """An error as a page."""
        lang = language_of(request)
        key = {404: "page-404", 405: "page-405"}.get(status, "page-error")
        text = text or word("page-404-text" if status == 404 else "page-error-text", lang)
        page = self._page(request, "message.html", status=status, heading=word(key, lang), text=text)
        page.headers.update(headers or {})
        return page

    def _page(self, request: Request, template: str, *, status: int = 200, **values: object) -> HTMLResponse:
        lang = language_of(request)
        asked = {"lang": lang} if "lang" in request.query_params else {}

        def here(path: str, **query: object) -> str:
            kept = {name: str(value) for name, value in query.items() if value} | asked
            return f"{path}?{urlencode(kept)}" if kept else path

        kept = {name: value for name, value in request.query_params.items() if name != "lang"}
        other = urlencode(kept | {"lang": "fr" if lang == "en" else "en"})
        body = self._templates.get_template(template).render(
            lang=lang,
            lang_asked=bool(asked),
            other_language=f"?{other}",
            t=lambda key, **told: word(key, lang, **told),
            counted=lambda key, count: counted(key, count, lang),
            signs=SIGNS,
            here=here,
            **values,
        )
        headers = {"Content-Language": lang, "Vary": "Accept-Language", "Cache-Control": "no-store"}
        return HTMLResponse(body, status, headers)


def language_of(request: Request) -> str:
    """French, unless the address asks for English or the browser prefers it."""
    asked = request.query_params.get("lang")
    if asked in ("fr", "en"):
        return asked
    preferred = []
    for part in request.headers.get("accept-language", "")[:500].split(","):
        name, _, weight = part.strip().partition(";q=")
        try:
            preferred.append((-float(weight or 1), name[:2].lower()))
        except ValueError:
            continue
    # sorted() keeps the order of equals: the first named wins.
    ranked = [name for _, name in sorted(preferred, key=lambda pair: pair[0]) if name in ("fr", "en")]
    return ranked[0] if ranked else "fr"


def _row(one: search.Listed, lang: str) -> dict[str, object]:
    """A listed machine with the words a reader sees."""
    return msgspec.structs.asdict(one) | {
        "title": shortened(" ".join(part for part in (one.maker, one.product) if part)),
        "serial": shortened(one.serial or "", 40),
        "received": read_aloud(one.received_at, lang),
    }


def _prove(evidence: search.Evidence, lang: str) -> tuple[Proof, bytes | None]:
    """Verify the stored bytes again, and say in words what the signature is worth today; no bytes when it broke."""
    payload, is_bad, signature = None, True, word("signed-broken", lang)
    with contextlib.suppress(EnvelopeError):
        opened = envelope.open_(evidence.raw, [envelope.public_key(evidence.public_key)])
        if opened.digest == evidence.digest:
            payload, is_bad = opened.payload, False
            signature = word("signed-by", lang, name=evidence.station)
    revoked_from = evidence.revoked_from_index
    if payload is not None and revoked_from is not None:
        is_bad = evidence.log_index >= revoked_from
        signature = word("signed-void" if is_bad else "signed-revoked", lang)
    proof = Proof(
        signature=signature,
        is_bad=is_bad,
        key_id=evidence.key_id,
        words=" ".join(fingerprint_words(evidence.public_key)),
        digest=evidence.digest,
        log_index=evidence.log_index,
    )
    return proof, payload


def _place(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 16 else None
