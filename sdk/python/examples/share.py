"""Draws in one client and watches from another: python share.py SOCKET PROMPT.

`easel app-server --enable imagegenext --listen unix://SOCKET` serves both.
"""

import sys

from easel_sdk import Easel
from easel_sdk.types import ImageGenerationThreadItem, ItemCompletedEvent, TurnCompletedEvent

socket, prompt = sys.argv[1:]
with Easel(socket=socket) as artist, Easel(socket=socket) as viewer:
    thread = artist.start_thread()
    events = viewer.resume_thread(thread.id).events()
    for image in thread.run(prompt).images:
        print("artist", image.path)
    for event in events:
        if isinstance(event, ItemCompletedEvent) and isinstance(event.params.item, ImageGenerationThreadItem):
            print("viewer", event.params.item.saved_path)
        elif isinstance(event, TurnCompletedEvent):
            break
