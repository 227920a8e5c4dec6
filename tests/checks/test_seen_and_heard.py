"""Screen, camera, sound, USB, battery: made devices, made files, and a person who answers."""

import math
import struct
import threading
from array import array
from pathlib import Path
from typing import Any

import pytest

from agent.checks.camera import judge_luma
from agent.checks.devices import KernelDevices
from agent.checks.pcm import RATE_HZ, level_centibel, tone
from agent.checks.running import Answer, Event, Question
from agent.checks.screen import COLOURS, Geometry, geometry_of, picture, show
from agent.host import Host, Output
from tests.checks.made import Clock, Programs, made, measured, run, says
from tests.checks.made_devices import GREY, MadeCamera, MadeDevices, grey, yuyv

# --- screen -----------------------------------------------------------------------------------------------------------


def fb(bits: int = 32, line: int = 0, width: int = 4, height: int = 3) -> tuple[bytes, bytes]:
    places = {32: ((16, 8), (8, 8), (0, 8)), 24: ((16, 8), (8, 8), (0, 8)), 16: ((11, 5), (5, 6), (0, 5))}
    channels = b"".join(struct.pack("@III", *place, 0) for place in places.get(bits, places[32]))
    variable = (struct.pack("@8I", width, height, width, height, 0, 0, bits, 0) + channels).ljust(160, b"\0")
    fixed = bytearray(80)
    struct.pack_into("@I", fixed, 48, line or width * bits // 8)
    return variable, bytes(fixed)


def test_a_screen_of_one_colour_in_the_framebuffer_s_own_bytes() -> None:
    assert picture(geometry_of(*fb()), COLOURS["red"]) == b"\0\0\xff\0" * 12
    assert picture(geometry_of(*fb(24)), COLOURS["green"]) == b"\0\xff\0" * 12
    assert picture(geometry_of(*fb(16)), COLOURS["white"]) == b"\xff\xff" * 12
    assert picture(geometry_of(*fb(16)), COLOURS["blue"]) == b"\x1f\0" * 12
    padded = picture(geometry_of(*fb(line=20)), COLOURS["blue"])
    assert padded == (b"\xff\0\0\0" * 4 + b"\0" * 4) * 3
    assert geometry_of(*fb(line=20)) == Geometry(
        width_px=4, height_px=3, bits=32, line_bytes=20, red=(16, 8), green=(8, 8), blue=(0, 8)
    )


@pytest.mark.parametrize("bad", [fb(8), fb(line=3), fb(width=0), fb(height=1 << 20)])
def test_a_framebuffer_that_makes_no_sense_is_left_alone(bad: tuple[bytes, bytes]) -> None:
    with pytest.raises(ValueError, match="framebuffer"):
        geometry_of(*bad)


def test_without_a_framebuffer_nothing_is_shown() -> None:
    assert show(MadeDevices(), "red") is False


def test_five_colours_are_asked_and_one_bad_one_fails(tmp_path: Path) -> None:
    asked: list[Event] = []
    assert run("screen", tmp_path, answers=("ok",) * 5, watch=asked.append).outcome == "passed"
    assert [event.colour for event in asked if isinstance(event, Question)] == list(COLOURS)
    found = run("screen", tmp_path, answers=("ok", "bad"))
    assert (found.outcome, found.by) == ("failed", "person") and found.measured[0].about == "green"
    assert run("screen", tmp_path, answers=("ok", "skip")).outcome == "not_tested"


# --- camera -----------------------------------------------------------------------------------------------------------


def seen(root: Path, *answers: Answer, **cameras: MadeCamera) -> Any:
    for name in cameras:
        made(root, {f"/sys/class/video4linux/{name}/name": "x"})
    devices = MadeDevices(**cameras)
    found = run("camera", root, devices=devices, answers=answers)
    assert devices.open_now == {}
    return found


def test_a_real_picture_passes_once_the_dark_first_frames_are_over(tmp_path: Path) -> None:
    camera = MadeCamera(pictures=[yuyv(16)] * 4 + [yuyv(60, 200)] * 8)
    found = seen(tmp_path, video0=camera, video1=MadeCamera(own=0x04A00000))
    assert found.outcome == "passed" and "Integrated Camera" in found.fr and camera.streaming == [True, False]


@pytest.mark.parametrize(
    ("pictures", "said"),
    [
        ([yuyv(16)] * 20, "noire"),
        ([yuyv(120)] * 20, "unie"),
        ([yuyv(128)] + [yuyv(14, 24)] * 19, "noire"),
        ([], "ne donne pas d'image"),
    ],
)
def test_black_even_or_no_picture_fails(tmp_path: Path, pictures: list[bytes], said: str) -> None:
    found = seen(tmp_path, video0=MadeCamera(pictures=pictures))
    assert found.outcome == "failed" and said in found.fr


def test_a_second_dark_camera_and_a_closed_node_take_nothing_away(tmp_path: Path) -> None:
    infrared = MadeCamera(name="IR", bus="usb-2", code=GREY, pictures=[grey(3)] * 20)
    made(tmp_path, {"/sys/class/video4linux/video9/name": "closed"})
    found = seen(tmp_path, video0=infrared, video2=MadeCamera(pictures=[yuyv(60, 200)] * 9))
    assert found.outcome == "passed" and found.fr == "Une vraie image est venue : Integrated Camera."


@pytest.mark.parametrize("infrared", [{"name": "Integrated IR Camera"}, {"code": GREY}])
def test_an_infrared_camera_is_no_camera_for_a_call(tmp_path: Path, infrared: Any) -> None:
    """It shares the bus of the one beside it."""
    faces = MadeCamera(pictures=[yuyv(60, 200)] * 20, **infrared)
    dead = MadeCamera(pictures=[yuyv(16)] * 20)
    assert seen(tmp_path, video0=dead, video2=faces).outcome == "failed"
    faces.pictures = [yuyv(60, 200)] * 20
    alone = seen(tmp_path, video2=faces)
    assert alone.outcome == "not_tested" and "infrarouge" in alone.fr


def plugged_in(root: Path, name: str, is_removable: bool) -> None:
    made(root, {f"/sys/devices/usb1/{name}/removable": "removable\n" if is_removable else "fixed\n",
                f"/sys/devices/usb1/{name}/{name}:1.0/uevent": ""})  # fmt: skip
    made(root, {f"/sys/class/video4linux/{name}/name": "x"})
    link(root, f"/sys/class/video4linux/{name}/device", f"/sys/devices/usb1/{name}/{name}:1.0")


def test_the_workshop_s_webcam_sees_for_nobody_else(tmp_path: Path) -> None:
    plugged_in(tmp_path, "video0", is_removable=False)
    plugged_in(tmp_path, "video2", is_removable=True)

    def webcam() -> MadeCamera:
        return MadeCamera(name="Logitech C920", bus="usb-0000:00:14.0-1", pictures=[yuyv(60, 200)] * 20)

    assert seen(tmp_path, video0=MadeCamera(pictures=[yuyv(16)] * 20), video2=webcam()).outcome == "failed"
    untold = {"video4": MadeCamera(bus="usb-4", pictures=[yuyv(16)] * 20), "video6": webcam()}
    assert seen(tmp_path, "bad", **untold).outcome == "failed"  # where no BIOS says which is which
    for answer, outcome in (("bad", "failed"), ("ok", "passed"), ("skip", "not_tested")):
        # The PC's own is dead to the kernel, or its BIOS calls the port a socket.
        assert seen(tmp_path, answer, video2=webcam()).outcome == outcome  # type: ignore[arg-type]


def test_a_camera_that_another_program_has_is_no_dead_one(tmp_path: Path) -> None:
    made(tmp_path, {"/sys/class/video4linux/video0/name": "x"})
    found = run("camera", tmp_path, devices=MadeDevices())
    assert found.outcome == "not_tested" and "ne s'ouvre pas" in found.fr
    assert run("camera", tmp_path / "none", devices=MadeDevices()).outcome == "failed"


def test_a_compressed_picture_is_not_judged(tmp_path: Path) -> None:
    mjpeg = int.from_bytes(b"MJPG", "little")
    assert seen(tmp_path, video0=MadeCamera(code=mjpeg, pictures=[b"\xff\xd8"] * 20)).outcome == "not_tested"


def test_brightness_and_contrast_are_counted() -> None:
    assert judge_luma(b"") == (0, 0)
    assert judge_luma(bytes([50, 150]) * 500) == (100, 100)
    assert judge_luma(bytes([100]) * 990 + bytes([255]) * 10) == (101, 0)  # some hot pixels are no picture


# --- sound ------------------------------------------------------------------------------------------------------------

PCM = {
    "/proc/asound/pcm": "00-03: HDMI 0 : HDMI 0 : playback 1\n01-00: ALC3226 Analog : ALC : playback 1 : capture 1\n"
}


def noise(amplitude: int, seconds: float = 3.0) -> bytes:
    return array("h", [amplitude if place % 2 else -amplitude for place in range(int(RATE_HZ * seconds * 2))]).tobytes()


def test_the_level_of_what_was_heard() -> None:
    assert (
        level_centibel(b"") == level_centibel(bytes(100)) == level_centibel(array("h", [900] * 99).tobytes()) == -1000
    )
    assert level_centibel(noise(32767, 0.1)) == 0 and level_centibel(noise(3277, 0.1)) == -200
    wav = tone(440, 0.5, left=True, right=False)
    assert wav[:4] == b"RIFF" and struct.unpack_from("<I", wav, 4)[0] == len(wav) - 8
    samples = array("h", wav[44:])
    assert max(samples[::2]) > 16_000 and not any(samples[1::2]) and samples[0] == 0
    assert math.isclose(len(samples) / 2 / RATE_HZ, 0.5)


def test_tones_on_the_pc_s_own_speakers_and_ears(tmp_path: Path) -> None:
    made(tmp_path, PCM)
    programs = Programs(aplay=says(), amixer=says("", 1))
    assert run("speakers", tmp_path, programs, answers=("ok",)).outcome == "passed"
    played = [argv for argv in programs.asked if argv[0] == "aplay"]
    assert len(played) == 2 and all(argv[3] == "plughw:1,0" for argv in played)  # never into a monitor's cable
    assert not Path(played[0][-1]).exists()
    assert run("speakers", tmp_path, programs, answers=("bad",)).outcome == "failed"


def test_a_tool_or_a_card_that_refuses_says_nothing_of_the_speakers(tmp_path: Path) -> None:
    made(tmp_path, PCM)
    assert "tool-missing" in run("speakers", tmp_path).fr
    busy = Programs(aplay=lambda argv: Output(argv=argv, status=1, stderr=b"aplay: Device or resource busy\n"))
    found = run("speakers", tmp_path, busy)
    assert found.outcome == "not_tested" and "busy" in found.fr


@pytest.mark.parametrize("name", ["speakers", "microphone"])
def test_where_only_a_monitor_s_cable_answers_the_person_says_what_there_is(tmp_path: Path, name: str) -> None:
    made(tmp_path, {"/proc/asound/pcm": "00-03: HDMI 0 : HDMI 0 : playback 1\n"})
    assert run(name, tmp_path, answers=("bad",)).outcome == "failed"
    found = run(name, tmp_path, answers=("absent",))
    assert (found.outcome, found.by) == ("not_applicable", "person")


def test_not_ready_to_speak_is_no_deaf_microphone(tmp_path: Path) -> None:
    made(tmp_path, PCM)
    asked: list[Event] = []
    assert run("microphone", tmp_path, heard(20, 2000), answers=("skip",), watch=asked.append).outcome == "not_tested"
    assert [one.answers for one in asked if isinstance(one, Question)] == [("ok", "skip", "absent")]


def heard(quiet: int, loud: int) -> Programs:
    takes = iter([noise(quiet), noise(loud)])
    return Programs(arecord=lambda argv: Output(argv=argv, status=0, stdout=next(takes)))


def test_a_microphone_hears_the_voice(tmp_path: Path) -> None:
    made(tmp_path, PCM)
    found = run("microphone", tmp_path, heard(20, 2000), answers=("ok",))
    assert (found.outcome, found.by) == ("passed", "machine") and measured(found) == {"loud": -243, "quiet": -643}


@pytest.mark.parametrize(("quiet", "loud"), [(0, 0), (0, 4), (2000, 2100)])
def test_silence_or_a_hum_is_no_voice(tmp_path: Path, quiet: int, loud: int) -> None:
    made(tmp_path, PCM)
    assert run("microphone", tmp_path, heard(quiet, loud), answers=("ok", "ok")).outcome == "failed"
    assert run("microphone", tmp_path, heard(quiet, loud), answers=("ok", "bad")).outcome == "not_tested"


# --- USB --------------------------------------------------------------------------------------------------------------

HUBS = "/sys/bus/usb/devices"


def link(root: Path, place: str, target: str) -> None:
    (root / place.lstrip("/")).symlink_to(root / target.lstrip("/"))


def ports(root: Path) -> None:
    for hub, port, kind in (("1-0:1.0", "usb1-port1", "hotplug"), ("1-0:1.0", "usb1-port2", "hotplug"),
                            ("2-0:1.0", "usb2-port1", "hotplug"), ("1-0:1.0", "usb1-port3", "hardwired")):  # fmt: skip
        made(root, {f"{HUBS}/{hub}/{port}/connect_type": f"{kind}\n"})
    for own, peer in (("1-0:1.0/usb1-port1", "2-0:1.0/usb2-port1"), ("2-0:1.0/usb2-port1", "1-0:1.0/usb1-port1")):
        link(root, f"{HUBS}/{own}/peer", f"{HUBS}/{peer}")
    made(root, {f"{HUBS}/1-3/bDeviceClass": "0e\n"})
    link(root, f"{HUBS}/1-0:1.0/usb1-port3/device", f"{HUBS}/1-3")


def plug(root: Path, port: str, name: str, kind: str = "00") -> None:
    made(root, {f"{HUBS}/{name}/bDeviceClass": f"{kind}\n"})
    link(root, f"{HUBS}/{port}/device", f"{HUBS}/{name}")


def test_each_socket_counts_once_and_inner_devices_never(tmp_path: Path) -> None:
    ports(tmp_path)
    plug(tmp_path, "2-0:1.0/usb2-port1", "2-1")
    found = run("usb-ports", tmp_path, answers=("ok", "bad"))
    assert measured(found)["ports-seen"] == 1 and measured(found)["ports-listed"] == 2 and found.outcome == "failed"
    plug(tmp_path, "1-0:1.0/usb1-port1", "1-1")  # the same socket, by its other half
    plug(tmp_path, "1-0:1.0/usb1-port2", "1-2", kind="09")  # a hub
    made(tmp_path, {f"{HUBS}/1-0:1.0/usb1-port4/connect_type": "unknown\n", f"{HUBS}/1-4/removable": "fixed\n"})
    plug(tmp_path, "1-0:1.0/usb1-port4", "1-4", kind="0e")
    assert measured(run("usb-ports", tmp_path, answers=("ok", "ok")))["ports-seen"] == 1


def test_the_workshop_s_hub_has_no_socket_of_the_pc(tmp_path: Path) -> None:
    """The socket that it hangs on is one; those of a hub inside the PC are too."""
    ports(tmp_path)
    plug(tmp_path, "1-0:1.0/usb1-port2", "1-2", kind="09")
    made(tmp_path, {f"{HUBS}/1-2/removable": "removable\n", f"{HUBS}/1-2.1/removable": "unknown\n"})
    made(tmp_path, {f"{HUBS}/{hub}:1.0/{hub}-port3/connect_type": "unknown\n" for hub in ("1-2", "1-2.1", "1-4")})
    plug(tmp_path, "1-2:1.0/1-2-port3", "1-2.3")
    plug(tmp_path, "1-2.1:1.0/1-2.1-port3", "1-2.1.3")
    plug(tmp_path, "1-4:1.0/1-4-port3", "1-4.3")
    found = run("usb-ports", tmp_path, answers=("ok", "ok"))
    assert [one.about for one in found.measured if one.name == "port"] == ["1-4-port3", "usb1-port2"]


def test_skipping_is_skipping(tmp_path: Path) -> None:
    ports(tmp_path)
    plug(tmp_path, "1-0:1.0/usb1-port2", "1-2")
    asked: list[Event] = []
    found = run("usb-ports", tmp_path, answers=("skip", "ok"), watch=asked.append)
    assert found.outcome == "not_tested" and sum(isinstance(one, Question) for one in asked) == 1


def test_a_stick_that_was_plugged_and_pulled_was_seen(tmp_path: Path) -> None:
    ports(tmp_path)
    moved = threading.Event()

    def move(event: Event) -> None:
        if isinstance(event, Question) and not moved.is_set():
            plug(tmp_path, "1-0:1.0/usb1-port2", "1-2")
            moved.set()

    found = run("usb-ports", tmp_path, answers=("ok", "ok"), watch=move)
    assert found.outcome == "passed" and measured(found)["ports-seen"] == 1


def test_no_reaction_is_not_tested_and_unlisted_ports_are_for_eyes(tmp_path: Path) -> None:
    assert run("usb-ports", tmp_path, answers=("ok",)).outcome == "passed"
    ports(tmp_path)
    assert run("usb-ports", tmp_path, answers=("ok",)).outcome == "not_tested"


# --- battery ----------------------------------------------------------------------------------------------------------

SUPPLY = "/sys/class/power_supply"


def battery(root: Path, percent: int, status: str = "Discharging", online: str = "0", name: str = "BAT0") -> None:
    made(root, {
        f"{SUPPLY}/{name}/type": "Battery\n", f"{SUPPLY}/{name}/capacity": f"{percent}\n",
        f"{SUPPLY}/{name}/status": f"{status}\n", f"{SUPPLY}/{name}/energy_now": f"{percent}0000000\n"[:-2] + "\n",
        f"{SUPPLY}/AC/type": "Mains\n", f"{SUPPLY}/AC/online": f"{online}\n",
        f"{SUPPLY}/mouse/type": "Battery\n", f"{SUPPLY}/mouse/scope": "Device\n", f"{SUPPLY}/mouse/capacity": "3\n",
    })  # fmt: skip


@pytest.fixture(autouse=True)
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.checks.discharge._EVERY_S", 0.0)


def falling(root: Path, points: int) -> Any:
    left = [90]

    def fall(event: Event) -> None:
        left[0] -= points
        battery(root, left[0])

    return fall


def test_twenty_minutes_without_a_jump_pass(tmp_path: Path) -> None:
    battery(tmp_path, 90)
    found = run("battery", tmp_path, monotonic=Clock(30), watch=falling(tmp_path, 1))
    assert found.outcome == "passed" and "20 minutes" in found.fr
    assert measured(found)["from"] == 90 and measured(found)["to"] < 90 and measured(found)["used"] > 0


def test_a_jump_is_a_bad_cell_even_in_the_second_battery(tmp_path: Path) -> None:
    battery(tmp_path, 90)
    found = run("battery", tmp_path, monotonic=Clock(20), watch=falling(tmp_path, 4))
    assert found.outcome == "failed" and "en une minute" in found.fr
    battery(tmp_path, 90)
    battery(tmp_path, 90, name="BAT1")
    assert run("battery", tmp_path, monotonic=Clock(20), watch=falling(tmp_path, 4)).outcome == "failed"


def test_what_did_not_happen_on_battery_proves_nothing(tmp_path: Path) -> None:
    assert run("battery", tmp_path).outcome == "failed"  # no battery answers, where one should
    battery(tmp_path, 90, "Charging", online="1")
    assert "Débranchez" in run("battery", tmp_path, monotonic=Clock(30)).fr
    battery(tmp_path, 45)  # sound, it would be under a tenth in the end
    assert "Chargez" in run("battery", tmp_path, monotonic=Clock(30)).fr
    battery(tmp_path, 90)
    found = run("battery", tmp_path, monotonic=Clock(30), watch=lambda event: battery(tmp_path, 90, "Charging", "1"))
    assert found.outcome == "not_tested" and "rebranché" in found.fr
    battery(tmp_path, 90)
    assert run("battery", tmp_path, monotonic=Clock(10), short=True).outcome == "not_tested"


class Hiding(Host):
    """A PC whose first battery does not answer these looks."""

    def __init__(self, root: Path, looks: range) -> None:
        super().__init__(root, Programs())
        self.looks, self.asked = looks, -1

    def text(self, path: str) -> str | None:
        if path == f"{SUPPLY}/BAT0/capacity":
            self.asked += 1
            return None if self.asked in self.looks else super().text(path)
        return super().text(path)


@pytest.mark.parametrize(
    ("looks", "outcome"), [(range(1), "passed"), (range(9, 11), "passed"), (range(9, 90), "failed")]
)
def test_one_silent_look_accuses_no_battery(tmp_path: Path, looks: range, outcome: str) -> None:
    battery(tmp_path, 95)
    battery(tmp_path, 60, name="BAT1")  # it must not be taken for the first one, and 35 points lost
    found = run("battery", tmp_path, monotonic=Clock(30), host=Hiding(tmp_path, looks))
    assert found.outcome == outcome and (outcome == "passed" or "disparu" in found.fr)


def test_a_wipe_that_begins_ends_it(tmp_path: Path) -> None:
    battery(tmp_path, 90)
    looks = iter([False, False, True, True, True])
    found = run("battery", tmp_path, monotonic=Clock(10), is_wiping=lambda: next(looks))
    assert found.outcome == "not_tested" and "effacement" in found.fr


# --- the door to devices ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/dev/sda", "/dev/nvme0n1", "/dev/video/../sda", "/dev/mem", "/etc/passwd"])
def test_no_disk_opens_by_this_door(path: str) -> None:
    with pytest.raises(PermissionError, match="no device of a check"):
        KernelDevices().open(path, writing=True)
