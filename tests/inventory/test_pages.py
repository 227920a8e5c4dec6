"""The pages: French first, every string of hardware escaped, nothing inline, a word for each verdict."""

import re
from html.parser import HTMLParser
from typing import Any

import msgspec
import pytest
from starlette.testclient import TestClient

from agent.checks.gate import complete
from agent.facts import Disk, LostDisk, Machine, System
from agent.inventory import desk
from agent.inventory.settings import Settings
from tests import erasures
from tests.checks.standing import all_passed, failed, passed
from tests.checks.test_gate import LAPTOP
from tests.inventory import JSON, VERDICTS, Station, made_up_machine

HOSTILE = "<script>alert(1)</script>\x1b[31m\u202egpj.exe\u200b =HYPERLINK(\"x\",'y')"


def store(client: TestClient, station: Station, number: int, **changes: Any) -> str:
    digest, raw = station.visit(number, **changes)
    answer = client.put(f"/api/v1/records/{digest}", content=raw, headers=JSON)
    assert answer.status_code == 201, answer.text
    return digest


def machine_links(page: str) -> list[str]:
    return list(dict.fromkeys(re.findall(r'href="(/machines/[0-9a-f]{64}[^"]*)"', page)))


class Tags(HTMLParser):
    """Every element and attribute of a page, and that they close."""

    VOID = frozenset({"meta", "link", "input", "br"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"</{tag}> closes nothing"


def check_page(page: str) -> None:
    """Well formed, and nothing a strict policy would have to forbid."""
    tags = Tags(page)
    assert not tags.open
    names = [tag for tag, _ in tags.found]
    assert "script" not in names and "style" not in names
    for _, attributes in tags.found:
        assert not [name for name in attributes if name.startswith("on") or name == "style"]
    assert names.count("h1") == 1 and names.count("main") == 1
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u200b-\u200f\u202a-\u202e\u2066-\u2069]", page)


def test_the_empty_list_says_what_to_do(client: TestClient) -> None:
    answer = client.get("/")
    assert answer.status_code == 200
    assert '<html lang="fr">' in answer.text
    assert "Aucun ordinateur pour le moment" in answer.text
    check_page(answer.text)


@pytest.mark.parametrize(
    ("address", "accepted", "lang"),
    [
        ("/", "", "fr"),
        ("/", "en-GB,en;q=0.9", "en"),
        ("/", "de, fr;q=0.8, en;q=0.5", "fr"),
        ("/", "de", "fr"),
        ("/", "en;q=wrong, ;;;", "fr"),
        ("/?lang=en", "fr", "en"),
        ("/?lang=fr", "en", "fr"),
        ("/?lang=xx", "", "fr"),
    ],
)
def test_the_language(client: TestClient, address: str, accepted: str, lang: str) -> None:
    answer = client.get(address, headers={"Accept-Language": accepted})
    assert f'<html lang="{lang}">' in answer.text
    assert answer.headers["content-language"] == lang


def test_the_list_and_the_machine_page(client: TestClient, station: Station) -> None:
    digest = store(client, station, 1)
    page = client.get("/").text
    for shown in ("Lenovo ThinkPad X230", "À réparer", "LR-0001", "MADEUP00001", "Collège Exemple", "9 mars 2026"):
        assert shown in page, shown
    check_page(page)
    machine = client.get(machine_links(page)[0]).text
    for shown in (
        "À réparer", "Le navigateur a besoin de 8 Gio.", "4 Gio", "≥ 8 Gio", "dmidecode", "Ajouter une barrette.",
        "environ 12 €", "Bon pour le don", "primtux", "Samsung SSD 850 EVO", "250 Go", "31 Wh", "50 %",
        "/sys/class/tpm", "Signée par le poste « Banc 1 »", digest, f"/api/v1/records/{digest}",
    ):  # fmt: skip
        assert shown in machine, shown
    check_page(machine)
    english = client.get(machine_links(page)[0] + "?lang=en").text
    assert "The browser needs 8 GiB." in english and "4 GiB" in english
    check_page(english)


@pytest.mark.parametrize("outcome", ["refurbish", "repair", "review", "recycle"])
def test_each_outcome_has_a_word_and_a_filter(client: TestClient, station: Station, outcome: str) -> None:
    words = {
        "refurbish": "Bon pour le don", "repair": "À réparer", "review": "À vérifier", "recycle": "À recycler",
    }  # fmt: skip
    kind = "recycling" if outcome == "recycle" else "refurbishable"
    store(client, station, 1, verdicts=({**VERDICTS[0], "outcome": outcome, "class": kind},))
    store(client, station, 2, verdicts=())
    page = client.get("/", params={"outcome": outcome}).text
    assert f"{words[outcome]} (1)" in page
    assert "LR-0001" in page and "LR-0002" not in page
    assert "Sans verdict" in client.get("/").text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("LR-0003", [3]),
        ("lr-0003 thinkpad", [3]),
        ("MADEUP00002", [2]),
        ("DISK00001", [1]),
        ("college", [1, 2, 3]),
        ("COLLÈGE x230", [1, 2, 3]),
        ("100%", []),
        ("_", []),
        ("' OR 1=1 --", []),
        ("\0", [1, 2, 3]),
        ("a" * 5000, []),
    ],
)
def test_the_search(client: TestClient, station: Station, query: str, found: list[int]) -> None:
    for number in (1, 2, 3):
        store(client, station, number)
    page = client.get("/", params={"q": query}).text
    assert [number for number in (1, 2, 3) if f"<td>LR-{number:04}</td>" in page] == found
    if not found:
        assert "Aucun ordinateur ne correspond." in page
    check_page(page)


