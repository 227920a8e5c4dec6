"""The live view of a wipe session: what the disks are at (`rows`), the operator's keys (`keys`), a terminal (`live`),
a dumb one or a pipe (`plain`), and the closing sheet (`closing`). It shows and passes orders on; it decides nothing.
"""
