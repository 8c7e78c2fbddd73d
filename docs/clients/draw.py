# Spawns Easel through the Codex SDK (pip install openai-codex), draws one image and prints its path:
# python draw.py EASEL PROMPT
import sys

from openai_codex import Codex, CodexConfig

easel, prompt = sys.argv[1:]
with Codex(CodexConfig(codex_bin=easel, config_overrides=("features.imagegenext=true",))) as codex:
    # Raises an error if the turn fails.
    result = codex.thread_start().run(prompt)
    images = [item.root for item in result.items if item.root.type == "imageGeneration"]
    # The SDK does not know the item's `error`, but the model has read it.
    if not images or any(image.saved_path is None for image in images):
        sys.exit(f"no image was made: {result.final_response}")
    for image in images:
        print(image.saved_path.root)
