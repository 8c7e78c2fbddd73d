"""Starts an image, cancels it and says what may be billed: python cancel.py PROMPT.

The preview provider is too fast to be cancelled; the README of Easel says how to make it slow.
"""

import sys

from easel_sdk import Easel, TurnInterruptedError
from easel_sdk.types import ImageGenerationThreadItem, ItemStartedEvent

(prompt,) = sys.argv[1:]
with Easel() as easel:
    turn = easel.start_thread().run_streamed(prompt)
    for event in turn:
        if isinstance(event, ItemStartedEvent) and isinstance(event.params.item, ImageGenerationThreadItem):
            turn.interrupt()  # Any thread may do this.
    try:
        turn.result()
        print("the image was completed before it was cancelled")
    except TurnInterruptedError as error:
        print(f"cancelled, billed: {error.billed}, images to keep: {len(error.result.images)}")
