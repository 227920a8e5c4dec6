"""Rebond: inspect a donated PC, judge it, erase its disks with proof, sign and deliver the record."""

__version__ = "0.2.0"
