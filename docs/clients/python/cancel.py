"""Starts an image and cancels it at once: python3 cancel.py EASEL PROMPT

The preview provider is too fast to be cancelled; the README says how to make it slow.
"""
import sys

from easel_client import Client, EaselError, text

easel, prompt = sys.argv[1:]
client = Client.spawn(easel)
thread = client.request("thread/start")["thread"]["id"]
turn = client.start_turn(thread, text(prompt))
while True:
    method, params = client.next_event()
    if method == "item/started" and params["item"]["type"] == "imageGeneration":
        client.request("turn/interrupt", threadId=thread, turnId=turn)
    elif method == "item/completed" and params["item"]["type"] == "imageGeneration":
        error = params["item"]["error"]
        if error is None:
            raise EaselError("the image was completed before it was cancelled")
        print(f"image: {params['item']['status']}, {error['kind']}, billed: {error['billed']}")
    elif method == "turn/completed":
        print(f"turn: {params['turn']['status']}")
        break
client.close()
