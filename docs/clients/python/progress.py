"""Prints the progress of an image, with up to three previews: python3 progress.py EASEL PROMPT

OpenAI bills 100 output tokens for each preview.
"""
import sys

from easel_client import Client, text


def show(method, params):
    if method == "item/started" and params["item"]["type"] == "imageGeneration":
        print("started", flush=True)
    elif method == "item/imageGeneration/preview":
        # The file exists until the next preview arrives or the item ends, so show it at once or copy it.
        print("preview", params["index"], params["path"], flush=True)
    elif method == "item/agentMessage/delta":
        print(params["delta"], end="", flush=True)
    elif method == "turn/completed":
        print()


easel, prompt = sys.argv[1:]
client = Client.spawn(easel)
thread = client.request("thread/start", config={"images.partial_images": 3})["thread"]["id"]
turn = client.start_turn(thread, text(prompt))
for image in client.finish_turn(thread, turn, show):
    print("completed", image["path"])
client.close()
