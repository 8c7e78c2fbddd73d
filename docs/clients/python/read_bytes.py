"""Draws an image and reads its bytes over the connection: python3 read_bytes.py EASEL PROMPT OUTPUT

For clients that cannot read the file, such as one in a container. `image/export` copies a file on the server's side.
"""
import base64
import hashlib
import sys

from easel_client import Client, EaselError, text

easel, prompt, output = sys.argv[1:]
client = Client.spawn(easel)
thread = client.request("thread/start")["thread"]["id"]
image = client.finish_turn(thread, client.start_turn(thread, text(prompt)))[0]
offset, content = 0, b""
while offset is not None:
    # Up to 8,388,608 bytes at once. Without `length` it is 32,768.
    chunk = client.request("image/read", imageId=image["id"], offset=offset, length=1 << 20)["chunk"]
    content += base64.b64decode(chunk["data"])
    offset = chunk["nextOffset"]
if hashlib.sha256(content).hexdigest() != image["sha256"]:
    raise EaselError("the bytes are not those of the image")
with open(output, "xb") as file:
    file.write(content)
print(f"{len(content)} bytes, {image['mediaType']}")
client.close()
