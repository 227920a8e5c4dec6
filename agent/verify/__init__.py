"""What a signed document proves, and what it does not, in plain words. Pure: bytes and trust in, sentences out."""

from agent.verify.findings import Explanation, Finding
from agent.verify.manifest import explain_document, explain_manifest
from agent.verify.sealed import explain_envelope

__all__ = ["Explanation", "Finding", "explain_document", "explain_envelope", "explain_manifest"]