def test_the_pages_of_a_long_list(client: TestClient, station: Station) -> None:
    for number in range(1, 61):
        store(client, station, number)
    first = client.get("/").text
    assert len(machine_links(first)) == 50
    older = re.search(r'rel="next" href="([^"]+)"', first)
    assert older
    second = client.get(older[1].replace("&amp;", "&")).text
    assert len(machine_links(second)) == 10
    assert not set(machine_links(first)) & set(machine_links(second))
    assert "Tous (60)" in second


@pytest.mark.parametrize("lang", ["fr", "en"])
@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("purged", (("effacé en profondeur (Purge)", "ATA SANITIZE, effacement des blocs", "relu à 100 %", "accepté",
                     "méthode essayée sur disques simulés seulement"),
                    ("purged (Purge)", "ATA SANITIZE, block erase", "100% read", "approved", "simulated disks only"))),
        ("cleared", (("effacé (Clear)", "relu à 100 %, juste à 100 %", "Clear (tout", "rien"),
                     ("cleared (Clear)", "100% right", "nothing"))),
        ("cleared_with_exceptions", (("effacé sauf des secteurs", "9 secteurs non prouvés", "refusé", "juste à 99,9 %"),
                                     ("cleared save some sectors", "9 sectors not proven", "rejected"))),
        ("not_proven", (("non prouvé", "relu à 9,9 %, juste à 9,9 %", "Relecture par sondage seulement"),
                        ("not proven", "9.9% read back", "sampling only"))),
        ("failed", (("raté",), ("failed",))),
        ("interrupted", (("interrompu", "rien n&#39;a été relu"), ("interrupted", "nothing was read back"))),
        ("begun", (("commencé, fin inconnue",), ("begun, end unknown",))),
    ],
)  # fmt: skip
def test_every_erasure_is_shown_no_stronger_than_it_is(
    client: TestClient, station: Station, lang: str, name: str, shown: tuple[tuple[str, ...], tuple[str, ...]]
) -> None:
    store(client, station, 1, kind="wipe", erasures=(erasures.EVERY[name](),))
    page = client.get(machine_links(client.get("/").text)[0] + f"?lang={lang}").text
    check_page(page)
    told = page.partition('id="erasures"')[2].partition("</section>")[0]
    for text in (*shown[lang == "en"], erasures.EVERY[name]().media.serial or ""):
        assert text in told, text
    assert ("effacé (Clear)" in told or "cleared (Clear)" in told) is (name == "cleared")


def test_an_overclaim_is_shown_as_one_and_hostile_words_stay_text(client: TestClient, station: Station) -> None:
    media = msgspec.structs.replace(erasures.HARD_DISK, model=HOSTILE, serial="S" * 5000)
    store(client, station, 1, erasures=(erasures.cleared(attempts=(), media=media),))
    page = client.get(machine_links(client.get("/").text)[0]).text
    check_page(page)
    told = page.partition('id="erasures"')[2].partition("</section>")[0]
    assert "non prouvé" in told and "la fiche se contredit" in told and "&lt;script&gt;" in told and len(told) < 4000
    store(client, station, 2)
    assert 'id="erasures"' not in client.get("/records/" + store(client, station, 3)[:16]).text


def hostile_machine() -> Machine:
    machine = made_up_machine(1)
    return msgspec.structs.replace(
        machine,
        system=System(maker=HOSTILE, product=HOSTILE, serial="S" * (1 << 20)),
        cpu=msgspec.structs.replace(machine.cpu, model_name=HOSTILE, flags=(HOSTILE,) * 500),
        disks=(Disk(name=HOSTILE, model=HOSTILE, serial=HOSTILE),) * 40,
    )


