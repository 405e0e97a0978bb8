"""Audit of data sets: wrong labels, copies, exchanged sides and other heights.

Unlike `himpc.learning`, this package reads the labels of people, because it checks them. Nothing that it estimates from
them is kept.
"""

from himpc.auditing.checks import audit
from himpc.auditing.findings import KINDS, LEVELS, AuditResult, Finding, Kind, LabelProposal, Level

__all__ = ["KINDS", "LEVELS", "AuditResult", "Finding", "Kind", "LabelProposal", "Level", "audit"]
