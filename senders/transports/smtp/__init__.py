"""SMTP with STARTTLS or TLS and AUTH, over one kept-open connection (RFC 5321, 3207, 4954)."""
