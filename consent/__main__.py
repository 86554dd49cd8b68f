"""`python -m consent` is the command `consent`."""

from .cli import main

raise SystemExit(main())
