"""People and organisations: sign-up, tokens, membership and roles, audit trail, data rights."""