def test_hostile_strings_stay_text(client: TestClient, station: Station) -> None:
    reasons = [{"rule": HOSTILE, "outcome": HOSTILE, "fact": HOSTILE, "observed": {"<b>": [HOSTILE]}, "required": 3}]
    verdict = {
        "profile": HOSTILE, "outcome": "repair", "class": "refurbishable", "title": {"fr": HOSTILE},
        "reasons": [*reasons, "text", None], "fixes": [HOSTILE, {"fr": HOSTILE, "cost_eur": "x"}, 3],
    }  # fmt: skip
    digest = store(
        client, station, 1, machine=hostile_machine(), verdicts=(verdict,), sticker=HOSTILE[:70], lot=HOSTILE[:70]
    )
    page = client.get("/").text
    check_page(page)
    assert "&lt;script&gt;" in page
    machine = client.get(machine_links(page)[0])
    assert machine.status_code == 200
    check_page(machine.text)
    assert len(machine.text) < 1 << 20
    raw = client.get(f"/api/v1/records/{digest}")
    assert raw.headers["content-type"] == "application/json"
    assert raw.headers["x-content-type-options"] == "nosniff"
    assert raw.headers["content-disposition"].startswith("attachment")


@pytest.mark.parametrize("reasons", [None, {}, "x", [1], [{}]])
def test_a_verdict_of_another_shape_is_shown_as_far_as_known(
    client: TestClient, station: Station, reasons: object
) -> None:
    verdict = {"profile": "p", "outcome": "review", "class": "refurbishable", "reasons": reasons, "fixes": reasons}
    store(client, station, 1, verdicts=(verdict,))
    page = client.get(machine_links(client.get("/").text)[0])
    assert page.status_code == 200
    assert "À vérifier" in page.text


def test_an_unknown_is_not_told_as_a_fault(client: TestClient, station: Station) -> None:
    reason = {
        "rule": "size", "outcome": "review", "unknown": True, "fact": "disks[0].size_bytes", "observed": None,
        "operator": "at_least", "required": 10**11, "source": None, "recheck": "after-wipe",
        "because": {"fr": "Ce disque est trop petit."}, "told": {"fr": "On ne connaît pas la taille."},
    }  # fmt: skip
    verdict = {"profile": "p", "outcome": "review", "class": "refurbishable", "reasons": [reason], "fixes": []}
    store(client, station, 1, verdicts=(verdict,))
    page = client.get(machine_links(client.get("/").text)[0]).text
    assert "<strong>On ne connaît pas la taille. À juger de nouveau après l&#39;effacement.</strong>" in page
    assert "Disque sda" in page and "au moins 100 Go" in page and "inconnu" in page


def test_a_machine_without_any_fact(client: TestClient, station: Station) -> None:
    store(client, station, 1, machine=Machine(), verdicts=())
    page = client.get("/").text
    assert "Ordinateur sans nom" in page
    machine = client.get(machine_links(page)[0]).text
    assert "Pas regardé" in machine
    check_page(machine)


def test_the_history_of_a_machine(client: TestClient, station: Station) -> None:
    first = store(client, station, 1)
    store(client, station, 2, machine=made_up_machine(1))
    links = machine_links(client.get("/").text)
    assert len(links) == 1
    assert f"record={first}" in client.get(links[0]).text
    assert "LR-0001" in client.get(f"{links[0]}?record={first}").text
    assert client.get(f"{links[0]}?record={'0' * 64}").status_code == 404


def test_the_short_address_of_a_record(client: TestClient, station: Station) -> None:
    store(client, station, 1)
    digest = store(client, station, 2, machine=made_up_machine(1))
    answer = client.get(f"/records/{digest[:16]}", follow_redirects=False)
    assert answer.status_code == 303
    assert answer.headers["location"].endswith(f"?record={digest}")
    assert "LR-0002" in client.get(f"/records/{digest[:16]}").text
    code = digest[:12].upper()  # as the label has it
    for written in (code, f"REBOND:{code}"):
        assert client.get(f"/records/{written}", follow_redirects=False).status_code == 303
    for start in ("0" * 16, digest[:7], digest + "0", digest[:15] + "%"):
        assert client.get(f"/records/{start}").status_code == 404


def test_the_search_takes_a_label_s_code(client: TestClient, station: Station) -> None:
    """Also that of an earlier record: the label stays on the PC while it is checked and wiped."""
    first, other = store(client, station, 2), store(client, station, 3)
    store(client, station, 4, machine=made_up_machine(2), sticker="LR-0002")
    code = first[:12].upper()
    for asked in (code, f"REBOND:{code}", f"REBOND:{code} LR-0002"):
        page = client.get("/", params={"q": asked}).text
        assert len(machine_links(page)) == 1 and "LR-0002" in page, asked
    for asked in (f"REBOND:{other[:12]} LR-0002", "REBOND:000000000000"):
        assert not machine_links(client.get("/", params={"q": asked}).text)


def test_what_waits_is_announced(client: TestClient, station: Station) -> None:
    stranger = Station(9)
    digest, raw = stranger.visit(1)
    client.put(f"/api/v1/records/{digest}", content=raw, headers=JSON)
    assert "1 fiche est en quarantaine" in client.get("/").text


