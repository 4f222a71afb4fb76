"""Sequences: steps and variants, audience, rendering, the send engine, statistics."""
