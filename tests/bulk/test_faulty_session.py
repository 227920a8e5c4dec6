"""Eight disks in one session, three of them faulty, behind the real kernel: five proven, three told."""

import contextlib
import errno
import json
import random
import secrets
from pathlib import Path

import pytest

from agent.claims import standing_of
from agent.cli import main
from tests.bulk.test_on_loops import MIB, Bench
from tests.wipe.fuse_rig import faulty_loop, needs_fuse

pytestmark = [pytest.mark.programs, needs_fuse]
OLD = random.Random(8).randbytes(8 * MIB)
UNWRITABLE = (40 * 512, 48 * 512)
DROPPED = (3 * MIB, 3 * MIB + 4096)


def test_five_proven_three_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tag = secrets.token_hex(4)
    with contextlib.ExitStack() as stack:
        bench = Bench(tmp_path, stack, *(8,) * 5)
        rigs = {}
        for name in ("worn", "liar", "dies"):
            folder = tmp_path / name
            folder.mkdir()
            _, rig = stack.enter_context(faulty_loop(folder, OLD, name=f"{name}{tag}"))
            rigs[name] = rig
            bench.images[f"{name}{tag}"] = rig.truth
        rigs["worn"].faults(fail_writes=[(*UNWRITABLE, errno.EIO)])
        rigs["liar"].faults(drops=[DROPPED])
        rigs["dies"].faults(die_at_write=20)
        code, out, err = bench.run("--session", bench.session(), "--unattended", "--json")
        assert code == 4, err
        lines = [json.loads(line) for line in out.splitlines()]
        ends = {line["serial"]: line["event"]["erasure"] for line in lines[:-1] if line["event"]["type"] == "ended"}
    outcomes = {serial.removesuffix(tag): one["outcome"] for serial, one in ends.items()}
    assert [outcomes.pop(name) for name in ("worn", "liar")] == ["cleared_with_exceptions", "failed"]
    assert outcomes.pop("dies") in ("failed", "interrupted")
    assert list(outcomes.values()) == ["cleared"] * 5
    # What is proven holds no old byte; what is not says where it may.
    for serial, image in bench.images.items():
        now = image.read_bytes()
        left = [at for at in range(0, len(now), 512) if now[at : at + 512] == OLD[at : at + 512]]
        if serial == f"worn{tag}":
            (extent,) = [one for one in ends[serial]["attempts"][0]["bad"] if one["problem"] == "mismatch"]
            assert left == list(range(*UNWRITABLE, 512))
            assert (extent["first_lba"], extent["sectors"]) == (40, 8)
        elif serial == f"liar{tag}":
            (extent,) = ends[serial]["attempts"][0]["bad"]
            assert left == list(range(*DROPPED, 512)) and extent["first_lba"] * 512 == DROPPED[0]
    # The manifest lists three exceptions with reasons; it and every record verify offline.
    (manifest,) = bench.manifests()
    assert {one.serial.removesuffix(tag) for one in manifest.exceptions if one.serial} == {"worn", "liar", "dies"}
    assert all(one.fr and one.en and one.rule for one in manifest.exceptions)
    (path,) = bench.home.sessions.iterdir()
    assert main(["verify", "--home", str(bench.home.root), "--lang", "en", str(path)]) == 0
    said = capsys.readouterr().out
    assert "8 disks approved, 5 erased" in said, said
    standings = [standing_of(record.erasures[0]) for record in bench.records()]
    assert standings.count("begun") >= 8 and standings.count("certificate") == 5


def test_a_liar_that_is_sound_again_is_believed_no_more(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with contextlib.ExitStack() as stack:
        bench = Bench(tmp_path, stack)
        liar = f"liar{secrets.token_hex(4)}"
        folder = tmp_path / "liar"
        folder.mkdir()
        _, rig = stack.enter_context(faulty_loop(folder, OLD, name=liar))
        rig.faults(drops=[DROPPED])
        assert bench.run("--disk", liar, typed=f"{liar}\n")[0] == 4
        rig.faults()
        assert main(["disks", "--virtual", "--home", str(bench.home.root)]) == 0
        assert "MENTEUR" in capsys.readouterr().out
        code, _, err = bench.run("--disk", liar, typed=f"{liar}\n")
        assert code == 4 and "a déjà menti" in err, err
        last = bench.records()[-1]
        (erasure,) = last.erasures
        assert erasure.attempts[0].result == "completed" and erasure.outcome == "not_proven"
        assert standing_of(erasure) == "failure"
        told = {why["rule"]: why["fix"] for why in last.verdicts[0]["reasons"]}
        assert "Détruire ce disque" in told["effacement-rate"]["fr"]
        assert [one.disks[0].state for one in bench.manifests()] == ["failed", "not_proven"]
