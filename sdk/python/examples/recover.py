"""Kills the server in the middle of an image, and goes on in a new one: python recover.py PROMPT.

The preview provider is too fast to be interrupted; the README of Easel says how to make it slow.
"""

import os
import signal
import sys

from easel_sdk import Easel, EaselExitedError
from easel_sdk.types import ImageGenerationThreadItem, ItemStartedEvent

(prompt,) = sys.argv[1:]
with Easel() as easel:
    thread = easel.start_thread()
    pid = easel.info().pid
    turn = thread.run_streamed(prompt)
    try:
        for event in turn:
            if isinstance(event, ItemStartedEvent) and isinstance(event.params.item, ImageGenerationThreadItem) and pid:
                os.kill(pid, signal.SIGKILL)
        sys.exit("the turn ended before the server was killed")
    except EaselExitedError as error:
        print(error)
    # This starts a new server, which has closed what the old one left open. Nothing is sent again by itself.
    for stored in thread.turns(newest_first=True):
        print(f"turn: {stored.status}")
        for item in stored.items:
            if isinstance(item, ImageGenerationThreadItem) and item.error:
                print(f"image: {item.status}, billed: {item.error.billed}")
