"""A fictitious web shop: its notice has a version in force, one to come and one superseded."""
