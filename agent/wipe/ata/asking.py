"""IDENTIFY DEVICE, asked and believed or not: every decision of this package starts from it."""

from agent.wipe.ata import commands
from agent.wipe.ata.identify import Identity, NotIdentified, read_identity
from agent.wipe.ata.transport import Reply, SgAta


def ask_identity(transport: SgAta) -> tuple[Identity, Reply]:
    """IDENTIFY, believed when its checksum holds, or else when the registers came back well. NotIdentified."""
    reply = transport.issue(commands.IDENTIFY)
    if not reply.is_ok and (reply.registers is not None or len(reply.data) < commands.SECTOR):
        raise NotIdentified(f"IDENTIFY DEVICE: {reply.said}")
    identity = read_identity(reply.data)
    if not reply.is_ok and not identity.has_checksum:
        raise NotIdentified("IDENTIFY DEVICE: neither registers nor a checksum vouch for the data")
    return identity, reply
