"""What one inventory is started with. Plain values; nothing is read or created here."""

from pathlib import Path

import msgspec

MIB = 1 << 20
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """One inventory: where it keeps things, for whom, and how much it accepts at once."""

    folder: Path  # holds the log's private key and, unless `database_url` says otherwise, the database
    database_url: str | None = None  # SQLAlchemy URL; None: SQLite in `folder`
    tenant: str = "local"
    hosts: tuple[str, ...] = LOOPBACK  # names a browser may call us by (DNS rebinding)
    address: str = "127.0.0.1"
    port: int = 8642
    is_encrypted: bool = False  # HTTPS with the folder's own certificate
    upload_limit_bytes: int = 2 * MIB
    upload_timeout_s: int = 30
    pending_bytes: int = 64 * MIB  # bodies held at once; beyond it: 503
    pending_records: int = 2048  # records waiting for a commit; beyond it: 503
    batch_records: int = 256  # records in one transaction
    quota_per_minute: int = 6000  # records of one station; beyond it: 429
    quarantine_limit_bytes: int = 256 * MIB  # what is refused is kept up to here, then only counted

    @property
    def url(self) -> str:
        return self.database_url or f"sqlite:///{self.folder / 'inventory.sqlite3'}"
