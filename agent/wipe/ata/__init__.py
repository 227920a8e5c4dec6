"""ATA disks: IDENTIFY, hidden areas, SANITIZE, SECURITY ERASE. Read `family` first; `transport` is the one way out.

Sources: ACS-4 (INCITS 529) for the commands, SAT-4 (INCITS 491) for how a SCSI ioctl carries them, hdparm's and
libata's sources for what devices do. Every success comes from the disk's own status registers, never from an exit code.
"""
