"""Draws an image and prints the path of its file: python3 draw.py EASEL PROMPT"""
import sys

from easel_client import Client, text

easel, prompt = sys.argv[1:]
client = Client.spawn(easel)
thread = client.request("thread/start")["thread"]["id"]
turn = client.start_turn(thread, text(prompt))
for image in client.finish_turn(thread, turn):
    print(image["path"])
client.close()
