"""A small client of Easel's app-server, which the other files of this folder use. It needs only the standard library.

Whatever goes wrong raises an exception, so an example that fails ends with its message and a non-zero exit code.
"""
import collections
import itertools
import json
import os
import socket
import subprocess


class EaselError(Exception):
    """A request, a turn or an image failed, or the server closed the connection."""


class Client:
    """One connection. It waits for one response at a time and keeps the events that arrive before it."""

    def __init__(self, reader, writer, process=None):
        self.reader, self.writer, self.process = reader, writer, process
        self.ids = itertools.count(1)
        self.events = collections.deque()
        self.request("initialize", clientInfo={"name": "cookbook", "version": "1.0.0"})

    @classmethod
    def spawn(cls, easel):
        """Spawns a server that only this client uses. Its log goes to our stderr."""
        command = [easel, "app-server", "--enable", "imagegenext"]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        return cls(process.stdout, process.stdin, process)

    @classmethod
    def connect(cls, path):
        """Connects to a server that listens on a Unix socket."""
        connection = socket.socket(socket.AF_UNIX)
        connection.connect(path)
        return cls(connection.makefile("rb"), connection.makefile("wb"))

    def request(self, method, **params):
        """Sends a request and returns its result."""
        request_id = next(self.ids)
        try:
            self.writer.write(json.dumps({"id": request_id, "method": method, "params": params}).encode() + b"\n")
            self.writer.flush()
        except BrokenPipeError:
            raise EaselError("the server closed the connection") from None
        while True:
            message = self.read()
            if "method" in message:
                self.events.append(message)
            elif "error" in message:
                error = message["error"]
                raise EaselError(f"{method}: {error['message']} ({error['code']})")
            elif message["id"] == request_id:
                return message["result"]

    def next_event(self):
        """Returns the next notification: its method and its params."""
        event = self.events.popleft() if self.events else self.read()
        return event["method"], event["params"]

    def read(self):
        line = self.reader.readline()
        if not line:
            raise EaselError("the server closed the connection")
        return json.loads(line)

    def start_turn(self, thread_id, *parts):
        """Sends a user message, in parts, and returns the id of the turn that answers it."""
        return self.request("turn/start", threadId=thread_id, input=list(parts))["turn"]["id"]

    def finish_turn(self, thread_id, turn_id, on_event=lambda method, params: None):
        """Waits until the turn ends, and returns the records of its images. A failure raises an error."""
        images, problems = [], []
        while True:
            method, params = self.next_event()
            if params.get("threadId") != thread_id:
                continue
            on_event(method, params)
            if method == "item/completed" and params["item"]["type"] == "imageGeneration":
                images += params["item"]["images"]
                if params["item"]["error"]:
                    problems.append(params["item"]["error"]["message"])
            elif method == "turn/completed" and params["turn"]["id"] == turn_id:
                status, error = params["turn"]["status"], params["turn"]["error"]
                if status != "completed":
                    problems.append(error["message"] if error else f"the turn is {status}")
                if problems:
                    raise EaselError("; ".join(problems))
                if not images:
                    raise EaselError("the model answered without an image")
                return images

    def close(self):
        """Ends the connection. A server that this client spawned ends with its input."""
        self.writer.close()
        if self.process and self.process.wait() != 0:
            raise EaselError(f"the server ended with exit code {self.process.returncode}")


def text(prompt):
    """A part of a user message: text."""
    return {"type": "text", "text": prompt}


def local_image(path):
    """A part of a user message: an image file. Easel copies it, and accepts only absolute paths."""
    return {"type": "localImage", "path": os.path.abspath(path)}
