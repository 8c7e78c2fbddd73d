"""Draws an image, and gets its bytes and a preview over the connection: python read_bytes.py PROMPT OUTPUT COPY.

The server writes the file COPY, and this program the file OUTPUT.
"""

import sys

from easel_sdk import Easel

prompt, output, copy = sys.argv[1:]
with Easel() as easel:
    for image in easel.start_thread().run(prompt).images:
        content = image.bytes()
        with open(output, "xb") as file:
            file.write(content)
        preview = image.preview(max_edge=256)
        print(f"{len(content)} bytes of {image.media_type}; preview {preview.width}x{preview.height}")
        print(image.export(copy))
