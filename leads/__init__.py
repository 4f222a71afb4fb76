"""Contacts: import, lists, tags, segments, suppression, a recipient's own data page."""
