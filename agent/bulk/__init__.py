"""Wiping many disks in one session: what was asked (`session`), the operator's hand (`arming`), the record of it all
(`noting`), and the running of it (`carrying`), also after a power cut (`resuming`).
"""
