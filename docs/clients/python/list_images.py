"""Lists the images of all threads, newest first: python3 list_images.py EASEL"""
import sys

from easel_client import Client

(easel,) = sys.argv[1:]
client = Client.spawn(easel)
cursor = None
while True:
    page = client.request("image/list", cursor=cursor, limit=50)
    for entry in page["data"]:
        # Item ids are unique only in their thread, so a key needs both. The handle `id` of an image is unique.
        key = (entry["threadId"], entry["itemId"])
        print(entry["image"]["id"], *key, entry["image"]["path"])
    cursor = page["nextCursor"]
    if cursor is None:
        break
client.close()
