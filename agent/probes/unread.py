"""Files of a capture that are known and that nothing reads yet: told, so that nobody believes they were looked at."""

from agent.host import Host
from agent.probes import Findings


def probe(host: Host) -> Findings:
    findings = Findings()
    for output in host.outputs("unread"):
        findings.missed("", output.source, "failed", f"{output.argv[0]}: known, but not read by this version")
    return findings
