"""All types of the protocol: events, items, records, params and results."""

from easel_sdk.generated.protocol import *  # noqa: F403
