"""The development mail catcher: an SMTP server that keeps what it receives, and the pages that show it."""
