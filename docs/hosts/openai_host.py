"""A host with its own model loop, whose model draws with Easel. Needs nothing but Python.

OPENAI_API_KEY=... python3 openai_host.py EASEL "draw a cat, then make it green"
"""
import json, os, subprocess, sys, urllib.request

easel = subprocess.Popen([sys.argv[1], "app-server", "--enable", "imagegenext"],
                         stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8")
last_id = 0

def request(method, params):
    global last_id
    last_id += 1
    print(json.dumps({"id": last_id, "method": method, "params": params}), file=easel.stdin, flush=True)
    for line in easel.stdout:  # Lines without this id are events, such as the progress of an image.
        message = json.loads(line)
        if message.get("id") == last_id:
            return message["result"] if "result" in message else sys.exit(message["error"]["message"])

def ask_model(conversation, tools):
    url = os.environ.get("OPENAI_BASE_URL", "https://api.openai.com/v1") + "/responses"
    headers = {"authorization": "Bearer " + os.environ["OPENAI_API_KEY"], "content-type": "application/json"}
    body = json.dumps({"model": "gpt-5.5", "input": conversation, "tools": tools}).encode()
    return json.load(urllib.request.urlopen(urllib.request.Request(url, body, headers)))["output"]

request("initialize", {"clientInfo": {"name": "host", "version": "1.0.0"}})
thread_id = request("thread/start", {})["thread"]["id"]
tools = [tool["entry"] for tool in request("tool/list", {"threadId": thread_id})["data"] if tool["offered"]]
conversation = [{"role": "user", "content": sys.argv[2]}]
while True:
    output = ask_model(conversation, tools)
    conversation += output
    calls = [item for item in output if item["type"] == "function_call"]
    for call in calls:
        answer = request("tool/call", {"threadId": thread_id, "callId": call["call_id"], "tool": call["name"],
                                       "namespace": call.get("namespace"), "arguments": call["arguments"]})
        conversation.append(answer["result"])  # As it is: a function_call_output with the picture and a text.
    if not calls:
        break
print(*[part["text"] for item in output if item["type"] == "message" for part in item["content"]])
easel.stdin.close()
