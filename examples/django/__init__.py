"""Django on ASGI."""
