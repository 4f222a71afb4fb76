"""Words: what people type, as PostgreSQL can hold it, and what is said to them."""


def clean(text: str) -> str:
    """Without NUL, which PostgreSQL has no place for (manual 8.3)."""
    return text.replace("\0", "")


def counted(count: int, noun: str) -> str:
    """`1 lead`, `2,000 leads`."""
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
