"""What is printed of a record. A view only: the signed record is what counts."""

from agent.report.certificate import certificate

__all__ = ["certificate"]
