"""Edits a local image and prints the path of the result: python3 edit.py EASEL IMAGE PROMPT

A later turn of the same thread can edit the result without naming it: "now make it blue".
"""
import sys

from easel_client import Client, local_image, text

easel, source, prompt = sys.argv[1:]
client = Client.spawn(easel)
thread = client.request("thread/start")["thread"]["id"]
turn = client.start_turn(thread, text(prompt), local_image(source))
for image in client.finish_turn(thread, turn):
    print(f"{image['path']} made from {len(image['inputs'])} image")
client.close()
