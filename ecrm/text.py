"""What people type, as PostgreSQL can hold it."""


def clean(text: str) -> str:
    """Without NUL, which PostgreSQL has no place for (manual 8.3)."""
    return text.replace("\0", "")
