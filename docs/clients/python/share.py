"""Draws in one client and watches from another: python3 share.py EASEL SOCKET PROMPT

Both are connected to one server, over the Unix socket at the path SOCKET.
"""
import subprocess
import sys

from easel_client import Client, EaselError, text

easel, path, prompt = sys.argv[1:]
command = [easel, "app-server", "--enable", "imagegenext", "--listen", f"unix://{path}"]
server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
try:
    # The server prints its address when it accepts connections.
    if not any("listening on" in line for line in server.stderr):
        raise EaselError("the server does not listen")
    artist, viewer = Client.connect(path), Client.connect(path)
    thread = artist.request("thread/start")["thread"]["id"]
    viewer.request("thread/resume", threadId=thread)
    turn = artist.start_turn(thread, text(prompt))
    for name, client in [("artist", artist), ("viewer", viewer)]:
        for image in client.finish_turn(thread, turn):
            print(name, image["path"])
        client.close()
finally:
    server.terminate()
    server.wait()
