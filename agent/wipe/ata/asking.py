"""IDENTIFY DEVICE, asked and believed or not: every decision of this package starts from it."""

from agent.wipe.ata import commands
from agent.wipe.ata.identify import Identity, NotIdentified, read_identity
from agent.wipe.ata.transport import Reply, SgAta


def ask_identity(transport: SgAta) -> tuple[Identity, Reply]:
    """IDENTIFY, believed when the registers came back well, or its checksum holds, or the kernel says GOOD without.

    The Reply is that of the question with registers: where they are lost, no erase of the disk's own can be followed.
    NotIdentified when nothing vouches for the data.
    """
    reply = transport.issue(commands.IDENTIFY)
    if not reply.is_ok and reply.registers is not None:
        raise NotIdentified(f"IDENTIFY DEVICE: {reply.said}")
    if reply.is_ok or len(reply.data) == commands.SECTOR:
        identity = read_identity(reply.data)
        if reply.is_ok or identity.has_checksum:
            return identity, reply
    plain = transport.issue(commands.IDENTIFY_PLAIN)
    if not plain.is_ok:
        raise NotIdentified(f"IDENTIFY DEVICE: neither registers nor a checksum vouch for the data, and {plain.said}")
    return read_identity(plain.data), reply
