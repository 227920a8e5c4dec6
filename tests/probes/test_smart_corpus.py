"""Every SMART answer of the corpus, and how often others read the same in it."""

import json
from pathlib import Path

import pytest

from agent.host import Output
from agent.probes import disk_health
from agent.probes.nvme import parse_id_ctrl, parse_smart_log
from agent.probes.smart import parse_smart_json
from agent.probes.smart_text import parse_smart_text
from tests.conftest import CORPUS, corpus_files, over_corpus
from tests.oracles import Agreement, smart

SMART = corpus_files("smart-text", "smart-json")
needs_corpus = pytest.mark.skipif(not SMART, reason="no corpus beside this checkout (../shared/corpus/smart-text)")


@needs_corpus
@pytest.mark.parametrize("tenth", range(10))
def test_every_answer_is_facts_or_gaps(tenth: int) -> None:
    for path in SMART[tenth::10]:
        report = disk_health.read(Output(argv=("smartctl", path.name), stdout=path.read_bytes()), "sda")
        assert report.has_answer or report.gaps, path
        for gap in report.gaps:
            assert gap.source == f"smartctl {path.name}", path
            assert len(gap.detail) <= 300, path
        if "=== START OF INFORMATION SECTION ===" in path.read_text("latin-1"):
            assert report.disk.model, path
        json.dumps(report.disk.size_bytes)


@needs_corpus
def test_either_reader_takes_what_is_meant_for_the_other() -> None:
    for path in SMART[::25]:
        for parse in (parse_smart_json, parse_smart_text):
            report = parse(path.read_bytes(), "sda")
            assert report.has_answer or report.gaps


@over_corpus("nvme-json")
def test_nvme_cli(path: Path) -> None:
    text = path.read_text()
    told = parse_smart_log(text) or parse_id_ctrl(text)
    assert bool(told) == ("smart-log" in path.name or "id-ctrl" in path.name)


@needs_corpus
@pytest.mark.parametrize(
    ("oracle", "permille"),
    [(smart.pysmart, 999), (smart.columns, 999), (smart.keys, 999), (smart.exit_bits, 1000), (smart.filing, 990)],
)
def test_others_read_the_same(oracle: object, permille: int) -> None:
    found: Agreement = oracle(CORPUS)  # type: ignore[operator]
    assert found.fields > 100
    assert found.permille >= permille, found.residues[:20]


@needs_corpus
def test_all_together() -> None:
    assert smart.agreement(CORPUS).permille >= 995
