"""SAS and other SCSI disks: INQUIRY, capacity, SANITIZE, FORMAT UNIT. `transport` is the one way out.

Sources: SPC-5 (INCITS 502) and SBC-4 (INCITS 506) for the commands, sg3_utils' sources for what disks do. What is known
of an erase comes from REQUEST SENSE and TEST UNIT READY together, never from the GOOD of the command that began it.
"""
