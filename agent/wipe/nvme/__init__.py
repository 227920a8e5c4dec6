"""NVMe: Sanitize and Format by admin commands of our own on one open descriptor; no tool's word is taken.

The bits used were read in the NVM Express Base Specification 2.1 and in libnvme's headers (nvme-cli, 2026): SANICAP
VERS is bit 3 (libnvme had it at 4 until its issue 3731) and SPRRS bit 5, Sanitize CDW10 EMVS is bit 10 and PREQ bit 11,
the sanitize log's PRGD is SSTAT bit 11 and its state (SSI) byte 36.
"""
