"""A site inside another."""
