"""Edits a local image, then the result, and prints both paths: python edit.py IMAGE PROMPT PROMPT."""

import sys
from pathlib import Path

from easel_sdk import Easel

source, first, second = sys.argv[1:]
with Easel() as easel:
    thread = easel.start_thread()
    edit = thread.run([first, Path(source)])
    for image in edit.images:
        print(f"{image.path} made from {len(image.record.inputs)} image")
    # The thread remembers the result. Pass an image to edit another one, such as one of another thread.
    for image in thread.run([second, *edit.images]).images:
        print(f"{image.path} made from {len(image.record.inputs)} image")
