"""Pages: leads, lists and imports, a file each."""
