"""Litestar."""
