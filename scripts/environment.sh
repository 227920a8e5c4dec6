# Sourced by the other scripts: makes .venv and installs this checkout into it, once per change of pyproject.toml.
# Usage: . scripts/environment.sh; environment EXTRA
# Says plainly what it could not do, and what to do about it.

here=$(CDPATH= cd -- "$(dirname -- "$0")" && while [ ! -f pyproject.toml ] && [ "$PWD" != / ]; do cd ..; done && pwd)

say() { printf '%s\n' "$*" >&2; }

# apt_get PACKAGE...: install what is missing, when we may. Never fatal: the caller decides.
apt_get() {
    command -v apt-get >/dev/null 2>&1 || return 1
    [ "$(id -u)" = 0 ] || return 1
    say "rebond: apt-get install $*"
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1 && return 0
    apt-get update -qq >/dev/null 2>&1 || return 1
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null 2>&1
}

environment() {
    extra=$1
    python=${PYTHON:-python3}
    if ! command -v "$python" >/dev/null 2>&1; then
        say "rebond: Python 3.11 ou plus récent est nécessaire. / Python 3.11 or newer is needed: apt install python3"
        exit 1
    fi
    if ! "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))'; then
        say "rebond: $($python --version) est trop ancien, il faut 3.11. / is too old, 3.11 is needed."
        exit 1
    fi
    stamp=$here/.venv/.rebond-$extra
    wanted="$(cksum <"$here/pyproject.toml") $("$python" --version)"
    if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ]; then
        return 0
    fi
    if [ ! -x "$here/.venv/bin/python" ] || ! "$here/.venv/bin/python" -m pip --version >/dev/null 2>&1; then
        say "rebond: première installation, une à deux minutes… / first installation, a minute or two…"
        # Debian keeps the part of venv that brings pip in a package of its own.
        "$python" -c 'import ensurepip' 2>/dev/null || apt_get python3-venv || {
            say "rebond: il manque python3-venv. Lancez : sudo apt install python3-venv"
            say "rebond: python3-venv is missing. Run: sudo apt install python3-venv"
            exit 1
        }
        rm -rf "$here/.venv"
        "$python" -m venv "$here/.venv" || exit 1
    fi
    if ! log=$("$here/.venv/bin/python" -m pip install -q --disable-pip-version-check -e "$here[$extra]" 2>&1); then
        say "$log"
        say "rebond: l'installation a échoué. Le réseau marche-t-il ? / the installation failed. Is there a network?"
        exit 1
    fi
    # Byte-code now: started from a read-only stick, Python would compile every module every time.
    env -u PYTHONDONTWRITEBYTECODE "$here/.venv/bin/python" -m compileall -q "$here/agent" || true
    printf '%s' "$wanted" >"$stamp"
}
