"""lscpu text in every dress: old and new sizes, languages, wrapped lines, BSD, clusters."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agent.facts import Cpu
from agent.probes.cpu import derived
from agent.probes.lscpu import parse_lscpu
from tests.conftest import over_corpus

FLAGS = "fpu vme de pse tsc msr pae cx8 cmov mmx fxsr sse sse2 ht syscall nx lm pni"


def read(text: str) -> Cpu:
    cpu = parse_lscpu(text)
    assert cpu is not None
    return cpu


# The same PC as lscpu tells it in five languages (wording as their users print it; no line of theirs is copied).
LANGUAGES = {
    "en": ("Architecture:", "CPU op-mode(s):", "CPU(s):", "Thread(s) per core:", "Core(s) per socket:", "Socket(s):",
           "Vendor ID:", "CPU family:", "Model:", "Model name:", "Stepping:", "CPU max MHz:", "Virtualization:",
           "L2 cache:", "Flags:"),
    "fr": ("Architecture :", "Mode(s) opératoire(s) des processeurs :", "Processeur(s) :", "Thread(s) par cœur :",
           "Cœur(s) par socket :", "Socket(s) :", "Identifiant constructeur :", "Famille de processeur :", "Modèle :",
           "Nom de modèle :", "Révision :", "Vitesse maximale du processeur en MHz :", "Virtualisation :",
           "Cache L2 :", "Drapaux :"),
    "es": ("Arquitectura:", "modo(s) de operación de las CPUs:", "CPU(s):", "Hilo(s) de procesamiento por núcleo:",
           "Núcleo(s) por «socket»:", "«Socket(s)»", "ID de fabricante:", "Familia de CPU:", "Modelo:",
           "Nombre del modelo:", "Revisión:", "CPU MHz máx.:", "Virtualización:", "Caché L2:", "Indicadores:"),
    "de": ("Architektur:", "CPU Operationsmodus:", "CPU(s):", "Thread(s) pro Kern:", "Kern(e) pro Sockel:", "Sockel:",
           "Anbieterkennung:", "Prozessorfamilie:", "Modell:", "Modellname:", "Stepping:",
           "Maximale Taktfrequenz der CPU:", "Virtualisierung:", "L2 Cache:", "Markierungen:"),
    "ru": ("Архитектура:", "CPU op-mode(s):", "CPU(s):", "Потоков на ядро:", "Ядер на сокет:", "Сокетов:",
           "ID прроизводителя:", "Семейство ЦПУ:", "Модель:", "Имя модели:", "Степпинг:", "CPU max MHz:",
           "Виртуализация:", "L2 cache:", "Флаги:"),
    "zh": ("架构：", "CPU 运行模式：", "CPU:", "每个核的线程数：", "每个座的核数：", "座：", "厂商 ID：", "CPU 系列：",
           "型号：", "型号名称：", "步进：", "CPU 最大 MHz：", "虚拟化：", "L2 缓存：", "标记："),
}  # fmt: skip
VALUES = ("x86_64", "32-bit, 64-bit", "8", "2", "4", "1", "GenuineIntel", "6", "94",
          "Intel(R) Core(TM) i7-6700 CPU @ 3.40GHz", "3", "4000,0000", "VT-x",
          "1 MiB (4 instances)", FLAGS)  # fmt: skip


@pytest.mark.parametrize("keys", LANGUAGES.values(), ids=LANGUAGES.keys())
def test_languages(keys: tuple[str, ...]) -> None:
    cpu = read("\n".join(f"{key:<40} {value}" for key, value in zip(keys, VALUES, strict=True)))
    assert (cpu.vendor, cpu.family, cpu.model, cpu.stepping) == ("GenuineIntel", 6, 94, 3)
    assert (cpu.sockets, cpu.cores, cpu.threads) == (1, 4, 8)
    assert (cpu.base_mhz, cpu.max_mhz, cpu.l2_bytes) == (3400, 4000, 1 << 20)
    assert (cpu.is_64_bit, cpu.has_virtualisation, cpu.architecture) == (True, True, "x86_64")
    assert cpu.flags == tuple(sorted(FLAGS.split()))


@pytest.mark.parametrize("trimmed", [False, True])
def test_flags_wrapped_for_a_terminal_are_joined(trimmed: bool) -> None:
    """lscpu cuts in the middle of "constant_tsc", or at a blank that is then lost at the end of the line."""
    head = "    Flags:                "
    width = 60 - len(head)
    text = FLAGS + " constant_tsc ssse3 sse4_1 sse4_2"
    pieces = [text[at : at + width] for at in range(0, len(text), width)]
    lines = [head + pieces[0], *(" " * len(head) + piece for piece in pieces[1:])]
    if trimmed:
        lines = [line.rstrip() for line in lines]
    cpu = read("Architecture:             x86_64\nVendor ID:                GenuineIntel\n" + "\n".join(lines) + "\n"
               "Virtualization features:\n  Virtualization:         VT-x\n")  # fmt: skip
    assert cpu.flags == tuple(sorted(text.split()))
    assert cpu.has_virtualisation is True


def test_one_old_cache_is_not_the_sum() -> None:
    """Before 2.34 "256K" is one of several L2; how many share one is unknown, so only a lone core's is sure."""
    text = "Architecture: x86_64\nVendor ID: GenuineIntel\nCore(s) per socket: {}\nSocket(s): 1\nL1d cache: 32K\n"
    several, alone = (read(text.format(cores) + "L2 cache: 256K\nL3 cache: 6144K\n") for cores in (4, 1))
    assert (several.l1d_bytes, several.l2_bytes, several.l3_bytes) == (4 * 32768, None, None)
    assert (alone.l1d_bytes, alone.l2_bytes, alone.l3_bytes) == (32768, 262144, 6291456)
    new = read("Architecture: x86_64\nL2 cache: 1.5 MiB\nL1d cache: 128 KiB (4 instances)\nL1i cache: unknown size\n")
    assert (new.l1d_bytes, new.l1i_bytes, new.l2_bytes) == (131072, None, 3 << 19)


