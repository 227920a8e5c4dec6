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
        after = {serial: image.read_bytes() for serial, image in bench.images.items()}
        # The liar again, sound this time: every byte is right, and it is believed no more.
        rigs["liar"].faults()
        liar = f"liar{tag}"
        code, _, err = bench.run("--disk", liar, typed=f"{liar}\n")
        assert code == 4 and "a déjà menti" in err, err
        last = [record for record in bench.records() if record.erasures[0].media.serial == liar][-1]
        assert last.erasures[0].outcome == "not_proven" and standing_of(last.erasures[0]) == "failure"
        told = {why["rule"]: why["fix"] for why in last.verdicts[0]["reasons"]}
        assert "Détruire ce disque" in told["effacement-rate"]["fr"]
        assert {disk.state for disk in bench.manifests()[-1].disks} == {"not_proven"}
        lines = [json.loads(line) for line in out.splitlines()]
        ends = {line["serial"]: line["event"]["erasure"] for line in lines[:-1] if line["event"]["type"] == "ended"}
    outcomes = {serial.removesuffix(tag): one["outcome"] for serial, one in ends.items()}
    assert [outcomes.pop(name) for name in ("worn", "liar")] == ["cleared_with_exceptions", "failed"]
    assert outcomes.pop("dies") in ("failed", "interrupted")
    assert list(outcomes.values()) == ["cleared"] * 5
    # What is proven holds no old byte; what is not says where it may.
    for serial, now in after.items():
        left = [at for at in range(0, len(now), 512) if now[at : at + 512] == OLD[at : at + 512]]
        if serial == f"worn{tag}":
            (extent,) = [one for one in ends[serial]["attempts"][0]["bad"] if one["problem"] == "mismatch"]
            assert left == list(range(*UNWRITABLE, 512))
            assert (extent["first_lba"], extent["sectors"]) == (40, 8)
        elif serial == f"liar{tag}":
            (extent,) = ends[serial]["attempts"][0]["bad"]
            assert left == list(range(*DROPPED, 512)) and extent["first_lba"] * 512 == DROPPED[0]
    # The manifest lists three exceptions with reasons; it and every record verify offline.
    manifest = next(one for one in bench.manifests() if one.count == 8)
    assert {one.serial.removesuffix(tag) for one in manifest.exceptions if one.serial} == {"worn", "liar", "dies"}
    assert all(one.fr and one.en and one.rule for one in manifest.exceptions)
    path = next(path for path in bench.home.sessions.iterdir() if manifest.id in path.name)
    assert main(["verify", "--home", str(bench.home.root), "--lang", "en", str(path)]) == 0
    said = capsys.readouterr().out
    assert "8 disks approved, 5 erased" in said, said
    standings = [standing_of(record.erasures[0]) for record in bench.records()]
    assert standings.count("begun") >= 8 and standings.count("certificate") == 5
