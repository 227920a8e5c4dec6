"""Wiping many disks in one session: what was asked (`session`), the plan shown (`showing`), the operator's hand
(`roll`, led through a keyboard by `arming`), the record of it all (`noting`), and the running of it (`carrying`, by the
`wishes` of people), also after a power cut (`resuming`). Nothing here needs a terminal or the main thread.
"""