def test_32_bit_system_on_64_bit_processor() -> None:
    told = "Architecture: i686\nCPU op-mode(s): {}\nVendor ID: GenuineIntel\nCPU family: 6\nModel: 23\n"
    assert derived(read(told.format("32-bit, 64-bit"))).architecture == "x86_64"
    assert read(told.format("32-bit, 64-bit")).is_64_bit is True
    assert read(told.format("32-bit")).is_64_bit is False
    # Very old versions have no such line, and no flags: then nothing is known.
    assert read("Architecture: i686\nVendor ID: GenuineIntel\n").is_64_bit is None


def test_bsd() -> None:
    cpu = derived(
        read(
            "Architecture:            amd64\nTotal CPU(s):            4\nThread(s) per core:      1\n"
            "Core(s) per socket:      4\nSocket(s):               1\nVendor:                  GenuineIntel\n"
            "CPU family:              6\nModel:                   158\nStepping:                9\n"
            f"Flags:                   {FLAGS.replace('pni', 'sse3')} cflsh htt sse4_1 sse4_2 ssse3 cx16 popcnt lahf_lm"
        )
    )
    assert (cpu.vendor, cpu.threads, cpu.cores, cpu.x86_64_level) == ("GenuineIntel", 4, 4, 2)
    assert cpu.windows_11 == "borderline"


def test_bsd_counts_zen_threads_as_cores() -> None:
    cpu = read("Architecture: amd64\nTotal CPU(s): 4\nThread(s) per core: 1\nCore(s) per socket: 4\nSocket(s): 1\n"
               "Vendor: AuthenticAMD\nCPU family: 23\nModel: 24\n")  # fmt: skip
    assert (cpu.sockets, cpu.cores, cpu.threads) == (1, None, 4)


def test_two_kinds_of_arm_core() -> None:
    cpu = read(
        "Architecture: aarch64\nCPU(s): 8\nModel name: Cortex-A55\nModel: 0\nThread(s) per core: 1\n"
        "Core(s) per socket: 6\nSocket(s): 1\nModel name: Cortex-A76\nThread(s) per core: 1\nCore(s) per socket: 2\n"
        "Socket(s): 1\nStepping: r2p0\n"
    )
    assert (cpu.cores, cpu.threads, cpu.model_name) == (8, 8, "Cortex-A55 + Cortex-A76")
    clustered = read("Architecture: aarch64\nCPU(s): 8\nCore(s) per cluster: 4\nSocket(s): -\nCluster(s): 2\n")
    assert (clustered.sockets, clustered.cores, clustered.model_name) == (None, 8, None)


@pytest.mark.parametrize("text", ["", "lscpu: command not found\n", "bash: lscpu: not found", "{}"])
def test_no_lscpu_text(text: str) -> None:
    assert parse_lscpu(text) is None


@given(st.lists(st.sampled_from([*LANGUAGES["fr"], *LANGUAGES["en"], "  x", "1 MiB", "99999999999999999999", "-"])))
@settings(max_examples=80)
def test_any_mixture_gives_facts_or_nothing(parts: list[str]) -> None:
    for joint in (" ", "\n", "\n        "):
        cpu = parse_lscpu(joint.join(parts))
        assert cpu is None or isinstance(derived(cpu), Cpu)


@over_corpus("lscpu-text")
def test_corpus(path: Path) -> None:
    """The file's own name tells family, model and stepping for x86: "…__6-60-3__…"."""
    cpu = derived(read(path.read_text("utf-8", "replace")))
    assert cpu.threads and cpu.architecture
    signature = path.name.split("__")[-2].split("-")
    if cpu.family is not None and all(part.isdigit() for part in signature):
        assert [str(cpu.family), str(cpu.model), str(cpu.stepping)] == signature
    if cpu.cores is not None:
        assert 1 <= cpu.cores <= cpu.threads
