"""Draws an image and prints its path: python draw.py PROMPT."""

import sys

from easel_sdk import Easel

(prompt,) = sys.argv[1:]
with Easel() as easel:
    thread = easel.start_thread()
    for image in thread.run(prompt).images:
        print(image.path)
