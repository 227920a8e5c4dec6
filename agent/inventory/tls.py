"""The certificate of an inventory on a bench: made once in its folder, signed by nobody else, believed by its pin.

It is never made anew by itself: every station that knows its pin would have to be told again.
"""

import ipaddress
import os
import secrets
import stat
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from agent.durable import write_new
from agent.errors import StorageError
from agent.keys.pin import pin_of

_FILE = "tls.pem"  # key and certificate together: whole, or not there
_LIFE = timedelta(days=3650)


class Certificate(msgspec.Struct, frozen=True, kw_only=True):
    path: Path  # PEM, readable by its owner only
    pin: str


def open_certificate(folder: Path, names: Sequence[str], now: datetime | None = None) -> Certificate:
    """The certificate of this folder, made for these names at its first use; StorageError when it is damaged."""
    path = folder / _FILE
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_new(path, _make(names, now or datetime.now(UTC)), mode=0o600)
    return read_certificate(folder)


def read_certificate(folder: Path) -> Certificate:
    """The certificate that was made here; StorageError where there is none yet."""
    path = folder / _FILE
    try:
        with path.open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            pem = file.read(1 << 16)
        certificate = x509.load_pem_x509_certificate(pem)
        serialization.load_pem_private_key(pem, None)
    except FileNotFoundError as error:
        raise StorageError(
            fr=f"Cet inventaire n'a pas encore de certificat ({path}). Il en fait un avec : rebond serve --tls",
            en=f"This inventory has no certificate yet ({path}). It makes one with: rebond serve --tls",
        ) from error
    except (OSError, ValueError) as error:
        raise StorageError(
            fr=f"Le certificat {path} est illisible. Remettez le fichier sauvegardé. Sans lui, supprimez-le : "
            "chaque station devra alors apprendre une nouvelle épingle.",
            en=f"The certificate {path} cannot be read. Put the saved file back. Without it, delete the file: "
            "every station must then be told a new pin.",
        ) from error
    if stat.S_IMODE(mode) & 0o077:
        raise StorageError(
            fr=f"D'autres utilisateurs peuvent lire {path}. Tapez : chmod 600 {path}",
            en=f"Other users can read {path}. Type: chmod 600 {path}",
        )
    return Certificate(path=path, pin=pin_of(certificate.public_bytes(serialization.Encoding.DER)))


def _make(names: Sequence[str], now: datetime) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    # Unlike any other, or a browser would take two benches for one: same issuer, same serial number.
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, f"Rebond {secrets.token_hex(4)}")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + _LIFE)
        .add_extension(x509.SubjectAlternativeName([_general(one) for one in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private + certificate.public_bytes(serialization.Encoding.PEM)


def _general(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name.strip("[]")))
    except ValueError:
        return x509.DNSName(name)
