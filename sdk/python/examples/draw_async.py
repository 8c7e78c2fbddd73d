"""Draws several images at once and prints their paths: python draw_async.py PROMPT..."""

import asyncio
import sys

from easel_sdk import AsyncEasel, AsyncImage


async def draw(easel: AsyncEasel, prompt: str) -> list[AsyncImage]:
    thread = await easel.start_thread()
    return (await thread.run(prompt)).images


async def main() -> None:
    async with AsyncEasel() as easel:
        for images in await asyncio.gather(*(draw(easel, prompt) for prompt in sys.argv[1:])):
            for image in images:
                print(image.path)


asyncio.run(main())
