"""Lists the images of all threads, the newest first, and what they cost: python list_images.py."""

from easel_sdk import Easel

with Easel() as easel:
    for stored in easel.images():
        # Item ids are unique only in their thread. The handle `id` of an image is unique.
        print(stored.image.id, stored.thread_id, stored.item_id, stored.image.path)
    totals = easel.usage().totals
    cost = "unknown" if totals.estimated_cost_usd is None else totals.estimated_cost_usd
    print(f"{totals.images} images, estimated cost: {cost}")
