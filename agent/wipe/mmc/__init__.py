"""Soldered eMMC chips: EXT_CSD, ERASE, SANITIZE, secure erase. SD cards have none of it. `transport` is the way out.

Sources: JESD84-B51 as Linux and mmc-utils use it, and Linux itself: include/uapi/linux/mmc/ioctl.h and
drivers/mmc/core/block.c for what the kernel does with a command before and after it sends it.
"""
