"""Erase disks with proof. The one part of Rebond that can destroy; nothing above it may open a disk for writing.

claim (target) → plan (choose) → journal → hidden area → markers → erase → read back → outcome. Read `steps` first: the
engine is a pure function from what the journal says to what must be done next.
"""
