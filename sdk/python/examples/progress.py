"""Prints the progress of an image, with up to three previews: python progress.py PROMPT.

OpenAI bills 100 output tokens for each preview.
"""

import sys

from easel_sdk import Easel
from easel_sdk.types import (
    ImageGenerationThreadItem,
    ItemAgentMessageDeltaEvent,
    ItemImageGenerationPreviewEvent,
    ItemStartedEvent,
)

(prompt,) = sys.argv[1:]
with Easel() as easel:
    thread = easel.start_thread(config={"images.partial_images": 3})
    turn = thread.run_streamed(prompt)
    for event in turn:
        if isinstance(event, ItemStartedEvent) and isinstance(event.params.item, ImageGenerationThreadItem):
            print("started", flush=True)
        elif isinstance(event, ItemImageGenerationPreviewEvent):
            # The file exists until the next preview arrives or the item ends, so show it at once or copy it.
            print("preview", event.params.index, event.params.path, flush=True)
        elif isinstance(event, ItemAgentMessageDeltaEvent):
            print(event.params.delta, end="", flush=True)
    print()
    for image in turn.result().images:
        print("completed", image.path)
