"""Contacts, their lists, imports, suppression, segments and bulk actions."""

from leads.models.bulk import BulkAction, BulkState, BulkTarget
from leads.models.imports import Import, ImportedLead, ImportState, RejectedRow, RememberedMapping
from leads.models.lead import NAME_SORTED, NAMELESS, FormerAddress, Lead
from leads.models.lists import LeadList, ListEntry
from leads.models.notes import Note
from leads.models.segments import CustomField, FieldKind, Segment
from leads.models.suppression import Suppression, SuppressionFile, SuppressionReason

__all__ = [
    "NAMELESS",
    "NAME_SORTED",
    "BulkAction",
    "BulkState",
    "BulkTarget",
    "CustomField",
    "FieldKind",
    "FormerAddress",
    "Import",
    "ImportState",
    "ImportedLead",
    "Lead",
    "LeadList",
    "ListEntry",
    "Note",
    "RejectedRow",
    "RememberedMapping",
    "Segment",
    "Suppression",
    "SuppressionFile",
    "SuppressionReason",
]
