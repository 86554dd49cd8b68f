"""`{prefix}/checkpoint`: the size and root of the log now, signed, for whoever keeps it (R40)."""

from __future__ import annotations

from anyio import to_thread
from starlette.responses import PlainTextResponse, Response

from ..errors import LogError
from .assets import unavailable
from .runtime import Runtime

EVERY = 60
"""Seconds that one checkpoint is given out for."""


async def checkpoint(runtime: Runtime) -> Response:
    """Give a checkpoint that is not older than a minute.

    503 while the log is down, or does not continue the checkpoint that was published last.
    """
    now = runtime.clock()
    made, note = runtime.checkpoint
    if not made <= now < made + EVERY:
        try:
            note = await to_thread.run_sync(_signed, runtime)
        except LogError:
            return unavailable()
        runtime.checkpoint = now, note
    return PlainTextResponse(note, headers={"cache-control": f"public, max-age={EVERY}"})


def _signed(runtime: Runtime) -> str:
    from ..log.publishing import vouched

    settings = runtime.settings
    _, note = vouched(runtime.log, settings.checkpoint_keys, settings.checkpoints.file)
    return note