@pytest.mark.parametrize("from_index", [0, 1])
def test_a_revoked_key_is_said(client: TestClient, station: Station, settings: Settings, from_index: int) -> None:
    store(client, station, 1)
    desk.revoke(settings, station.key_id, from_index)
    page = client.get(machine_links(client.get("/").text)[0]).text
    assert ("ne compte plus" in page) == (from_index == 0)
    assert ("compte encore" in page) == (from_index == 1)


def test_bytes_that_changed_are_said(client: TestClient, station: Station) -> None:
    from sqlalchemy import update

    from agent.inventory.database import write
    from agent.inventory.schema import envelopes

    store(client, station, 1)
    with write(client.app.state.inventory.engine) as connection:  # type: ignore[attr-defined]  # Starlette's state
        connection.execute(update(envelopes).values(raw=b"{}"))
    page = client.get(machine_links(client.get("/").text)[0])
    assert page.status_code == 500
    assert "MAUVAISE" in page.text


@pytest.mark.parametrize(
    "address", ["/nothing", "/machines/x", "/machines/" + "0" * 64, "/static/../app.py", "/static/"]
)
def test_an_unknown_page_is_said_in_french(client: TestClient, address: str) -> None:
    answer = client.get(address)
    assert answer.status_code == 404
    assert "Page introuvable" in answer.text
    check_page(answer.text)


def test_a_page_is_only_read(client: TestClient) -> None:
    answer = client.post("/")
    assert answer.status_code == 405
    check_page(answer.text)


def test_nothing_may_run_in_a_page(client: TestClient) -> None:
    for address in ("/", "/nothing", "/api/v1/health", "/static/rebond.css"):
        policy = client.get(address).headers["content-security-policy"]
        assert "default-src 'none'" in policy and "unsafe" not in policy and "frame-ancestors 'none'" in policy


def _luminance(colour: str) -> float:
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(
    ("ink", "ground"),
    [
        ("ink", "paper"), ("ink", "ground"), ("soft", "paper"), ("soft", "ground"),
        ("link", "paper"), ("link", "ground"),
        ("green", "green-bg"), ("amber", "amber-bg"), ("blue", "blue-bg"), ("red", "red-bg"), ("green", "paper"),
        ("amber", "paper"), ("blue", "paper"), ("red", "paper"), ("paper", "link"),
    ],
)  # fmt: skip
def test_the_contrast_is_enough(client: TestClient, ink: str, ground: str) -> None:
    colours = dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", client.get("/static/rebond.css").text))
    light, dark = sorted((_luminance(colours[ink]), _luminance(colours[ground])), reverse=True)
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def test_the_page_says_which_word_a_label_may_carry(client: TestClient, station: Station) -> None:
    missing = passed("fan", fr="Tourne.", note=HOSTILE, failed_before=2)
    store(client, station, 1, checks=(missing, failed("screen")))
    page = client.get(machine_links(client.get("/").text)[0]).text
    check_page(page)
    told = page.partition('id="checks"')[2].partition("</section>")[0]
    assert "<strong>testé</strong>" in told and "Écran : raté." in told and "raté 2 fois avant" in told
    assert "&lt;script&gt;" in told and "<strong>reconditionné" not in told
    machine = msgspec.structs.replace(LAPTOP, system=System(maker="Exemple", serial="EX4MPLE99", chassis="laptop"))
    good = store(
        client,
        station,
        2,
        machine=machine,
        checks=all_passed(machine),
        verdicts=(VERDICTS[0] | {"outcome": "refurbish"},),
    )
    page = client.get(f"/records/{good[:16]}").text
    assert "<strong>reconditionné</strong>" in page and "Ce qui manque" not in page
    assert 'id="checks"' not in client.get("/records/" + store(client, station, 3)[:16]).text


@pytest.mark.parametrize("is_out", [False, True])
def test_a_lost_disk_is_named_until_it_is_out(client: TestClient, station: Station, is_out: bool) -> None:
    lost = LostDisk(name=f"WD5000 WD-A {HOSTILE}", erasure="interrupted", erasure_digest="ab" * 32, is_taken_out=is_out)
    machine = msgspec.structs.replace(LAPTOP, lost_disks=(lost,))
    good = (VERDICTS[0] | {"outcome": "refurbish"},)
    digest = store(client, station, 1, machine=machine, checks=complete(machine, all_passed(machine)), verdicts=good)
    page = client.get(f"/records/{digest[:16]}").text
    check_page(page)
    assert ("<strong>reconditionné</strong>" in page) is is_out
    assert ("ne répond plus : retirez-le du PC" in page) is not is_out
    assert "Disques disparus" in page and "Sorti du PC" in page
