# Spawns Easel through the Codex SDK (pip install openai-codex), draws one image and prints its path:
# python draw.py EASEL PROMPT
import sys

from openai_codex import Codex, CodexConfig

easel, prompt = sys.argv[1:]
with Codex(CodexConfig(codex_bin=easel, config_overrides=("features.imagegenext=true",))) as codex:
    result = codex.thread_start().run(prompt)
    for item in result.items:
        if item.root.type == "imageGeneration":
            print(item.root.saved_path.root)
