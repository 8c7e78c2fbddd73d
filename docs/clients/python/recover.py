"""Kills the server in the middle of an image, and finds the turn again in a new one: python3 recover.py EASEL PROMPT

The preview provider is too fast to be interrupted; the README says how to make it slow.
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
        break
client.process.kill()
try:
    client.finish_turn(thread, turn)
except EaselError as error:
    print(error)
else:
    sys.exit("the turn ended before the server was killed")

# Everything that was confirmed is stored. A new server closes what the old one left open.
client = Client.spawn(easel)
resumed = client.request("thread/resume", threadId=thread)["thread"]
last = resumed["turns"][-1]
print(f"turn: {last['status']}")
for item in last["items"]:
    if item["type"] == "imageGeneration":
        print(f"image: {item['status']}, billed: {item['error']['billed']}")
        print(item["error"]["message"])
client.close()
